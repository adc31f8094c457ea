// The messages on the page. Three moves: put in its place, replace by id, remove. So replays are harmless.
//
// Events: "arrived" (detail: article; at the end, by itself), "moved" (the reader's place has changed).

import { isMessage, regroup } from "./grouping.js";
import { ask } from "./http.js";
import { Paging } from "./paging.js";
import { Scroll } from "./scroll.js";

const MOST = 300;

export class Timeline extends EventTarget {
  constructor({ room, personal }) {
    super();
    this.room = room;
    this.personal = personal;
    this.list = document.getElementById("messages");
    this.scroll = new Scroll(document.getElementById("timeline"));
    this.paging = new Paging(this);
    this.toEnd = new ToEnd(this);
    for (const article of this.articles) this.personal.touch(article);
    this.regroup();
    if (location.hash.startsWith("#m-")) this.find(location.hash.slice(3))?.scrollIntoView({ block: "center" });
    this.scroll.onMove(() => this.dispatchEvent(new Event("moved")));
  }

  get articles() {
    return [...this.list.querySelectorAll(":scope > .message")];
  }

  get settled() {
    return this.articles.filter((article) => article.dataset.seq);
  }

  get first() {
    return this.settled[0];
  }

  get last() {
    return this.settled.at(-1);
  }

  get isAtEnd() {
    return this.scroll.isAtEnd && !this.paging.hasAfter;
  }

  find(id) {
    return document.getElementById(`m-${id}`);
  }

  // Articles of a piece of HTML that the server drew, made this reader's.
  drawn(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const [article] = template.content.querySelectorAll(".message");
    this.personal.touch(article);
    return article;
  }

  put(article, { isNew = false } = {}) {
    const old = this.find(article.dataset.id);
    if (old) return this.#replace(old, article);
    if (this.paging.isBefore(article)) return; // an older message changed: the page that has it will show that
    if (this.paging.isAfter(article)) return this.paging.keepForLater(article, isNew);
    const wasAtEnd = this.isAtEnd;
    this.scroll.steady(() => {
      this.#unsettled(article.dataset.client)?.remove();
      this.#place(article);
      this.#regroupAround(article);
      if (wasAtEnd) this.trim("start");
    });
    this.dispatchEvent(new CustomEvent("put", { detail: { article } }));
    if (isNew && article.dataset.author !== this.room.me) {
      this.dispatchEvent(new CustomEvent("arrived", { detail: { article, wasAtEnd } }));
    }
  }

  // A message of ours that the server has not confirmed: always below what it has.
  append(article) {
    this.list.append(article);
    regroup(article);
    this.scroll.toEnd();
  }

  remove(article) {
    const below = article.nextElementSibling;
    article.remove();
    if (isMessage(below)) regroup(below);
  }

  #replace(old, article) {
    const active = old.contains(document.activeElement) ? document.activeElement : null;
    this.scroll.steady(() => {
      const focus = focusIn(old);
      keepEditor(old, article);
      old.replaceWith(article);
      this.#regroupAround(article);
      if (focus) (article.querySelector(focus) ?? article).focus({ preventScroll: true });
    });
    this.dispatchEvent(new CustomEvent("put", { detail: { article, old } }));
    if (active?.isConnected) active.focus({ preventScroll: true }); // it went over with what was put beneath the message
  }

  #unsettled(client) {
    return client && this.articles.find((article) => !article.dataset.seq && article.dataset.client === client);
  }

  #place(article) {
    const seq = Number(article.dataset.seq);
    const below = this.settled.findLast((other) => Number(other.dataset.seq) < seq);
    if (below) return below.after(article);
    const next = this.articles[0];
    if (!next) return this.#beforeEnd(article);
    const separator = next.previousElementSibling;
    (separator?.matches("[data-day]") ? separator : next).before(article);
  }

  #beforeEnd(article) {
    const more = this.list.querySelector(":scope > [data-after]");
    more ? more.before(article) : this.list.append(article);
  }

  regroup() {
    this.articles.forEach(regroup);
  }

  #regroupAround(article) {
    regroup(article);
    let next = article.nextElementSibling;
    while (next && !isMessage(next)) next = next.nextElementSibling;
    if (next) regroup(next);
  }

  // Older or newer pages. `articles` are in order; those that are here already are left alone.
  add(articles) {
    this.scroll.steady(() => {
      for (const article of articles) {
        if (this.find(article.dataset.id)) continue;
        this.personal.touch(article);
        this.#place(article);
        this.#regroupAround(article);
      }
    });
  }

  // Keep the page light: what is far from the reader can be fetched again.
  trim(side) {
    const extra = this.settled.slice(...(side === "start" ? [0, -MOST] : [MOST]));
    if (!extra.length) return;
    extra.forEach((article) => article.remove());
    this.#removeIdleSeparators();
    const next = side === "start" ? this.first : null;
    if (next) regroup(next);
    this.paging.trimmed(side);
  }

  #removeIdleSeparators() {
    for (const separator of this.list.querySelectorAll(":scope > [data-day]")) {
      if (!isMessage(separator.nextElementSibling)) separator.remove();
    }
  }

  // Everything anew, after being away too long. Answers the number to go on from.
  async reload() {
    const response = await ask(`/rooms/${this.room.slug}/`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const waiting = this.articles.filter((article) => !article.dataset.seq);
    this.list.replaceChildren(...page.getElementById("messages").childNodes);
    this.paging.renew(page.getElementById("room").dataset);
    for (const article of this.articles) this.personal.touch(article);
    this.regroup();
    waiting.forEach((article) => this.append(article));
    this.scroll.toEnd();
    return Number(page.getElementById("room").dataset.after);
  }
}

// Somebody is changing their words while the message is drawn anew, for a reaction say.
function keepEditor(old, article) {
  const form = old.querySelector(".message__edit");
  if (form) article.querySelector(".message__body").after(form);
}

function focusIn(article) {
  const active = document.activeElement;
  if (!article.contains(active)) return "";
  if (active.closest(".message__edit")) return "textarea";
  const { action, emoji } = active.dataset;
  return emoji ? `[data-emoji="${emoji}"]` : action ? `[data-action="${action}"]` : ":scope";
}

// The way back to the end, and how much has come there meanwhile.
class ToEnd {
  #count = 0;

  constructor(timeline) {
    this.timeline = timeline;
    this.button = document.getElementById("to-end");
    this.button.addEventListener("click", () => timeline.paging.toEnd());
    timeline.addEventListener("arrived", ({ detail }) => detail.wasAtEnd || this.#show(this.#count + 1));
    timeline.addEventListener("moved", () => this.#look());
    queueMicrotask(() => this.#look());
  }

  #look() {
    if (this.timeline.isAtEnd) this.#show(0);
    this.button.hidden = this.timeline.isAtEnd || (!this.#count && !this.timeline.paging.hasAfter && this.timeline.scroll.isNear);
  }

  #show(count) {
    this.#count = count;
    this.button.classList.toggle("button--main", count > 0);
    this.button.querySelector("span").textContent = count ? `${count} new message${count > 1 ? "s" : ""}` : "To the end";
    if (count) this.button.hidden = false;
  }
}
