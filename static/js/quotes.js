// What messages quote of another, when that one changes: words that were taken back are gone from the quotes too.

import { ask } from "./http.js";
import { isRecall } from "./recalls.js";

const GONE = "a message that is no longer here"; // as rooms/_message.html says it

export class Quotes {
  constructor({ room, timeline }) {
    this.room = room;
    this.timeline = timeline;
  }

  hear({ type, data }) {
    const quoting = () => this.timeline.settled.filter((article) => quoteIn(article)?.dataset.quote === data.message.id);
    if (isRecall(type)) quoting().forEach((article) => this.#forget(article));
    if (type === "message.edited") quoting().forEach((article) => this.#redraw(article));
  }

  #forget(article) {
    quoteIn(article).querySelector("span").textContent = GONE;
    delete article.dataset.answers;
    this.timeline.personal.touch(article);
  }

  async #redraw({ dataset: { id } }) {
    try {
      const response = await ask(`/rooms/${this.room.slug}/messages/${id}/?piece`);
      if (!response.redirected) this.timeline.put(this.timeline.drawn(await response.text()));
    } catch {
      // it quotes what was said before
    }
  }
}

const quoteIn = (article) => article.querySelector(":scope > .message__quote");
