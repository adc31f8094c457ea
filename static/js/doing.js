// What the agents are doing: beside each in the list of members, and in one line above the composer.

import { askJSON } from "./http.js";
import { clockTime } from "./times.js";

const WORDS = {
  reading: "reading",
  thinking: "thinking",
  using_tool: "using a tool",
  writing: "writing",
  waiting_for_approval: "waiting for approval",
  paused: "paused",
  failing: "failing",
};
const AT_WORK = new Set(["reading", "thinking", "using_tool", "writing"]);
const ENDS = new Set(["message.finished", "message.interrupted", "message.withdrawn", "message.redacted"]);
const SWITCHES = new Set(["agents.paused", "agents.resumed", "agents.switched", "seat.added", "seat.changed"]);
const SOON = 100;
const SPREAD = 400;
const SETTLES = 250; // what lasts no longer than this is not worth a line that jumps
const LAPSES = 300_000; // no answer takes longer: the frame that told its end was lost

export class Doing {
  #agents = new Map();
  #held = new Set(); // who was paused at the last look: the end of a turn is not the end of that
  #timer;
  #looking;

  constructor({ room, feed, people }) {
    this.room = room;
    this.people = people;
    this.line = document.getElementById("doing");
    feed.addEventListener("up", () => this.#look());
    if (people.panel) new MutationObserver(() => this.#drawPanel()).observe(people.panel, { childList: true });
  }

  hear({ type, data }) {
    if (type === "status" && data.agent) return this.#told(data);
    if (SWITCHES.has(type)) return this.#lookSoon();
    if (ENDS.has(type)) this.#set(data.message?.author?.username, "idle", "", { known: true });
    if (type === "seat.removed") this.#set(data.agent, "idle");
  }

  // Of a failure the frame says no more than that there was one.
  #told({ agent, status, detail }) {
    this.#set(agent, status, detail);
    if (status === "failing") this.#lookSoon();
  }

  // Everybody here is told at once, and not all of them ask at once.
  #lookSoon() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), SOON + Math.random() * SPREAD);
  }

  async #look() {
    try {
      const { results } = await askJSON(`/api/v1/rooms/${this.room.slug}/agents/`);
      this.#forgetAll();
      this.#held = new Set(results.filter(({ status }) => status === "paused").map(({ agent }) => agent.username));
      for (const { agent, status, status_detail: detail, status_since: since } of results) {
        this.#set(agent.username, status, detail, { since });
      }
    } catch {
      // whoever may not see who sits here hears of them as it happens
    }
  }

  #forgetAll() {
    this.#agents.forEach(({ lapse }) => clearTimeout(lapse));
    this.#agents.clear();
    this.#drawSoon();
  }

  #set(name, status, detail = "", { known = false, since = null } = {}) {
    if (!name || (known && !AT_WORK.has(this.#agents.get(name)?.status))) return;
    if (status === "idle" && this.#held.has(name)) return this.#lookSoon();
    clearTimeout(this.#agents.get(name)?.lapse);
    if (WORDS[status] || detail) {
      const lapse = AT_WORK.has(status) ? setTimeout(() => this.#set(name, "idle"), LAPSES) : undefined;
      this.#agents.set(name, { status, detail, since, lapse });
    } else {
      this.#agents.delete(name);
    }
    this.#drawSoon();
  }

  #drawSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drawPanel();
      this.#drawLine();
    }, SETTLES);
  }

  #drawPanel() {
    for (const row of this.people.panel?.querySelectorAll('.person[data-kind="agent"]') ?? []) {
      const found = this.#agents.get(row.dataset.username);
      row.querySelector(".doing")?.remove();
      if (!found) continue;
      const words = document.createElement("span");
      words.className = `doing doing--${found.status}`;
      words.textContent = words.title = inWords(found);
      row.lastElementChild.append(words);
    }
  }

  #drawLine() {
    const busy = [...this.#agents].filter(([, { status }]) => AT_WORK.has(status) || status === "waiting_for_approval");
    const sentence = sentenceOf(busy.map(([name, found]) => `${this.#nameOf(name)} is ${inWords(found)}`));
    if (this.line && this.line.textContent !== sentence) this.line.textContent = sentence;
  }

  #nameOf(username) {
    return this.people.all.find((person) => person.username === username)?.name ?? username;
  }
}

function inWords({ status, detail, since }) {
  if (status === "paused" && detail) return detail.startsWith("by ") ? `paused ${detail}` : detail;
  const doing = [WORDS[status], since && `since ${clockTime(new Date(since))}`].filter(Boolean).join(" ");
  return [doing, detail].filter(Boolean).join(": ");
}

function sentenceOf(parts) {
  if (parts.length > 2) return `${parts.length} agents are at work…`;
  return parts.length ? `${parts.join(", ")}…` : "";
}
