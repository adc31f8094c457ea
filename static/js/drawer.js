// On a narrow screen the rooms, and the people of a room, come in from the side.

const root = document.documentElement;
const side = document.getElementById("side");
const toggle = document.querySelector("[data-drawer=toggle]");
const aside = document.getElementById("here");
const asideToggle = document.querySelector("[data-aside]");

function setDrawer(open) {
  root.classList.toggle("drawer-open", open);
  toggle?.setAttribute("aria-expanded", String(open));
  if (open) side.querySelector("[aria-current], a")?.focus();
  else if (side.contains(document.activeElement)) toggle?.focus();
}

function setAside(open) {
  aside?.classList.toggle("is-open", open);
  asideToggle?.setAttribute("aria-expanded", String(open));
}

document.addEventListener("click", (event) => {
  const drawer = event.target.closest("[data-drawer]");
  if (drawer) setDrawer(drawer.dataset.drawer === "toggle" && !root.classList.contains("drawer-open"));
  if (event.target.closest("[data-aside]")) setAside(!aside.classList.contains("is-open"));
  else if (aside?.classList.contains("is-open") && !aside.contains(event.target)) setAside(false);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (root.classList.contains("drawer-open")) setDrawer(false);
  if (aside?.classList.contains("is-open")) {
    setAside(false);
    asideToggle?.focus();
  }
});
