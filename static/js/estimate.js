// What a question may cost, below the composer, before it is sent: asked for when somebody stops typing, and shown when
// several agents would answer, when it costs something, or when what is left will not do. It stands in nobody's way.

import { askJSON } from "./http.js";

const QUIET = 700;

export class Estimate {
  #timer;
  #request;
  #asked = "";

  constructor({ room, form, asking, attach }) {
    Object.assign(this, { room, form, asking, attach });
    form.elements.body.addEventListener("input", () => this.#soon());
    asking.addEventListener("change", () => this.#soon());
    attach.addEventListener("change", () => this.#soon());
    form.addEventListener("click", (event) => {
      if (!event.target.closest(".cost__ask")) return;
      event.preventDefault();
      this.#ask({ aloud: true });
    });
    this.#soon();
  }

  // Where there are no agents, there is none.
  get line() {
    return document.getElementById("cost");
  }

  clear() {
    this.#forget();
    this.#show("");
  }

  // Others would answer now, or otherwise.
  renew() {
    this.#forget();
    this.#soon();
  }

  #soon() {
    const said = this.#said();
    if (said === this.#asked) return;
    this.#forget();
    if (!said) return this.#show("");
    this.#timer = setTimeout(() => this.#ask(), QUIET);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#asked = "";
  }

  // As it would be asked for; nothing where no agent would hear of it.
  #said({ aloud = false } = {}) {
    if (!this.line) return "";
    const { body, reply_to: replyTo } = this.form.elements;
    const wish = this.asking.wish;
    const files = this.attach.ready.map(({ id }) => id);
    const mayAnswer = aloud || wish || replyTo.value || body.value.includes("@") || "unasked" in this.line.dataset;
    if (!(body.value.trim() || files.length) || !mayAnswer) return "";
    const { coordination, agents, reviewed } = wish ?? {};
    return JSON.stringify({
      body: body.value,
      ...(coordination && { coordination }),
      ...(agents && { agents }),
      ...(reviewed && { reviewed }),
      ...(replyTo.value && { reply_to: replyTo.value }),
      ...(files.length && { attachments: files }),
    });
  }

  async #ask({ aloud = false } = {}) {
    const said = this.#said({ aloud });
    if (!said) return this.#show("");
    this.#forget();
    this.#asked = said;
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const found = await askJSON(`/api/v1/rooms/${this.room.slug}/estimate/`, { method: "POST", body: JSON.parse(said), signal });
      if (signal.aborted) return;
      this.#show(aloud || found.notable ? [found.sentence, found.shortage].filter(Boolean).join(" ") : "", found.shortage);
    } catch {
      if (!signal.aborted) this.#show(""); // what is wrong is said when it is sent
    }
  }

  #show(sentence, shortage = "") {
    if (!this.line) return;
    this.line.classList.toggle("cost--short", Boolean(shortage));
    if (this.line.textContent !== sentence) this.line.textContent = sentence;
  }
}
