// Who goes on talking, and where a day begins. The same rules as rooms/web/drawing.py has for the first drawing.

import { dayKey, dayName } from "./times.js";

const JOINED_WITHIN = 5 * 60 * 1000;
const QUIET = ["visible", "writing", "pending"];

export const isMessage = (element) => Boolean(element?.classList.contains("message"));
const momentOf = (article) => new Date(article.dataset.at);

// Look again at the place of one message: the separator above it, and whether it continues its neighbour.
export function regroup(article) {
  if (!isMessage(article)) return;
  const { above, separator, line } = surroundings(article);
  const moment = momentOf(article);
  const isNewDay = !above || dayKey(momentOf(above)) !== dayKey(moment);
  if (separator && isNewDay) separator.textContent = dayName(moment);
  else if (separator) separator.remove();
  else if (isNewDay) (line ?? article).before(daySeparator(moment));
  const quote = article.querySelector(":scope > .message__quote")?.dataset.quote;
  article.classList.toggle("is-answer", Boolean(quote && quote === above?.dataset.id)); // the eye sees what it answers
  article.classList.toggle("is-joined", Boolean(above && !isNewDay && !line && continues(above, article)));
}

function surroundings(article) {
  const found = { above: null, separator: null, line: null };
  for (let element = article.previousElementSibling; element; element = element.previousElementSibling) {
    if (isMessage(element)) return { ...found, above: element };
    if (element.matches("[data-day]")) found.separator = element;
    else if (element.matches(".new-line")) found.line = element;
  }
  return found;
}

function continues(above, article) {
  const [one, two] = [above.dataset, article.dataset];
  return (
    one.author === two.author &&
    momentOf(article) - momentOf(above) < JOINED_WITHIN &&
    !article.querySelector(":scope > .message__quote, .message__edited") &&
    whisperOf(above) === whisperOf(article) &&
    QUIET.includes(one.state) &&
    QUIET.includes(two.state)
  );
}

const whisperOf = (article) => article.querySelector(":scope > .message__whisper")?.textContent ?? "";

function daySeparator(moment) {
  const element = document.createElement("div");
  element.className = "day";
  element.setAttribute("role", "separator");
  element.dataset.day = "";
  element.textContent = dayName(moment);
  return element;
}
