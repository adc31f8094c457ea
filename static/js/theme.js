// Light, dark, or as the system says. Kept in a cookie, so that the server draws the first paint right.

import { cookie } from "./http.js";

const NEXT = { "": "light", light: "dark", dark: "" };
const NAMES = { "": "as the system says", light: "light", dark: "dark" };
const root = document.documentElement;

function apply(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.title = `Theme: ${NAMES[theme]}`;
    button.setAttribute("aria-label", button.title);
  }
}

function keep(theme) {
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31536000 : 0}; samesite=lax`;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  const theme = NEXT[root.dataset.theme || ""];
  keep(theme);
  apply(theme);
});

apply(cookie("theme"));
