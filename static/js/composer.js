// Where one writes. Whatever happens to the room or the connection, the words in it are not lost.

import { announce } from "./announce.js";
import { Asking } from "./asking.js";
import { Attach } from "./attach.js";
import { Drafts } from "./drafts.js";
import { Estimate } from "./estimate.js";
import { MentionMenu } from "./mention_menu.js";
import { Outbox } from "./outbox.js";
import { isRecall } from "./recalls.js";

const CLOSED = {
  not_a_member: "You are no longer a member of this room.",
  private: "This room has become private.",
  deleted: "This room has been deleted.",
  signed_out: "You have been signed out. Sign in again, and what you wrote is still here.",
  no_access: "You may no longer read this room.",
};
const TELL_LENGTH_FROM = 0.9;
const isTouch = matchMedia("(pointer: coarse)");

export class Composer extends EventTarget {
  #reply = null;

  constructor({ room, feed, timeline, people, typing }) {
    super();
    Object.assign(this, { room, timeline, typing });
    this.form = document.querySelector("form.composer");
    this.drafts = new Drafts(room);
    if (!this.form) return;
    this.input = this.form.elements.body;
    this.outbox = new Outbox({ room, feed, timeline, drafts: this.drafts, takeBack: (letter) => this.#takeBack(letter) });
    this.asking = new Asking(this.form);
    this.attach = new Attach({ room, form: this.form, drafts: this.drafts, complain: (words) => this.complain(words) });
    this.attach.addEventListener("change", () => this.#changed());
    this.menu = new MentionMenu({ input: this.input, element: document.getElementById("mention-menu"), people });
    if (!this.input.value) this.input.value = this.drafts.text;
    this.estimate = new Estimate({ room, form: this.form, asking: this.asking, attach: this.attach });
    this.input.enterKeyHint = isTouch.matches ? "enter" : "send";
    this.#listen();
    this.#changed();
    const isFree = document.activeElement === document.body; // not where a form says what is wrong with it
    if (isFree && !isTouch.matches && !location.hash) this.input.focus({ preventScroll: true });
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.input.addEventListener("input", () => this.#changed(true));
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.form.querySelector("[data-reply-close]").addEventListener("click", () => this.replyTo(null));
  }

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return; // the mention menu, or an input method, has it
    if (event.key === "Enter" && !event.shiftKey && !isTouch.matches) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.#reply) {
      this.replyTo(null);
    } else if (event.key === "ArrowUp" && !this.input.value) {
      event.preventDefault();
      this.dispatchEvent(new Event("edit-last"));
    }
  }

  #send() {
    const body = this.input.value;
    if (this.#isEmpty || this.isBlocked || this.#isTooLong) return;
    if (this.attach.isBusy) return this.complain("A file is still on its way. Send again when it is there.");
    if (this.attach.hasRefused) return this.complain("A file could not be attached. Remove it, then send again.");
    if (this.attach.described) return this.attach.described.then(() => this.#send());
    this.input.value = "";
    this.outbox.send({ body, replyTo: this.#reply?.dataset.id, wish: this.asking.wish, files: this.attach.take() });
    this.replyTo(null);
    this.asking.take(null);
    this.asking.close();
    this.estimate.clear();
    this.#changed();
    this.typing.said();
    this.timeline.paging.toEnd();
    this.input.focus();
  }

  get #isEmpty() {
    return !this.input.value.trim() && !this.attach.count;
  }

  get #length() {
    return [...this.input.value].length;
  }

  get #isTooLong() {
    return this.#length > Number(this.input.dataset.max);
  }

  #changed(byHand = false) {
    const most = Number(this.input.dataset.max);
    if (!this.isBlocked) this.#say(this.#length > most * TELL_LENGTH_FROM ? `${this.#length} of ${most} characters` : "");
    this.complain("");
    this.form.classList.toggle("is-empty", this.#isEmpty);
    this.drafts.text = this.input.value;
    grow(this.input);
    if (byHand && this.input.value.trim()) this.typing.say();
  }

  replyTo(article) {
    this.#reply = article;
    const row = this.form.querySelector("[data-reply]");
    row.hidden = !article;
    this.form.elements.reply_to.value = article?.dataset.id ?? "";
    row.querySelector("span").textContent = "";
    if (!article) return;
    row.querySelector("span").textContent = `${article.dataset.name}: ${article.querySelector(".message__body").textContent.trim()}`;
    this.input.focus();
  }

  // What one was about to answer is gone, and its words with it.
  hear({ type, data }) {
    if (isRecall(type) && this.#reply?.dataset.id === data.message.id) this.replyTo(null);
  }

  #takeBack({ body, replyTo, wish, files }) {
    this.attach.put(files);
    this.input.value = [body, this.input.value].filter(Boolean).join("\n");
    const article = replyTo && this.timeline.find(replyTo);
    if (article) this.replyTo(article);
    if (wish) this.asking.take(wish);
    this.#changed();
    this.input.focus();
  }

  // The room is over for this reader. The words stay, and can be copied.
  close(reason) {
    if (!this.form) return;
    this.isOver = true;
    this.#block(true);
    this.#say(CLOSED[reason] ?? CLOSED.no_access);
  }

  // Whether one may write here has changed, or how the place is called. `form`: as it is drawn now; none where one may not,
  // and `sentence` says so.
  allow(form, sentence) {
    if (!this.form || this.isOver) return;
    if (form) {
      this.input.placeholder = form.elements.body.placeholder;
      this.input.labels[0].textContent = form.querySelector("label[for=composer-body]").textContent;
    }
    if (Boolean(form) === !this.isBlocked) return;
    this.#block(!form);
    this.#say(form ? "" : sentence);
  }

  // What floors above have at the composer is drawn anew by `place`.
  renew(place) {
    if (!this.form) return place();
    this.asking.renew(place);
    this.estimate.renew();
  }

  #block(isBlocked) {
    this.isBlocked = this.input.readOnly = this.attach.isClosed = isBlocked;
    this.form.querySelector(".composer__send").disabled = isBlocked;
  }

  #say(sentence) {
    const reason = document.getElementById("composer-reason");
    reason.textContent = sentence;
    reason.hidden = !sentence;
  }

  complain(sentence) {
    if (!this.form) return announce(sentence);
    const error = document.getElementById("composer-error");
    error.textContent = sentence;
    error.hidden = !sentence;
  }
}

// As tall as its text, where style sheets cannot say so yet.
export function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}
