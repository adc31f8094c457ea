// What keeps agents from answering just now, above the composer: drawn by the server, anew when it changes.

import { ask } from "./http.js";

const SWITCHES = new Set(["agents.paused", "agents.resumed", "agents.switched", "seat.added", "seat.changed", "seat.removed"]);
const SOON = 100; // several agents fail together, and everybody here is told at once
const SPREAD = 400;
const AGAIN = 30_000; // nothing tells that a model is back

export class AgentsNow {
  #timer;
  #failing = new Set();

  constructor({ room, feed }) {
    this.room = room;
    feed.addEventListener("up", () => this.#soon());
    this.#lookAgain();
  }

  // Where there are no agents, there is none.
  get element() {
    return document.getElementById("agents-now");
  }

  hear({ type, room, data }) {
    if (SWITCHES.has(type)) return this.#soon();
    if (type !== "status" || !room) return;
    const isFailing = data.status === "failing";
    if (isFailing === this.#failing.has(data.agent)) return;
    isFailing ? this.#failing.add(data.agent) : this.#failing.delete(data.agent);
    this.#soon();
  }

  #soon(delay = SOON + Math.random() * SPREAD) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(), delay);
  }

  async #draw() {
    if (!this.element) return;
    try {
      const response = await ask(`/rooms/${this.room.slug}/agents-now`);
      if (!response.redirected) this.#put(await response.text());
    } catch {
      // shown as it was
    }
    this.#lookAgain();
  }

  // Only what is new is put there, or a screen reader would say it again.
  #put(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const found = template.content.firstElementChild;
    if (!found || !this.element) return;
    this.element.toggleAttribute("data-again", found.hasAttribute("data-again"));
    if (found.innerHTML !== this.element.innerHTML) this.element.replaceChildren(...found.childNodes);
  }

  #lookAgain() {
    if (this.element?.hasAttribute("data-again")) this.#soon(AGAIN);
  }
}
