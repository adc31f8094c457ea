// What has been on the screen counts as read: at the end of the timeline, in a window that is looked at.

import { ask } from "./http.js";

const SOON = 700;

export class ReadMark {
  #timer;
  #unseen = 0;

  constructor({ room, feed, timeline }) {
    Object.assign(this, { room, feed, timeline });
    this.isMember = room.root.dataset.read !== "";
    this.seq = Number(room.root.dataset.read || 0);
    if (!this.isMember) return;
    timeline.addEventListener("arrived", () => this.#arrived());
    timeline.addEventListener("moved", () => this.#soon());
    feed.addEventListener("up", () => this.#soon());
    document.addEventListener("visibilitychange", () => this.#soon());
    addEventListener("focus", () => this.#soon());
  }

  get #isLooking() {
    return !document.hidden && document.hasFocus() && this.timeline.isAtEnd;
  }

  #arrived() {
    if (this.#isLooking) return this.#soon();
    this.#unseen += 1;
    document.title = `(${this.#unseen}) ${this.#title}`;
  }

  get #title() {
    return document.title.replace(/^\(\d+\) /, "");
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#mark(), SOON);
  }

  async #mark() {
    if (!this.#isLooking) return;
    this.#unseen = 0;
    document.title = this.#title;
    dispatchEvent(new CustomEvent("room:read", { detail: this.room.slug }));
    const seq = this.feed.seq;
    if (seq <= this.seq) return;
    try {
      await this.feed.command("read.mark", { seq }).catch(() => this.#byRequest(seq));
      this.seq = seq;
    } catch {
      // the next look marks it
    }
  }

  #byRequest(seq) {
    return ask(`/api/v1/rooms/${this.room.slug}/read/`, { method: "POST", body: { seq } });
  }
}
