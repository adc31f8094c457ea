// Unread counts beside the rooms: live where a socket hears the other rooms too, looked up now and then in any case.

import { ask } from "./http.js";

const EVERY = 30000;
const WATCHED = 40;
const SPEAKS = ["message.posted", "message.started"];

const element = document.getElementById("side-rooms");
const here = element?.querySelector("[aria-current]")?.dataset.room ?? "";
let read = "";
let timer;

export function watchRooms(feed) {
  feed.addEventListener("up", () => feed.watch(others()));
  feed.addEventListener("elsewhere", ({ detail: frame }) => hear(frame));
  feed.addEventListener("frame", ({ detail: { type } }) => type === "room.changed" && refresh());
}

function others() {
  const slugs = [...element.querySelectorAll(".room-link")].map((link) => link.dataset.room);
  return slugs.filter((slug) => slug !== here).slice(0, WATCHED);
}

function hear({ type, room, data }) {
  if (type === "room.closed" || type === "room.changed") return refresh();
  if (!SPEAKS.includes(type) || data.message.author.username === element.dataset.me) return;
  const link = linkTo(room);
  if (!link) return;
  const number = link.querySelector(".number");
  const count = Number.parseInt(number.textContent || "0", 10) + 1;
  number.textContent = count > 99 ? "99+" : count;
  link.querySelector(".count").hidden = false;
  link.classList.add("has-unread");
}

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await ask(`/sidebar?here=${encodeURIComponent(here)}`);
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset.room : null;
    element.innerHTML = await response.text();
    if (read) clear(read);
    if (focused) linkTo(focused)?.focus();
  } catch {
    // the counts stay as they were
  }
  timer = setTimeout(refresh, EVERY);
}

function clear(slug) {
  const link = linkTo(slug);
  link?.classList.remove("has-unread");
  link?.querySelector(".count")?.setAttribute("hidden", "");
}

const linkTo = (slug) => element.querySelector(`[data-room="${CSS.escape(slug)}"]`);

if (element) {
  timer = setTimeout(refresh, EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  addEventListener("room:read", ({ detail }) => {
    read = detail;
    clear(detail);
  });
}
