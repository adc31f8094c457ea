// What several agents said to each other, under their answer. The server draws it; here it is fetched for the answers on
// the page that have a run, once for all of them, and anew when a run ends, waits for people, or a decision is flipped.

import { ask } from "./http.js";
import { isRecall } from "./recalls.js";

const CHANGES = new Set(["run.ended", "plan.proposed", "plan.decided", "dispute.decided"]);
const MOST = 50;

export class Together {
  #pieces = new Map(); // by run; null where there is nothing
  #stale = new Set(); // runs whose pieces stand until there are new ones
  #due = false;

  constructor({ room, timeline, feed }) {
    this.room = room;
    this.timeline = timeline;
    feed.addEventListener("frame", ({ detail: frame }) => this.#hear(frame));
    timeline.addEventListener("put", ({ detail: { article, old } }) => old && this.#put(article));
    new MutationObserver(() => this.#soon()).observe(timeline.list, { childList: true });
    this.#soon();
  }

  anew() {
    for (const run of this.#pieces.keys()) this.#stale.add(run);
    this.#soon();
  }

  #hear(frame) {
    if (isRecall(frame.type)) return this.anew(); // a question that is gone takes what was said about it with it
    if (!CHANGES.has(frame.type) || !frame.data.run) return;
    this.#stale.add(frame.data.run);
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
    const runs = [...new Set(articles.map((article) => article.dataset.run))];
    const unknown = runs.filter((run) => !this.#pieces.has(run) || this.#stale.has(run));
    for (let start = 0; start < unknown.length; start += MOST) await this.#fetch(unknown.slice(start, start + MOST));
    for (const article of this.timeline.articles) this.#put(article);
  }

  async #fetch(runs) {
    for (const run of runs) {
      this.#stale.delete(run);
      if (!this.#pieces.has(run)) this.#pieces.set(run, null);
    }
    try {
      const response = await ask(`/rooms/${this.room.slug}/together?runs=${runs.join(",")}`);
      if (response.redirected) return;
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      for (const run of runs) this.#pieces.set(run, template.content.querySelector(`[data-together="${run}"]`));
    } catch {
      for (const run of runs) this.#stale.add(run); // asked for again with the next change
    }
  }

  // The same piece stays in its place, so that what somebody opened stays open.
  #put(article) {
    const piece = this.#pieces.get(article.dataset.run) ?? null;
    const old = article.querySelector(":scope > .together");
    if (old === piece) return;
    this.timeline.scroll.steady(() => {
      const focus = old && piece ? handOver(old, piece) : null;
      old?.remove();
      const links = article.querySelector(":scope > .message__links");
      if (piece) links ? links.before(piece) : article.append(piece);
      focus?.focus({ preventScroll: true });
    });
  }
}

// What somebody has opened there, or begun to write, goes over to the new piece. Answers where they are at it.
function handOver(old, piece) {
  const open = new Set([...old.querySelectorAll("details[open]")].map(nameOf));
  for (const details of piece.querySelectorAll("details")) details.open ||= open.has(nameOf(details));
  for (const field of old.querySelectorAll("input, textarea")) {
    const twin = twinOf(field, piece);
    if (twin?.defaultValue === field.defaultValue) Object.assign(twin, { value: field.value, checked: field.checked });
  }
  return old.contains(document.activeElement) ? twinOf(document.activeElement, piece) : null;
}

const nameOf = (details) => details.querySelector("summary").textContent.replace(/\d+/g, "");

function twinOf(element, piece) {
  const form = piece.querySelector(`form[action="${element.form?.getAttribute("action")}"]`);
  const value = element.localName === "button" ? `[value="${element.value}"]` : "";
  return form?.querySelector(`${element.localName}[name="${element.name}"]${value}`);
}
