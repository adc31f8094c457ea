// The members beside the conversation: who is here now, and the list anew when somebody comes or goes.

import { ask, askJSON } from "./http.js";

const SOON = 300;

export class People {
  #here = new Set();
  #timer;

  constructor({ room, feed }) {
    this.room = room;
    this.feed = feed;
    this.panel = document.getElementById("here");
    feed.addEventListener("up", () => this.#look());
  }

  // Everybody who can be mentioned: for the menu.
  get all() {
    const rows = this.panel?.querySelectorAll(".person") ?? [];
    return [...rows].map(({ dataset: { username, name, kind } }) => ({ username, name, kind }));
  }

  hear({ type, data }) {
    if (type === "presence") return this.#change(data);
    if (type.startsWith("membership.") || type.startsWith("seat.") || type === "grant.changed") this.renew();
  }

  async #look() {
    try {
      const { users } = await this.feed.command("presence", {});
      this.#here = new Set(users);
    } catch {
      await this.#lookByRequest();
    }
    this.#draw();
  }

  async #lookByRequest() {
    try {
      const { results } = await askJSON(`/api/v1/rooms/${this.room.slug}/presence/`);
      this.#here = new Set(results);
    } catch {
      // shown as it was
    }
  }

  #change({ joined, left }) {
    joined.forEach((name) => this.#here.add(name));
    left.forEach((name) => this.#here.delete(name));
    this.#draw();
  }

  #draw() {
    if (!this.panel) return;
    let count = 0;
    for (const row of this.panel.querySelectorAll(".person")) {
      const isHere = this.#here.has(row.dataset.username);
      count += isHere;
      row.classList.toggle("is-here", isHere);
      row.title = isHere ? "Here now" : "";
    }
    const words = this.panel.querySelector("[data-here]");
    if (words) words.textContent = count ? `${count} here` : "";
  }

  renew() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#redraw(), SOON + Math.random() * SOON);
  }

  async #redraw() {
    if (!this.panel) return;
    try {
      const response = await ask(`/rooms/${this.room.slug}/people`);
      this.panel.innerHTML = await response.text();
      this.#draw();
    } catch {
      // the next page has them
    }
  }
}
