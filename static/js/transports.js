// The three rungs of the ladder. Each delivers frames to `hear`, says `up` once it is known to work, and `down` once, at
// its end. `stop()` ends it silently. All three count the same numbers, so one can go on where another broke off.

import { askJSON, Refusal, unreachable } from "./http.js";

const PATIENCE = 6000;
const PING_EVERY = 20000;
const PONG_WITHIN = 10000;

class Transport {
  #isDown = false;

  constructor({ room, after, hear, up, down }) {
    Object.assign(this, { room, after, hear, up });
    this.tellDown = down;
  }

  down(why = "") {
    if (this.#isDown) return;
    this.stop();
    this.tellDown(why);
  }

  stop() {
    this.#isDown = true;
  }

  get isStopped() {
    return this.#isDown;
  }
}

export class SocketTransport extends Transport {
  name = "socket";
  #socket;
  #refs = 0;
  #waiting = new Map();
  #timers = [];
  #heardAt = 0;

  start() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(`${scheme}//${location.host}/ws/`);
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = (event) => this.down(event.code === 4401 ? "signed-out" : "");
    this.#timers.push(setTimeout(() => this.#isOpen || this.down(), PATIENCE));
  }

  #isOpen = false;

  async #open() {
    try {
      await this.command("room.open", { room: this.room, after: this.after(), draw: true });
      this.#isOpen = true;
      this.#timers.push(setInterval(() => this.#ping(), PING_EVERY));
      this.up();
    } catch (refusal) {
      this.down(refusal.code === "not_found" || refusal.code === "forbidden" ? "closed" : "");
    }
  }

  // A connection that some box on the way forgot says nothing: so it is asked.
  #ping() {
    const asked = Date.now();
    this.#socket.send(JSON.stringify({ type: "ping" }));
    this.#timers.push(setTimeout(() => this.#heardAt < asked && this.down(), PONG_WITHIN));
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    const waiting = frame.ref !== undefined && this.#waiting.get(frame.ref);
    if (waiting) {
      this.#waiting.delete(frame.ref);
      if (frame.type === "error") waiting.reject(new Refusal(frame, statusOf(frame.code)));
      else waiting.resolve(frame.data);
    } else if (frame.type !== "pong" && !this.isStopped) {
      this.hear(frame);
    }
  }

  command(type, fields, timeout = 10000) {
    const ref = String(++this.#refs);
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return reject(unreachable());
      this.#waiting.set(ref, { resolve, reject });
      this.#socket.send(JSON.stringify({ type, ref, ...fields }));
      setTimeout(() => this.#waiting.delete(ref) && reject(unreachable()), timeout);
    });
  }

  stop() {
    super.stop();
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
    this.#socket.close();
    for (const { reject } of this.#waiting.values()) reject(unreachable());
    this.#waiting.clear();
  }
}

const STATUS = { invalid: 400, not_authenticated: 401, forbidden: 403, not_found: 404, conflict: 409, too_large: 413, refused: 422,
  rate_limited: 429, quota_exceeded: 429, unavailable: 503 };
const statusOf = (code) => STATUS[code] ?? 500;

const eventsOf = (room, after) => `/api/v1/rooms/${room}/events/?draw=1&after=${after}`;

export class StreamTransport extends Transport {
  name = "stream";
  #source;
  #timer;

  start() {
    this.#source = new EventSource(eventsOf(this.room, this.after()));
    this.#source.onopen = () => {
      clearTimeout(this.#timer);
      this.up();
    };
    this.#source.onmessage = (event) => this.isStopped || this.hear(JSON.parse(event.data));
    this.#source.onerror = () => this.down(); // coming back is ours to do: with jitter, and on the right rung
    this.#timer = setTimeout(() => this.down(), PATIENCE);
  }

  stop() {
    super.stop();
    clearTimeout(this.#timer);
    this.#source.close();
  }
}

export class PollTransport extends Transport {
  name = "poll";
  #controller = new AbortController();

  async start() {
    let wait = 0;
    while (!this.isStopped) {
      try {
        const path = `${eventsOf(this.room, this.after())}&wait=${wait}`;
        const { results } = await askJSON(path, { signal: this.#controller.signal, timeout: (wait + 15) * 1000 });
        if (this.isStopped) return;
        if (!wait) this.up();
        wait = 25;
        results.forEach((frame) => this.hear(frame));
      } catch (error) {
        if (!this.isStopped) this.down(reasonOf(error));
      }
    }
  }

  stop() {
    super.stop();
    this.#controller.abort();
  }
}

export function reasonOf(error) {
  if (error.status === 401) return "signed-out";
  return error.status === 404 || error.status === 403 ? "closed" : "";
}
