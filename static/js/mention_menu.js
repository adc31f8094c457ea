// @: a list of the people and agents of the room, worked from the keyboard without leaving the text.

import { announce } from "./announce.js";

const MOST = 8;
const TRIGGER = /(^|[\s(])@([\w.-]{0,32})$/;

export class MentionMenu {
  #options = [];
  #at = -1;

  constructor({ input, element, people }) {
    Object.assign(this, { input, element, people });
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-haspopup", "listbox");
    input.setAttribute("aria-controls", element.id);
    input.addEventListener("input", () => this.#look());
    input.addEventListener("click", () => this.#look());
    input.addEventListener("blur", () => setTimeout(() => this.#close(), 150));
    input.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("mousedown", (event) => this.#click(event));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  #look() {
    const typed = this.#typed();
    const found = typed === null ? [] : this.#matches(typed.toLowerCase());
    if (!found.length) return this.#close();
    this.#draw(found);
  }

  #typed() {
    const { selectionStart: start, selectionEnd: end, value } = this.input;
    if (start !== end) return null;
    return TRIGGER.exec(value.slice(0, start))?.[2] ?? null;
  }

  #matches(typed) {
    const rank = ({ username, name }) => {
      const words = name.toLowerCase();
      if (username.startsWith(typed)) return 0;
      if (words.startsWith(typed)) return 1;
      return words.includes(typed) || username.includes(typed) ? 2 : 9;
    };
    const ranked = this.people.all.map((person) => ({ person, rank: rank(person) })).filter(({ rank }) => rank < 9);
    return ranked.sort((a, b) => a.rank - b.rank).slice(0, MOST).map(({ person }) => person);
  }

  #draw(found) {
    const wasOpen = this.isOpen;
    this.#options = found;
    this.element.replaceChildren(...found.map((person, index) => option(person, index)));
    this.element.hidden = false;
    this.#move(0);
    if (!wasOpen) announce(`${found.length} to choose from. Arrow keys, then Enter.`);
  }

  #move(to) {
    this.#at = (to + this.#options.length) % this.#options.length;
    [...this.element.children].forEach((child, index) => child.setAttribute("aria-selected", String(index === this.#at)));
    const selected = this.element.children[this.#at];
    this.input.setAttribute("aria-activedescendant", selected.id);
    selected.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (!this.isOpen || event.isComposing) return;
    const acts = {
      ArrowDown: () => this.#move(this.#at + 1),
      ArrowUp: () => this.#move(this.#at - 1),
      Enter: () => this.#choose(this.#at),
      Tab: () => this.#choose(this.#at),
      Escape: () => this.#close(),
    };
    if (!acts[event.key] || event.shiftKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  #click(event) {
    const chosen = event.target.closest("[role=option]");
    if (!chosen) return;
    event.preventDefault();
    this.#choose(Number(chosen.dataset.index));
  }

  #choose(index) {
    const { username } = this.#options[index];
    const end = this.input.selectionStart;
    const start = this.input.value.slice(0, end).lastIndexOf("@");
    this.input.setRangeText(`@${username} `, start, end, "end");
    this.#close();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.input.focus();
  }

  #close() {
    this.element.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }
}

function option({ username, name, kind }, index) {
  const element = document.createElement("li");
  element.setAttribute("role", "option");
  element.id = `mention-${index}`;
  element.dataset.index = index;
  const words = document.createElement("span");
  words.textContent = name;
  const sub = document.createElement("span");
  sub.className = "sub";
  sub.textContent = kind === "agent" ? `@${username} · agent` : `@${username}`;
  element.append(words, sub);
  return element;
}
