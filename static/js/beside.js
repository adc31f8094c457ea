// What stands beneath answers: thumbs, other answers to the same question, and which question is another in other words.
// Of answers that stand beside one another one is shown, the newest first; the arrows turn to the others.

import { announce } from "./announce.js";
import { ask } from "./http.js";
import { isRecall } from "./recalls.js";

const SOON = 200;
const MOST = 100;
const SHOWN = ["visible", "interrupted"];
const RUNS = new Set(["run.started", "run.ended"]); // a page that is opened between the two hears the second alone

export class Beside {
  #blank = null;
  #wanted = new Set();
  #seen = new WeakSet(); // articles, not ids: one that went with its page of history comes back without its foot
  #timer;
  #heads = new Map(); // of answers that are being written: the group they will stand in
  #chosen = new Map(); // group → the answer that the reader has turned to

  constructor({ room, timeline }) {
    Object.assign(this, { room, timeline });
    timeline.addEventListener("put", ({ detail: { article, old } }) => this.#arrived(article, old));
    timeline.list.addEventListener("click", (event) => this.#click(event));
    timeline.list.addEventListener("submit", (event) => this.#submit(event));
    document.getElementById("sheet")?.addEventListener("submit", (event) => this.#sheet(event));
    new MutationObserver(() => this.#lookAround()).observe(timeline.list, { childList: true });
    this.#lookAround();
  }

  // What may be done with answers has changed, or nobody told what became of them.
  anew() {
    this.#blank = null;
    this.#want(this.timeline.settled.map(({ dataset }) => dataset.id));
  }

  hear({ type, data }) {
    if (RUNS.has(type) && data.alternative_of && data.message) this.#heads.set(data.message, data.alternative_of);
    if (type === "message.branched") this.#want([data.message, data.origin]);
    if (isRecall(type)) this.#want(this.#pairedWith(data.message.id));
    if (type === "run.ended" && data.alternative_of) this.#want(this.#among(data.alternative_of).map(({ dataset }) => dataset.id));
  }

  // --- getting them

  #arrived(article, old) {
    this.#seen.add(article);
    const foot = old?.querySelector(":scope > .foot");
    if (SHOWN.includes(article.dataset.state)) {
      if (foot) this.#put(article, foot);
      else if (article.dataset.run) this.#begin(article);
    }
    this.#fold();
  }

  // A room that was empty when it was opened has nothing yet to make a foot from.
  #begin(article) {
    if (this.#blank) this.#put(article, this.#fresh(article));
    else this.#want([article.dataset.id]);
  }

  // Pages of history that the reader has scrolled to.
  #lookAround() {
    const without = this.timeline.settled.filter((article) => !this.#seen.has(article));
    without.forEach((article) => this.#seen.add(article));
    if (without.length) this.#want(without.map(({ dataset }) => dataset.id));
  }

  #want(ids) {
    for (const id of ids) this.#wanted.add(id);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), SOON);
  }

  async #fetch() {
    const ids = [...this.#wanted].slice(0, MOST);
    if (!ids.length) return;
    ids.forEach((id) => this.#wanted.delete(id));
    try {
      const response = await ask(`/rooms/${this.room.slug}/beside?m=${ids.join(",")}`);
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      this.#blank ??= template.content.querySelector("[data-blank]");
      this.timeline.scroll.steady(() => this.#putAll(ids, template.content));
    } catch {
      return; // thumbs are a courtesy; the answers are there
    }
    if (this.#wanted.size) this.#want([]);
  }

  #putAll(ids, content) {
    const found = new Set([...content.querySelectorAll("[data-foot]")].map(({ dataset }) => dataset.foot));
    for (const id of ids) if (!found.has(id)) this.timeline.find(id)?.querySelector(":scope > .foot:not(:has(.foot__row))")?.remove();
    for (const foot of content.querySelectorAll("[data-foot]")) {
      const article = this.timeline.find(foot.dataset.foot);
      if (article) this.#put(article, foot);
    }
    this.#fold();
  }

  #fresh({ dataset: { id, run } }) {
    const foot = document.importNode(this.#blank.content, true).firstElementChild;
    foot.dataset.foot = id;
    foot.querySelector("[data-alternatives]").href = `/messages/${id}/alternatives/`;
    foot.querySelector("[data-steps]").href = `/runs/${run}/`;
    return foot;
  }

  #put(article, foot) {
    const old = article.querySelector(":scope > .foot");
    if (old?.contains(document.activeElement)) return; // somebody is at it
    old?.remove();
    const tools = article.querySelector(":scope > .message__tools");
    tools ? tools.before(foot) : article.append(foot);
  }

  // Questions that lead to it as to one of themselves in other words.
  #pairedWith(id) {
    return this.timeline.settled.filter((article) => article.querySelector(`.foot__pair[data-quote="${id}"]`)).map(({ dataset }) => dataset.id);
  }

  // --- one of several

  #headOf(article) {
    return article.querySelector(":scope > .foot")?.dataset.group ?? this.#heads.get(article.dataset.id) ?? article.dataset.run;
  }

  #among(head) {
    return this.timeline.settled.filter((article) => article.dataset.run && this.#headOf(article) === head);
  }

  #fold() {
    const groups = new Map();
    for (const article of this.timeline.settled) {
      if (!article.dataset.run) continue;
      const head = this.#headOf(article);
      groups.set(head, [...(groups.get(head) ?? []), article]);
    }
    for (const [head, articles] of groups) {
      const chosen = articles.find(({ dataset }) => dataset.id === this.#chosen.get(head)) ?? articles.at(-1);
      const isAimed = articles.find((article) => `#${article.id}` === location.hash || article.classList.contains("is-found"));
      for (const article of articles) article.classList.toggle("is-folded", article !== chosen && article !== isAimed);
    }
  }

  #turn(event, link) {
    const article = this.timeline.find(link.dataset.turn);
    if (!article) return; // the link leads to the page that has it
    event.preventDefault();
    const from = link.closest(".message");
    this.#chosen.set(this.#headOf(from), article.dataset.id);
    this.#fold();
    const arrow = article.querySelector(`[data-turn][data-to="${link.dataset.to}"]`) ?? article.querySelector("[data-turn]");
    (arrow ?? article).focus({ preventScroll: true });
    article.scrollIntoView({ block: "nearest" });
    announce(article.querySelector(".foot__pages > span:not(.tool)")?.textContent ?? "");
  }

  // --- what people do

  #click(event) {
    const turn = event.target.closest("[data-turn]");
    if (turn) return this.#turn(event, turn);
    const thumb = event.target.closest("[data-thumb]");
    if (thumb) return this.#judge(thumb);
    const again = event.target.closest("[data-again]");
    if (again) return this.#again(again.closest(".message").dataset.id, {}, again);
    if (event.target.closest("[data-fold]")) event.target.closest(".foot__why").hidden = true;
  }

  async #judge(button) {
    const foot = button.closest(".foot");
    const { thumb } = button.dataset;
    const isTakenBack = button.getAttribute("aria-pressed") === "true";
    const form = foot.querySelector(".foot__why");
    if (!(await this.#tell(foot, isTakenBack ? null : { thumb }))) return;
    for (const one of foot.querySelectorAll("[data-thumb]")) one.setAttribute("aria-pressed", String(!isTakenBack && one === button));
    form.hidden = isTakenBack || thumb !== "down";
    if (!form.hidden) form.querySelector("input").focus({ preventScroll: true });
    if (!form.hidden) form.scrollIntoView({ block: "nearest" });
  }

  async #submit(event) {
    const form = event.target.closest(".foot__why");
    if (!form) return;
    event.preventDefault();
    const facts = new FormData(form);
    const foot = form.closest(".foot");
    if (await this.#tell(foot, { thumb: "down", reasons: facts.getAll("reasons"), note: facts.get("note") })) {
      form.hidden = true;
      foot.querySelector("[data-thumb=down]").focus({ preventScroll: true });
    }
  }

  async #tell(foot, body) {
    const path = `/api/v1/messages/${foot.dataset.foot}/feedback/`;
    const word = foot.querySelector(".foot__word");
    try {
      await ask(path, body ? { method: "PUT", body } : { method: "DELETE" });
      word.textContent = body ? "Thank you." : "";
      return true;
    } catch (refusal) {
      word.textContent = refusal.sentence;
      return false;
    }
  }

  async #again(id, body, button) {
    button.disabled = true;
    try {
      await ask(`/api/v1/messages/${id}/regenerate/`, { method: "POST", body });
      announce("Another answer is coming.");
    } catch (refusal) {
      const word = button.closest(".foot")?.querySelector(".foot__word");
      if (word) word.textContent = refusal.sentence;
      announce(refusal.sentence);
    } finally {
      button.disabled = false;
    }
  }

  // Forms of the pages that are shown over the room.
  async #sheet(event) {
    const form = event.target.closest("[data-branch], [data-again-form]");
    if (!form) return;
    event.preventDefault();
    const facts = Object.fromEntries(new FormData(form));
    const isBranch = "branch" in form.dataset;
    const path = isBranch ? `/api/v1/messages/${form.dataset.branch}/branch/` : form.getAttribute("action").replace("alternatives", "regenerate").replace(/^/, "/api/v1");
    form.dataset.client ??= newId();
    const body = isBranch ? { body: facts.body, client_id: form.dataset.client } : { agent: facts.agent };
    try {
      await ask(path, { method: "POST", body });
      document.getElementById("sheet").close();
    } catch (refusal) {
      complain(form, refusal.sentence);
    }
  }
}

const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function complain(form, sentence) {
  const line = form.querySelector("[role=alert]") ?? document.createElement("p");
  line.setAttribute("role", "alert");
  line.className = "composer__error";
  line.textContent = sentence;
  form.prepend(line);
}
