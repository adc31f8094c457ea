// What stands around the conversation: the room's name and topic, what one may do, and what agents add to the composer. The
// server draws it anew when one of these changes. What was typed and chosen there stays.
//
// Events: "rights" (what this reader may do has changed).

import { ask } from "./http.js";

const CHANGES = new Set(["room.changed", "conduct.changed", "grant.changed"]);
const SOON = 100;
const SPREAD = 400; // everybody here is told at once, and not all of them ask at once

export class Around extends EventTarget {
  #timer;
  #drawn = new Map(); // by place: what the server last drew there, before scripts and people changed it

  // `composer` is asked for when it is needed: it changes what was drawn, so it is made after this.
  constructor({ room, composer }) {
    super();
    this.room = room;
    Object.defineProperty(this, "composer", { get: composer });
    for (const place of this.#places(room.root)) this.#drawn.set(place.dataset.parts, place.innerHTML);
  }

  hear({ type, data }) {
    const isMine = type.startsWith("membership.") && data.username === this.room.me;
    if (CHANGES.has(type) || type.startsWith("seat.") || isMine) this.#soon();
  }

  async renew() {
    try {
      const response = await ask(`/rooms/${this.room.slug}/around`);
      if (!response.redirected) this.#put(await response.text());
    } catch {
      // shown as it was; who may not read here any more is told by the feed
    }
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renew(), SOON + Math.random() * SPREAD);
  }

  #put(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    const form = fresh.querySelector("form.composer");
    if (form && !this.composer.form) return location.reload(); // one has joined: nothing was typed here yet
    this.#name(fresh);
    this.composer.allow(form, fresh.querySelector(".composer__closed span")?.textContent);
    for (const place of this.#places(fresh)) this.#fill(place);
    this.#entitle(fresh.dataset.may);
  }

  #name(fresh) {
    const title = this.room.root.querySelector(".bar__title");
    const news = fresh.querySelector(".bar__title");
    if (title && title.innerHTML !== news.innerHTML) title.replaceChildren(...news.childNodes);
    const { name } = fresh.dataset;
    if (name === this.room.name) return;
    document.title = document.title.replace(this.room.name, name);
    const beginning = this.room.root.querySelector(".beginning h2");
    if (beginning) beginning.textContent = name;
    this.room.name = this.room.root.dataset.name = name;
  }

  #fill({ dataset: { parts }, innerHTML, childNodes }) {
    const place = this.#places(this.room.root).find((one) => one.dataset.parts === parts);
    if (!place || this.#drawn.get(parts) === innerHTML) return;
    this.#drawn.set(parts, innerHTML);
    this.composer.renew(() => place.replaceChildren(...childNodes));
  }

  #entitle(may) {
    if (may === this.room.root.dataset.may) return;
    this.room.root.dataset.may = may;
    this.dispatchEvent(new Event("rights"));
  }

  #places(element) {
    return [...element.querySelectorAll("[data-parts]")];
  }
}
