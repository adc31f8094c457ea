// Single keys for those who like them, a list under «?», and a switch that turns them off.

const dialog = document.getElementById("shortcuts");
const off = document.getElementById("shortcuts-off");
const KEPT = "shortcuts-off";

const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]") || Boolean(element.closest("dialog"));

function visit(step) {
  const links = [...document.querySelectorAll(".room-link")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  links[at + step]?.click();
}

const KEYS = {
  "?": () => dialog?.showModal(),
  "/": () => document.querySelector(".bar a[href$=search], #q")?.click(),
  c: () => document.getElementById("composer-body")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    event.preventDefault();
    return visit(event.key === "ArrowUp" ? -1 : 1);
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (localStorage.getItem(KEPT) && event.key !== "?") return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  } else {
    document.dispatchEvent(new CustomEvent("shortcut", { detail: event }));
  }
});

if (off) {
  off.checked = Boolean(localStorage.getItem(KEPT));
  off.addEventListener("change", () => (off.checked ? localStorage.setItem(KEPT, "1") : localStorage.removeItem(KEPT)));
}
