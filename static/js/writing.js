// Text as an agent writes it. Each piece says where it belongs, in code points: it is appended if it fits what is shown;
// if something is missing between, the message is fetched once.

import { ask } from "./http.js";
import { LightText } from "./light.js";

const AGAIN = 2000;

export class Writing {
  #texts = new WeakMap();
  #fetchedAt = new Map();

  constructor({ room, timeline }) {
    this.room = room;
    this.timeline = timeline;
    for (const article of timeline.articles) this.#textIn(article);
    timeline.addEventListener("put", ({ detail: { article } }) => this.#textIn(article));
  }

  hear({ message, offset, text }) {
    const shown = this.#textIn(this.timeline.find(message));
    if (!shown) return;
    if (offset > shown.length) return this.#fetch(message);
    const fresh = [...text].slice(shown.length - offset).join("");
    if (fresh) this.timeline.scroll.steady(() => shown.append(fresh));
  }

  #textIn(article) {
    const element = article?.querySelector("[data-text]");
    if (!element) return null;
    if (!this.#texts.has(element)) this.#texts.set(element, new LightText(element));
    return this.#texts.get(element);
  }

  async #fetch(id) {
    if (Date.now() - (this.#fetchedAt.get(id) ?? 0) < AGAIN) return;
    this.#fetchedAt.set(id, Date.now());
    try {
      const response = await ask(`/rooms/${this.room.slug}/messages/${id}/?piece`);
      const article = this.timeline.drawn(await response.text());
      if (this.timeline.find(id)?.dataset.state === "writing") this.timeline.put(article);
    } catch {
      // the next piece asks again
    }
  }
}
