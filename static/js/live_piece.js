// A piece of a page that the server draws anew while something is under way: each two seconds, and when it is poked.
// What the reader has opened stays open, and the focus stays where it is.

import { ask } from "./http.js";

const EVERY = 2000;
const SOON = 150;

export class LivePiece {
  #timer;
  #isOver = false;

  constructor(element, href) {
    this.element = element;
    this.href = href;
    element.addEventListener("click", (event) => this.#click(event));
    element.addEventListener("submit", (event) => this.#submit(event));
    this.#later(EVERY);
  }

  get isLive() {
    return Boolean(this.element.querySelector("[data-live]"));
  }

  // Something has happened to it.
  poke() {
    this.#later(SOON, true);
  }

  end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async load() {
    const response = await ask(`${this.href}?piece`);
    if (response.redirected) return location.assign(this.href); // to sign in again
    this.#put(await response.text());
  }

  #later(delay, isPoked = false) {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    this.#timer = setTimeout(() => this.#again(isPoked), delay);
  }

  async #again(isPoked) {
    if (isPoked || (this.isLive && !document.hidden)) await this.load().catch(() => {});
    if (this.isLive) this.#later(EVERY);
  }

  #put(html) {
    const { element } = this;
    const open = [...element.querySelectorAll("details[open]")].map((details) => details.closest("[id]").id);
    const focus = pathTo(document.activeElement, element);
    const graph = element.querySelector(".run__graph")?.scrollLeft ?? 0;
    element.innerHTML = html;
    for (const id of open) element.querySelector(`[id="${id}"] details`)?.setAttribute("open", "");
    const again = element.querySelector(".run__graph");
    if (again) again.scrollLeft = graph;
    if (focus) element.querySelector(focus)?.focus({ preventScroll: true });
  }

  // A step of the drawing leads to the same step in the list.
  #click(event) {
    const node = event.target.closest(".node");
    if (!node) return;
    event.preventDefault();
    const step = this.element.querySelector(`[id="${node.getAttribute("href").slice(1)}"]`);
    step.querySelector("details").open = true;
    step.querySelector("summary").focus({ preventScroll: true });
    step.scrollIntoView({ block: "nearest" });
  }

  async #submit(event) {
    const form = event.target.closest("[data-run-act]");
    if (!form) return;
    event.preventDefault();
    const { value: verb } = event.submitter;
    const step = form.elements.step?.value;
    const run = this.href.split("/").at(-2);
    const path = { cancel: `runs/${run}/cancel/`, cancel_step: `runs/${run}/steps/${step}/cancel/`, retry_step: `runs/${run}/steps/${step}/retry/` }[verb];
    event.submitter.disabled = true;
    try {
      const answer = await (await ask(`/api/v1/${path}`, { method: "POST", body: {} })).json();
      if (answer.id !== run) this.href = `/runs/${answer.id}/`;
      await this.load();
      this.#later(EVERY);
      (this.element.querySelector(step ? `[id="step-${step}"] summary` : "summary") ?? this.element.querySelector("summary"))?.focus({ preventScroll: true });
    } catch (refusal) {
      event.submitter.disabled = false;
      event.submitter.after(said(refusal.sentence));
    }
  }
}

function pathTo(active, element) {
  if (!element.contains(active)) return "";
  const home = active.closest("[id]")?.id;
  if (active.matches(".node")) return `.node[href="${active.getAttribute("href")}"]`;
  if (active.matches(".run__graph")) return ".run__graph";
  return home ? `[id="${home}"] ${active.localName}` : "";
}

function said(sentence) {
  const line = document.createElement("span");
  line.className = "step__error";
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  return line;
}
