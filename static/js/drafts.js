// What somebody began to say, and what could not be sent yet: kept on their own device, per room.

const DAY = 24 * 3600 * 1000;

export class Drafts {
  constructor({ me, slug }) {
    this.draftKey = `draft:${me}:${slug}`;
    this.filesKey = `files:${me}:${slug}`;
    this.outboxKey = `outbox:${me}:${slug}`;
  }

  get text() {
    return read(this.draftKey) ?? "";
  }

  set text(text) {
    write(this.draftKey, text.trim() ? text : null);
  }

  // Uploaded for the message being written; the server keeps them for a day.
  get files() {
    const { at, files } = read(this.filesKey) ?? {};
    return at > Date.now() - DAY ? files : [];
  }

  set files(files) {
    write(this.filesKey, files.length ? { at: Date.now(), files } : null);
  }

  get outbox() {
    return read(this.outboxKey) ?? [];
  }

  keep(letter) {
    write(this.outboxKey, [...this.outbox.filter(({ client }) => client !== letter.client), letter]);
  }

  forget(client) {
    const left = this.outbox.filter((letter) => letter.client !== client);
    write(this.outboxKey, left.length ? left : null);
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // a full or forbidden store: the text is still on the page
  }
}
