// Text as an agent writes it. Each piece says where it belongs, in code points: it is appended if it fits what is shown;
// if something is missing between, the message is fetched once.

import { ask } from "./http.js";

const AGAIN = 2000;

export class Writing {
  #lengths = new WeakMap();
  #fetching = new Map();

  constructor({ room, timeline }) {
    this.room = room;
    this.timeline = timeline;
  }

  hear({ message, offset, text }) {
    const target = this.timeline.find(message)?.querySelector("[data-text]");
    if (!target) return;
    const length = this.#length(target);
    if (offset === length) return this.#append(target, text);
    const points = [...text];
    if (offset < length && offset + points.length > length) return this.#append(target, points.slice(length - offset).join(""));
    if (offset > length) this.#fetch(message);
  }

  #append(target, text) {
    this.timeline.scroll.steady(() => target.append(text));
    target.normalize();
    this.#lengths.set(target, this.#length(target) + [...text].length);
  }

  #length(target) {
    if (!this.#lengths.has(target)) this.#lengths.set(target, [...target.textContent].length);
    return this.#lengths.get(target);
  }

  async #fetch(id) {
    if (Date.now() - (this.#fetching.get(id) ?? 0) < AGAIN) return;
    this.#fetching.set(id, Date.now());
    try {
      const response = await ask(`/rooms/${this.room.slug}/messages/${id}/?piece`);
      const article = this.timeline.drawn(await response.text());
      if (this.timeline.find(id)?.dataset.state === "writing") this.timeline.put(article);
    } catch {
      // the next piece asks again
    }
  }
}
