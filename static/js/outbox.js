// Messages on their way: shown at once, settled when the feed brings them, kept with a way to retry when they fail.
// A letter keeps its client id over every try, so sending it twice says it once.

import { announce } from "./announce.js";
import { drawAttached } from "./attach.js";
import { ask, askJSON } from "./http.js";

const CONFIRMED_WITHIN = 3000;

export class Outbox {
  constructor({ room, feed, timeline, drafts, takeBack }) {
    Object.assign(this, { room, feed, timeline, drafts, takeBack });
    timeline.addEventListener("put", ({ detail: { article } }) => this.#settled(article));
    timeline.list.addEventListener("click", (event) => this.#click(event));
    feed.addEventListener("up", () => this.#sendWaiting());
    this.#restore();
  }

  send(letter) {
    letter = { client: newId(), at: new Date().toISOString(), ...letter };
    this.drafts.keep(letter);
    this.timeline.append(this.#draw(letter));
    return this.#post(letter);
  }

  async #post(letter) {
    const article = this.#find(letter.client);
    if (!article) return;
    this.#mark(article, "is-pending");
    try {
      const message = await this.#deliver(letter);
      this.drafts.forget(letter.client);
      setTimeout(() => this.#confirm(letter.client, message.id), CONFIRMED_WITHIN);
    } catch (refusal) {
      this.#fail(article, refusal);
    }
  }

  #deliver({ client, body, replyTo, wish, files = [] }) {
    const attachments = files.map(({ id }) => id);
    const more = { ...(replyTo && { reply_to: replyTo }), ...(files.length && { attachments }), ...wish };
    const said = { body, client_id: client, ...more };
    if (this.feed.hasSocket) return this.feed.command(wish ? "message.ask" : "message.post", said);
    return askJSON(`/api/v1/rooms/${this.room.slug}/${wish ? "ask" : "messages"}/`, { method: "POST", body: said });
  }

  // It is kept, but the feed has not brought it: fetch it, so that it does not look unsent.
  async #confirm(client, id) {
    if (!this.#find(client)) return;
    try {
      const response = await ask(`/rooms/${this.room.slug}/messages/${id}/?piece`);
      this.timeline.put(this.timeline.drawn(await response.text()));
    } catch {
      // the feed will bring it
    }
  }

  #fail(article, refusal) {
    if (!article.isConnected) return;
    const waits = refusal.isPassing && !refusal.isLimit;
    this.#mark(article, "is-failed");
    article.dataset.waits = waits ? "1" : "";
    const row = document.importNode(document.getElementById("failed-message").content, true).firstElementChild;
    row.querySelector("span").textContent = waits ? "Not sent yet." : refusal.sentence;
    article.append(row);
    announce(waits ? "The message is not sent yet." : `The message was not sent. ${refusal.sentence}`);
  }

  #sendWaiting() {
    for (const letter of this.drafts.outbox) {
      if (this.#find(letter.client)?.dataset.waits) this.#post(letter);
    }
  }

  #settled(article) {
    if (article.dataset.client && article.dataset.author === this.room.me) this.drafts.forget(article.dataset.client);
  }

  #click(event) {
    const button = event.target.closest("[data-action=resend], [data-action=take-back]");
    if (!button) return;
    const article = button.closest(".message");
    const letter = this.drafts.outbox.find(({ client }) => client === article.dataset.client);
    if (!letter) return;
    if (button.dataset.action === "resend") return this.#post(letter);
    this.drafts.forget(letter.client);
    this.timeline.remove(article);
    this.takeBack(letter);
  }

  // After a reload: letters that never arrived are shown again, and sent when there is a connection.
  #restore() {
    const here = new Set(this.timeline.articles.map((article) => article.dataset.client));
    for (const letter of this.drafts.outbox) {
      if (here.has(letter.client)) {
        this.drafts.forget(letter.client);
        continue;
      }
      const article = this.#draw(letter);
      article.dataset.waits = "1";
      this.timeline.append(article);
    }
  }

  #find(client) {
    return this.timeline.articles.find((article) => !article.dataset.seq && article.dataset.client === client);
  }

  #mark(article, state) {
    article.classList.remove("is-pending", "is-failed");
    article.classList.add(state);
    article.dataset.waits = "";
    article.querySelector(".message__failed")?.remove();
  }

  #draw({ client, body, at, files = [] }) {
    const article = document.importNode(document.getElementById("pending-message").content, true).firstElementChild;
    Object.assign(article.dataset, { client, at });
    article.querySelector("time").dateTime = at;
    article.querySelector(".message__text").textContent = body;
    if (files.length) article.querySelector(".message__body").after(drawAttached(files));
    this.timeline.personal.touch(article);
    return article;
  }
}

// Unguessable is not needed, only unrepeated; and randomUUID is not there on plain http.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
