// One room's events, each once and in order, over whatever gets through: WebSocket, else an event stream, else polling.
//
// Events: "frame" (detail: the frame), "up" (anew), "line" (detail: {state, transport, degraded}), "resync", "closed" (detail:
// reason), "elsewhere" (detail: a frame of a room that is only watched).
// States: "connecting", "live", "down".

import { Backoff } from "./backoff.js";
import { askJSON, unreachable } from "./http.js";
import { PollTransport, reasonOf, SocketTransport, StreamTransport } from "./transports.js";

const CLIMB_EVERY = 60000;
const LADDER = [SocketTransport, StreamTransport, PollTransport];

export class Feed extends EventTarget {
  #transport = null;
  #backoff = new Backoff();
  #rung = 0;
  #timers = new Set();
  #isOver = false;

  constructor({ room, after }) {
    super();
    this.room = room;
    this.seq = after;
    this.state = "connecting";
    this.degraded = false;
  }

  open() {
    this.#connect();
    addEventListener("online", () => this.again());
    addEventListener("offline", () => this.#transport?.down());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
    addEventListener("pagehide", () => this.#transport?.stop());
    addEventListener("pageshow", (event) => event.persisted && this.#restart());
  }

  // Somebody is looking: do not wait for the next turn.
  again() {
    if (this.state === "down" && !this.#isOver) this.#restart();
  }

  get transport() {
    return this.#transport?.name ?? "";
  }

  // What only a socket can do. Rejects with a passing Refusal where there is none; callers go through REST then.
  command(type, fields) {
    if (this.state !== "live" || !this.#transport?.command) return Promise.reject(unreachable());
    return this.#transport.command(type, { room: this.room, ...fields });
  }

  // Hear other rooms too, without being there: for the counts beside their names. A courtesy of sockets only.
  watch(rooms) {
    for (const room of rooms) this.#transport?.command?.("room.open", { room, quiet: true }).catch(() => {});
  }

  get hasSocket() {
    return this.state === "live" && Boolean(this.#transport?.command);
  }

  #connect() {
    this.#clearTimers();
    const Rung = LADDER[this.#rung];
    const transport = this.#make(Rung, {
      up: () => this.#up(transport),
      down: (why) => this.#down(why),
    });
    this.#transport = transport;
    transport.start();
  }

  #make(Rung, ends) {
    return new Rung({ room: this.room, after: () => this.seq, hear: (frame) => this.#hear(frame), ...ends });
  }

  #up() {
    this.#backoff.reset();
    this.#goLive();
    if (this.#rung > 0) this.#later(() => this.#climb(), CLIMB_EVERY);
  }

  // Try the top of the ladder while the lower rung holds; change over without a gap, since both count alike.
  #climb() {
    const lower = this.#transport;
    const socket = this.#make(SocketTransport, {
      up: () => {
        lower.stop();
        this.#rung = 0;
        this.#transport = socket;
        this.#goLive();
      },
      down: (why) => (this.#transport === socket ? this.#down(why) : this.#later(() => this.#climb(), CLIMB_EVERY)),
    });
    socket.start();
  }

  async #down(why) {
    if (this.#isOver) return;
    if (why === "closed") return this.#close("no_access");
    if (why === "signed-out") return this.#close("signed_out");
    const wasLive = this.state === "live";
    this.#setState("down");
    this.#rung = await this.#rungThatMayHold(wasLive);
    if (!this.#isOver) this.#later(() => this.#connect(), this.#backoff.next());
  }

  // A socket that never opened while plain requests get through is being stopped on the way: go one rung down.
  // When nothing gets through the server is away, and the next try begins at the top again.
  async #rungThatMayHold(wasLive) {
    if (wasLive) return this.#rung;
    try {
      const { results } = await askJSON(`/api/v1/rooms/${this.room}/events/?draw=1&after=${this.seq}`, { timeout: 5000 });
      results.forEach((frame) => this.#hear(frame));
      return Math.min(this.#rung + 1, LADDER.length - 1);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason) this.#close(reason === "closed" ? "no_access" : "signed_out");
      return 0;
    }
  }

  #hear(frame) {
    if (frame.type === "status" && !frame.room) return this.#setDegraded(frame.data.degraded);
    if (frame.room !== this.room) return this.#emit("elsewhere", frame);
    if (frame.type === "room.closed") return this.#close(frame.reason);
    if (frame.type === "resync") return this.#resync();
    if (frame.id !== undefined) {
      if (frame.id <= this.seq) return;
      if (frame.id > this.seq + 1) return this.#restart(); // a hole: what is missing is in the log
      this.seq = frame.id;
    }
    this.#emit("frame", frame);
  }

  #resync() {
    this.#transport?.stop();
    this.#clearTimers();
    this.#emit("resync");
  }

  // After a resync the page knows a new number to go on from.
  resume(after) {
    this.seq = after;
    this.#restart();
  }

  #restart() {
    this.#transport?.stop();
    this.#clearTimers();
    this.#setState("connecting");
    this.#later(() => this.#connect(), 0);
  }

  #close(reason) {
    this.#isOver = true;
    this.#transport?.stop();
    this.#clearTimers();
    this.state = "closed";
    this.#emit("closed", reason);
  }

  #goLive() {
    this.#setState("live");
    this.#emit("up");
  }

  #setDegraded(degraded) {
    this.degraded = degraded;
    this.#tellLine();
  }

  #setState(state) {
    this.state = state;
    this.#tellLine();
  }

  #tellLine() {
    this.#emit("line", { state: this.state, transport: this.transport, degraded: this.degraded });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #later(act, delay) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, delay);
    this.#timers.add(timer);
  }

  #clearTimers() {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
  }
}
