// History in both directions, a page at a time, as the reader comes near the edge of what is here.

import { announce } from "./announce.js";
import { ask } from "./http.js";

const NEAR = "600px";

export class Paging {
  #isBusy = false;
  #later = new Map();
  #watcher;

  constructor(timeline) {
    this.timeline = timeline;
    this.list = timeline.list;
    this.#watcher = new IntersectionObserver((entries) => entries.forEach((entry) => entry.isIntersecting && this.#turn(entry.target)), {
      root: timeline.scroll.element,
      rootMargin: `${NEAR} 0px`,
    });
    this.list.addEventListener("click", (event) => {
      const more = event.target.closest(".more");
      if (!more) return;
      event.preventDefault();
      this.#turn(more);
    });
    this.renew(timeline.room.root.dataset);
  }

  // What the page says of the edges, after it was drawn.
  renew({ hasBefore, hasAfter }) {
    this.hasBefore = hasBefore !== undefined;
    this.hasAfter = hasAfter !== undefined;
    this.#later.clear();
    this.#watch();
  }

  // Whether a message belongs to a page that is not here.
  isBefore(article) {
    return this.hasBefore && Number(article.dataset.seq) < Number(this.timeline.first?.dataset.seq ?? 0);
  }

  isAfter(article) {
    return this.hasAfter && Number(article.dataset.seq) > Number(this.timeline.last?.dataset.seq ?? 0);
  }

  keepForLater(article, isNew) {
    this.#later.set(article.dataset.id, article);
    if (!isNew || article.dataset.author === this.timeline.room.me) return;
    this.timeline.dispatchEvent(new CustomEvent("arrived", { detail: { article, wasAtEnd: false } }));
  }

  trimmed(side) {
    if (side === "start") this.hasBefore = true;
    else this.hasAfter = true;
    this.#watch();
  }

  async toEnd() {
    if (this.hasAfter) {
      const articles = await this.#fetch("");
      if (!articles) return;
      this.timeline.settled.forEach((article) => article.remove());
      this.list.querySelectorAll(":scope > [data-day], :scope > .new-line").forEach((element) => element.remove());
      this.timeline.add(articles);
      this.#catchUp();
      this.timeline.regroup();
      this.#watch();
    }
    this.timeline.scroll.toEnd();
    this.timeline.dispatchEvent(new Event("moved"));
  }

  async #turn(more) {
    if (this.#isBusy || !more.isConnected) return;
    const isBefore = "before" in more.dataset;
    const edge = isBefore ? this.timeline.first : this.timeline.last;
    const articles = await this.#fetch(isBefore ? `?before=${edge?.dataset.seq ?? 0}` : `?after=${edge?.dataset.seq ?? 0}`);
    if (!articles) return;
    this.timeline.add(articles);
    this.timeline.trim(isBefore ? "end" : "start");
    if (!isBefore) this.#catchUp();
    this.#watch();
    announce(isBefore ? "Earlier messages" : "Later messages");
  }

  async #fetch(query) {
    this.#isBusy = true;
    try {
      const response = await ask(this.timeline.room.history + query);
      if (!query.startsWith("?after")) this.hasBefore = response.headers.get("X-Has-Before") === "1";
      if (!query.startsWith("?before")) this.hasAfter = response.headers.get("X-Has-After") === "1";
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      return [...template.content.querySelectorAll(".message")];
    } catch {
      return null; // the link is still there, and the next scroll tries again
    } finally {
      this.#isBusy = false;
    }
  }

  // The end has been reached: what came in live while we were on the way there follows.
  #catchUp() {
    if (this.hasAfter) return;
    const waiting = [...this.#later.values()].sort((a, b) => a.dataset.seq - b.dataset.seq);
    this.#later.clear();
    this.timeline.add(waiting);
  }

  // One link at each edge that has more behind it, watched for coming near.
  #watch() {
    this.#edge("before", this.hasBefore, "Earlier messages", (link) => this.list.prepend(link));
    this.#edge("after", this.hasAfter, "Later messages", (link) => this.list.append(link));
  }

  #edge(side, has, words, place) {
    let link = this.list.querySelector(`:scope > .more[data-${side}]`);
    if (!has) return link?.remove();
    if (!link) {
      link = document.createElement("a");
      link.className = "more";
      link.href = "#";
      link.dataset[side] = "";
      link.textContent = words;
      this.list.querySelector(":scope > .beginning")?.remove();
      place(link);
    }
    this.#watcher.unobserve(link); // observing anew reports at once when it is still near
    this.#watcher.observe(link);
  }
}
