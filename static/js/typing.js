// Who is typing: said at most every three seconds, and shown until it lapses or the message is there.

const SAY_EVERY = 3000;

export class Typing {
  #people = new Map();
  #saidAt = 0;

  constructor({ room, feed }) {
    this.room = room;
    this.feed = feed;
    this.element = document.getElementById("typing");
  }

  say() {
    if (!this.feed.hasSocket || Date.now() - this.#saidAt < SAY_EVERY) return;
    this.#saidAt = Date.now();
    this.feed.command("typing", {}).catch(() => {});
  }

  // The message is out: the next one may be announced at once.
  said() {
    this.#saidAt = 0;
  }

  hear({ type, data }) {
    if (type === "typing" && data.user.username !== this.room.me) this.#show(data.user, data.expires_in * 1000);
    if (type === "message.posted" || type === "message.started") this.#hide(data.message?.author?.username);
  }

  #show({ username, display_name: name }, lasts) {
    clearTimeout(this.#people.get(username)?.timer);
    this.#people.set(username, { name, timer: setTimeout(() => this.#hide(username), lasts) });
    this.#draw();
  }

  #hide(username) {
    clearTimeout(this.#people.get(username)?.timer);
    if (this.#people.delete(username)) this.#draw();
  }

  #draw() {
    const names = [...this.#people.values()].map(({ name }) => name);
    this.element.textContent = sentence(names);
  }
}

function sentence(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing…`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`;
  return "Several people are typing…";
}
