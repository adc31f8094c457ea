// What several agents said to each other, under their answer. The server draws it; here it is fetched for the answers on
// the page that have a run, once for all of them, and anew when a run ends, waits for people, or a decision is flipped.

import { ask } from "./http.js";

const CHANGES = new Set(["run.ended", "plan.proposed", "plan.decided", "dispute.decided"]);
const MOST = 50;

export class Together {
  #pieces = new Map(); // by run; null where there is nothing
  #due = false;

  constructor({ room, timeline, feed }) {
    this.room = room;
    this.timeline = timeline;
    feed.addEventListener("frame", ({ detail: frame }) => this.#hear(frame));
    new MutationObserver(() => this.#soon()).observe(timeline.list, { childList: true });
    this.#soon();
  }

  #hear(frame) {
    if (CHANGES.has(frame.type) && frame.data.run) this.#pieces.delete(frame.data.run);
    else if (frame.type !== "message.redacted" && frame.type !== "message.withdrawn") return;
    else this.#pieces.clear(); // a question that is gone takes what was said about it with it
    this.#soon();
  }

  #soon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#show());
  }

  async #show() {
    this.#due = false;
    const articles = this.timeline.articles.filter((article) => article.dataset.run);
    const unknown = [...new Set(articles.map((article) => article.dataset.run))].filter((run) => !this.#pieces.has(run));
    for (let start = 0; start < unknown.length; start += MOST) await this.#fetch(unknown.slice(start, start + MOST));
    for (const article of this.timeline.articles) this.#put(article);
  }

  async #fetch(runs) {
    for (const run of runs) this.#pieces.set(run, null);
    try {
      const response = await ask(`/rooms/${this.room.slug}/together?runs=${runs.join(",")}`);
      if (response.redirected) return;
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      for (const piece of template.content.querySelectorAll("[data-together]")) {
        this.#pieces.set(piece.dataset.together, piece);
      }
    } catch {
      for (const run of runs) this.#pieces.delete(run); // asked for again with the next change
    }
  }

  // The same piece stays in its place, so that what somebody opened stays open.
  #put(article) {
    const piece = this.#pieces.get(article.dataset.run) ?? null;
    const old = article.querySelector(":scope > .together");
    if (old === piece) return;
    this.timeline.scroll.steady(() => {
      old?.remove();
      const links = article.querySelector(":scope > .message__links");
      if (piece) links ? links.before(piece) : article.append(piece);
    });
  }
}
