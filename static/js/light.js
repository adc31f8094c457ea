// Text that is still being written, with the least of its marks drawn: bold and code. The marks themselves stay in the
// text, unseen, so that its length remains what the server counts.

const MARKED = /(\*\*)([^*\n]+)\*\*|(`)([^`\n]+)`/g;

export class LightText {
  #line = "";
  #tail = document.createElement("span");

  constructor(element) {
    this.element = element;
    const text = element.textContent;
    element.replaceChildren(this.#tail);
    this.length = 0;
    this.append(text);
  }

  append(text) {
    this.length += [...text].length;
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop();
    for (const line of lines) this.#tail.before(...drawn(`${line}\n`));
    this.#tail.replaceChildren(...drawn(this.#line));
  }
}

function drawn(line) {
  const pieces = [];
  let end = 0;
  for (const match of line.matchAll(MARKED)) {
    const [whole, , bold, , code] = match;
    pieces.push(line.slice(end, match.index), bold ? element("strong", bold, "**") : element("code", code, "`"));
    end = match.index + whole.length;
  }
  return [...pieces, line.slice(end)];
}

function element(name, words, mark) {
  const made = document.createElement(name);
  made.append(unseen(mark), words, unseen(mark));
  return made;
}

function unseen(mark) {
  const span = document.createElement("span");
  span.hidden = true;
  span.textContent = mark;
  return span;
}
