// What one may do with a message. One toolbar for the whole timeline: it goes to the message under the pointer or the focus.

import { announce } from "./announce.js";
import { ask } from "./http.js";
import { confirm } from "./dialogs.js";
import { Editor } from "./editor.js";
import { openSheet } from "./sheet.js";

const GONE = ["redacted", "withdrawn"];

export class Actions {
  #active = null;
  #tools;

  constructor({ room, timeline, composer }) {
    Object.assign(this, { room, timeline, composer });
    this.editor = new Editor();
    this.#tools = document.importNode(document.getElementById("message-tools").content, true).firstElementChild;
    const list = timeline.list;
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#activate(messageOf(event)));
    list.addEventListener("focusin", (event) => this.#activate(messageOf(event)));
    list.addEventListener("pointerleave", () => this.#tools.contains(document.activeElement) || this.#activate(null));
    list.addEventListener("click", (event) => this.#click(event));
    list.addEventListener("keydown", (event) => this.#key(event));
    timeline.addEventListener("put", ({ detail: { article, old } }) => old && old === this.#active && this.#activate(article, true));
    composer.addEventListener("edit-last", () => this.#editLast());
    document.addEventListener("shortcut", ({ detail }) => this.#shortcut(detail));
    document.getElementById("timeline").addEventListener("keydown", (event) => this.#enter(event));
  }

  // One may do other things than before.
  renew() {
    if (this.#active) this.#activate(this.#active, true);
  }

  // --- which message

  #activate(article, anew = false) {
    if (article === this.#active && !anew) return;
    this.#closeMenus();
    this.#active?.classList.remove("is-active");
    this.#active = article?.dataset.seq && !GONE.includes(article.dataset.state) ? article : null;
    if (!this.#active) return this.#tools.remove();
    this.#fit(this.#active);
    this.#offerLinks(this.#active);
    this.#active.append(this.#tools);
  }

  // Only what this reader may do with this message.
  #fit({ dataset: { author, state } }) {
    const isMine = author === this.room.me;
    const show = (selector, visible) => this.#tools.querySelectorAll(selector).forEach((item) => (item.hidden = !visible));
    show("[data-own]", isMine && state !== "writing" && this.room.may("post_message"));
    show("[data-others]", !isMine && this.room.may("report_message"));
    show("[data-moderators]", !isMine && this.room.may("moderate_message"));
    show("[data-action=open-react]", this.room.may("add_reaction"));
    show("[data-action=reply]", this.room.may("post_message") && state !== "writing");
    show("[data-action=edit]", isMine && ["visible", "held"].includes(state));
  }

  // What the message links to, as items of its menu.
  #offerLinks(article) {
    const menu = this.#tools.querySelector("[data-menu=more]");
    menu.querySelectorAll("[data-sheet]").forEach((old) => old.remove());
    menu.prepend(...[...article.querySelectorAll(".message__links a")].map((link) => link.cloneNode(true)));
  }

  #step(by) {
    const articles = this.timeline.settled.filter((article) => !article.classList.contains("is-folded"));
    const at = articles.indexOf(this.#active ?? document.activeElement.closest?.(".message"));
    const next = articles[at === -1 ? articles.length - 1 : Math.min(Math.max(at + by, 0), articles.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  #enter(event) {
    if (event.target.id === "timeline" && event.key === "ArrowUp") {
      event.preventDefault();
      this.#step(0);
    }
  }

  #key(event) {
    const article = event.target.closest(".message");
    if (event.key === "Escape" && this.#closeMenus()) return event.stopPropagation();
    if (event.target !== article) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this.#step(event.key === "ArrowUp" ? -1 : 1);
    }
  }

  #shortcut(event) {
    const { key } = event;
    if (key === "j" || key === "k") return this.#step(key === "j" ? 1 : -1);
    if (key === "End") return this.timeline.paging.toEnd();
    const focused = document.activeElement.closest?.(".message") ?? this.#active;
    if (!focused) return;
    const action = { r: "reply", e: "open-react", ".": "open-more" }[key];
    const button = action && this.#tools.querySelector(`[data-action=${action}]`);
    if (!button || button.hidden) return;
    event.preventDefault();
    this.#activate(focused);
    this.#do(action, focused, button);
  }

  // --- what with it

  #click(event) {
    const quote = event.target.closest("[data-quote]");
    if (quote) return this.#goTo(event, quote.dataset.quote);
    const link = event.target.closest("[data-sheet]");
    if (link) return this.#sheet(event, link);
    const button = event.target.closest("[data-action]");
    const article = messageOf(event);
    if (button && article) return this.#do(button.dataset.action, article, button);
    if (article && !event.target.closest("a, button, input, textarea")) this.#activate(article);
  }

  #do(action, article, button) {
    const acts = {
      "open-react": () => this.#openMenu("react", button),
      "open-more": () => this.#openMenu("more", button),
      react: () => this.#react(article, button),
      reply: () => this.composer.replyTo(article),
      edit: () => this.editor.open(article),
      copy: () => this.#copy(article),
      link: () => this.#copyLink(article),
      report: () => this.#report(article),
      branch: () => this.#branch(article),
      withdraw: () => this.#withdraw(article),
      redact: () => this.#redact(article),
    };
    acts[action]?.();
  }

  #openMenu(name, button) {
    const menu = this.#tools.querySelector(`[data-menu=${name}]`);
    const isOpen = !menu.hidden;
    this.#closeMenus();
    if (isOpen) return;
    menu.hidden = false;
    const timeline = document.getElementById("timeline").getBoundingClientRect();
    const below = timeline.bottom - this.#tools.getBoundingClientRect().bottom;
    menu.classList.toggle("opens-up", below < menu.offsetHeight + 16);
    button.setAttribute("aria-expanded", "true");
    menu.querySelector("a, button:not([hidden])").focus({ preventScroll: true });
  }

  #closeMenus() {
    const open = [...this.#tools.querySelectorAll("[data-menu]:not([hidden])")];
    const focusInside = open.some((menu) => menu.contains(document.activeElement));
    for (const menu of open) {
      menu.hidden = true;
      const button = this.#tools.querySelector(`[data-action=open-${menu.dataset.menu}]`);
      button.setAttribute("aria-expanded", "false");
      if (focusInside) button.focus({ preventScroll: true });
    }
    return open.length > 0;
  }

  #react(article, { dataset: { emoji } }) {
    const mark = [...article.querySelectorAll(".reaction")].find((button) => button.dataset.emoji === emoji);
    const method = mark?.getAttribute("aria-pressed") === "true" ? "DELETE" : "POST";
    this.#closeMenus();
    return this.#try(ask(`/api/v1/messages/${article.dataset.id}/reactions/${encodeURIComponent(emoji)}/`, { method }));
  }

  async #copy(article) {
    this.#closeMenus();
    const response = await this.#try(ask(`/api/v1/messages/${article.dataset.id}/`));
    if (response) this.#clip((await response.json()).body, "The text is copied.");
  }

  #branch(article) {
    this.#closeMenus();
    return this.#try(openSheet({ href: `/messages/${article.dataset.id}/branch/`, textContent: "Ask it in other words" }));
  }

  #copyLink(article) {
    this.#closeMenus();
    this.#clip(new URL(article.querySelector("time a").href).href, "The link is copied.");
  }

  async #clip(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      announce(done);
    } catch {
      announce("This browser does not let pages copy.");
    }
  }

  #report(article) {
    this.#closeMenus();
    const dialog = document.getElementById("report");
    const reason = dialog.querySelector("textarea");
    reason.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", async () => {
      if (dialog.returnValue !== "send") return;
      const sent = await this.#try(ask(`/api/v1/messages/${article.dataset.id}/report/`, { method: "POST", body: { reason: reason.value } }));
      if (sent) announce("The moderators will look at it.");
    }, { once: true });
  }

  async #withdraw(article) {
    this.#closeMenus();
    const sure = await confirm({ title: "Take this back?", text: "Its words are gone for everybody, for good.", yes: "Take back" });
    if (sure) this.#delete(article);
  }

  async #redact(article) {
    this.#closeMenus();
    const sure = await confirm({ title: `Remove what ${article.dataset.name} said?`, text: "Its words are gone for everybody, for good.", yes: "Remove" });
    if (sure) this.#delete(article);
  }

  #delete(article) {
    return this.#try(ask(`/api/v1/messages/${article.dataset.id}/`, { method: "DELETE" }));
  }

  #editLast() {
    const mine = this.timeline.settled.filter(({ dataset }) => dataset.author === this.room.me && dataset.state === "visible");
    if (mine.length) this.editor.open(mine.at(-1));
  }

  #sheet(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a tab of its own
    event.preventDefault();
    this.#closeMenus();
    this.#try(openSheet(link));
  }

  #goTo(event, id) {
    const article = this.timeline.find(id);
    if (!article) return; // the link leads to the page that has it
    event.preventDefault();
    article.scrollIntoView({ block: "center" });
    article.classList.add("is-found");
    article.focus({ preventScroll: true });
    setTimeout(() => article.classList.remove("is-found"), 2500);
  }

  async #try(request) {
    try {
      return await request;
    } catch (refusal) {
      this.composer.complain(refusal.sentence);
      return null;
    }
  }
}

const messageOf = (event) => event.target.closest(".message[data-seq]");
