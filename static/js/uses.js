// What tools did for an answer, folded beneath it, and the cards on which a person decides. The server draws both; they are
// fetched for the answers on the page, and anew whenever one of them changes. Of an answer that begins while somebody looks
// the frames say whether it uses tools: most do not, and nothing is asked for those.

import { announce } from "./announce.js";
import { ask } from "./http.js";
import { isRecall } from "./recalls.js";

const AT_ONCE = 50;

export class Uses {
  #panels = new Map(); // by run: what was drawn, or null where no tool was used
  #live = new Set(); // runs that began before our eyes and are not over
  #wanted = new Set();
  #isAsking = false;

  constructor({ room, timeline, feed }) {
    this.room = room;
    this.list = timeline.list;
    this.steady = (move) => timeline.scroll.steady(move);
    feed.addEventListener("frame", ({ detail }) => this.#hear(detail));
    feed.addEventListener("up", () => this.#refreshOpen());
    timeline.addEventListener("put", ({ detail: { old } }) => old && this.#look());
    new MutationObserver(() => this.#look()).observe(this.list, { childList: true });
    this.list.addEventListener("submit", (event) => this.#decide(event));
    this.#look(true);
  }

  // Articles come and are drawn anew all the time; what belongs to them is put back.
  #look(isFirst = false) {
    for (const article of this.list.querySelectorAll(":scope > [data-run]")) {
      const { run, state } = article.dataset;
      const panel = this.#panels.get(run);
      if (panel && !article.contains(panel)) this.steady(() => place(panel, article));
      if (!this.#panels.has(run)) this.#meet(run, state === "writing" && !isFirst);
    }
  }

  #meet(run, isLive) {
    this.#panels.set(run, null);
    isLive ? this.#live.add(run) : this.#want(run);
  }

  #hear({ type, data }) {
    if (type === "tool" || type.startsWith("approval.")) this.#want(data.run);
    if (type === "run.ended") {
      this.#live.delete(data.run);
      if (this.#panels.get(data.run)) this.#want(data.run);
    }
    if (type === "approval.asked") announce(`${data.agent} wants to use ${data.tool} and waits for an approval.`);
    if (type === "approval.approved" || type === "approval.denied") announce(`@${data.by}: ${data.tool} ${type.slice(9)}.`);
    if (isRecall(type)) this.#refreshShown(); // tools may have read it
  }

  anew() {
    for (const run of this.#panels.keys()) this.#want(run);
  }

  #refreshShown() {
    for (const [run, panel] of this.#panels) if (panel) this.#want(run);
  }

  // After a time away, whatever was not over may be.
  #refreshOpen() {
    for (const run of this.#live) this.#want(run);
    for (const [run, panel] of this.#panels) if (panel?.querySelector("[data-approval]")) this.#want(run);
  }

  #want(run) {
    this.#wanted.add(run);
    if (!this.#isAsking) queueMicrotask(() => this.#ask());
  }

  async #ask() {
    if (this.#isAsking || !this.#wanted.size) return;
    this.#isAsking = true;
    const runs = [...this.#wanted].slice(0, AT_ONCE);
    runs.forEach((run) => this.#wanted.delete(run));
    try {
      const query = new URLSearchParams(runs.map((run) => ["run", run]));
      const response = await ask(`/rooms/${this.room.slug}/uses/?${query}`);
      if (!response.redirected) this.#draw(runs, await response.text());
    } catch {
      for (const run of runs) this.#live.add(run); // the next frame, or the next time the line comes up, asks again
    }
    this.#isAsking = false;
    this.#ask();
  }

  #draw(runs, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const run of runs) this.#put(run, template.content.querySelector(`[data-uses="${run}"]`));
    this.#look();
  }

  #put(run, fresh) {
    const old = this.#panels.get(run);
    if (old && fresh) fresh.querySelector("details").open = old.querySelector("details").open;
    const focus = old?.contains(document.activeElement) ? old.closest(".message") : null;
    this.#panels.set(run, fresh);
    if (old) this.steady(() => (fresh && old.isConnected ? old.replaceWith(fresh) : old.remove()));
    if (focus) (fresh?.querySelector("summary") ?? focus).focus({ preventScroll: true });
  }

  async #decide(event) {
    const card = event.target.closest("[data-approval]");
    if (!card) return;
    event.preventDefault();
    const buttons = [...card.querySelectorAll("button")];
    buttons.forEach((button) => (button.disabled = true));
    const { run } = card.closest(".message").dataset;
    try {
      await ask(`/api/v1/approvals/${card.dataset.approval}/`, { method: "POST", body: { decision: event.submitter.value } });
    } catch (refusal) {
      buttons.forEach((button) => (button.disabled = false));
      announce(refusal.sentence);
    }
    this.#want(run);
  }
}

function place(panel, article) {
  const after = article.querySelector(":scope > .message__body");
  after ? after.after(panel) : article.append(panel);
}
