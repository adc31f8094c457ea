// A page about a message, shown over the room: its inside alone, as the server draws it.

import { ask } from "./http.js";
import { isRun, openRun } from "./run_panel.js";

export async function openSheet({ href, textContent, ariaLabel }) {
  if (isRun(href)) return openRun(href);
  const response = await ask(`${href}?piece`);
  if (response.redirected) return location.assign(href); // to sign in again
  const dialog = document.getElementById("sheet");
  dialog.setAttribute("aria-label", ariaLabel || textContent);
  dialog.querySelector("[data-sheet-body]").innerHTML = await response.text();
  if (!dialog.open) dialog.showModal();
}
