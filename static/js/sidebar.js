// Unread counts beside the rooms, kept fresh while somebody looks.

import { ask } from "./http.js";

const EVERY = 20000;
const element = document.getElementById("side-rooms");
const here = element?.querySelector("[aria-current]")?.dataset.room ?? "";
let read = "";
let timer;

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await ask(`/sidebar?here=${encodeURIComponent(here)}`);
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.room : null;
    element.innerHTML = await response.text();
    if (read) clear(read);
    if (focused) element.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();
  } catch {
    // the counts stay as they were
  }
  timer = setTimeout(refresh, EVERY);
}

function clear(slug) {
  const link = element.querySelector(`[data-room="${CSS.escape(slug)}"]`);
  link?.classList.remove("has-unread");
  link?.querySelector(".count")?.setAttribute("hidden", "");
}

if (element) {
  timer = setTimeout(refresh, EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  addEventListener("room:read", ({ detail }) => {
    read = detail;
    clear(detail);
  });
}
