// Files for the message being written: chosen, pasted or dropped; uploaded at once, each shown with what became of it.
//
// Event: "change", whenever what waits has changed.

import { announce } from "./announce.js";
import { ask, askJSON, upload } from "./http.js";

export class Attach extends EventTarget {
  #waiting = new Map(); // the element of each file → { facts } once it is uploaded, { request } until then
  #describing = new Set();

  constructor({ room, form, drafts, complain }) {
    super();
    Object.assign(this, { room, form, drafts, complain });
    this.list = document.getElementById("composer-files");
    this.chooser = form.elements.files;
    this.#listen();
    this.put(drafts.files);
  }

  get count() {
    return this.#waiting.size;
  }

  get isBusy() {
    return [...this.#waiting.values()].some(({ request }) => request);
  }

  // Words about a picture that are still on their way to it; null when there are none.
  get described() {
    return this.#describing.size ? Promise.allSettled([...this.#describing]) : null;
  }

  get hasRefused() {
    return Boolean(this.list.querySelector(".is-refused"));
  }

  // What is ready to be sent; from now on it is the message's.
  take() {
    const files = this.ready;
    this.#waiting.clear();
    this.list.replaceChildren();
    this.#changed();
    return files;
  }

  // Files that are uploaded already: after a reload, or back from a message that was not sent.
  put(files = []) {
    for (const facts of files) this.#settle(this.#draw(facts.name), facts);
  }

  // Uploaded, and not refused.
  get ready() {
    return [...this.#waiting.values()].map(({ facts }) => facts).filter(Boolean);
  }

  #listen() {
    this.form.querySelector(".composer__attach").addEventListener("click", () => this.chooser.click());
    this.chooser.addEventListener("change", () => {
      this.#add(this.chooser.files);
      this.chooser.value = "";
    });
    this.form.elements.body.addEventListener("paste", (event) => this.#paste(event));
    this.list.addEventListener("click", (event) => {
      if (event.target.closest("[data-remove]")) this.#remove(event.target.closest("li"));
    });
    this.list.addEventListener("change", ({ target }) => {
      const work = this.#describe(target).finally(() => this.#describing.delete(work));
      this.#describing.add(work);
    });
    this.list.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      this.form.elements.body.focus();
    });
    this.#listenToDrops(this.form.closest(".talk"));
  }

  // Programs put a picture beside the text they copy: then the text is meant.
  #paste(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.#add(files);
  }

  #listenToDrops(place) {
    const bringsFiles = (event) => event.dataTransfer?.types.includes("Files");
    const show = (is) => place.classList.toggle("is-dropping", is);
    place.addEventListener("dragover", (event) => {
      if (!bringsFiles(event)) return;
      event.preventDefault();
      show(true);
    });
    place.addEventListener("dragleave", (event) => place.contains(event.relatedTarget) || show(false));
    place.addEventListener("drop", (event) => {
      show(false);
      if (!bringsFiles(event)) return;
      event.preventDefault();
      this.#add(event.dataTransfer.files);
    });
  }

  #add(files) {
    if (this.isClosed) return;
    const most = Number(this.form.dataset.mostFiles);
    for (const file of files) {
      if (this.count >= most) return this.complain(`A message carries ${most} files at most.`);
      this.#upload(file);
    }
  }

  async #upload(file) {
    const item = this.#draw(file.name);
    const most = Number(this.form.dataset.mostBytes);
    if (file.size > most) return this.#refuse(item, `It is larger than ${Math.floor(most / 1024 / 1024)} MB.`);
    const body = new FormData();
    body.append("file", file);
    const request = new AbortController();
    this.#waiting.set(item, { request });
    this.#changed();
    const progress = item.querySelector("progress");
    progress.hidden = false;
    try {
      const path = `/api/v1/rooms/${this.room.slug}/attachments/`;
      this.#settle(item, await upload(path, body, { signal: request.signal, progress: (part) => (progress.value = part) }));
      announce(`${file.name} is attached.`);
    } catch (refusal) {
      if (!request.signal.aborted) this.#refuse(item, refusal.sentence);
    }
  }

  #settle(item, facts) {
    if (!item.isConnected) return this.#forget(facts); // it was removed meanwhile
    this.#waiting.set(item, { facts });
    item.querySelector("progress").hidden = true;
    item.querySelector(".waiting__name").textContent = facts.name;
    item.querySelector(".waiting__state").textContent = facts.thumbnail ? "" : sizeOf(facts.size);
    if (facts.thumbnail) this.#show(item, facts);
    this.#changed();
  }

  #show(item, facts) {
    const image = new Image();
    image.alt = "";
    image.src = facts.thumbnail;
    item.querySelector(".waiting__face").replaceChildren(image);
    const about = item.querySelector("input");
    about.hidden = false;
    about.value = facts.alt;
    about.setAttribute("aria-label", `Describe ${facts.name}`);
  }

  async #describe(field) {
    const waiting = this.#waiting.get(field.closest("li"));
    if (!waiting?.facts) return;
    const { id } = waiting.facts;
    try {
      waiting.facts = await askJSON(`/api/v1/attachments/${id}/`, { method: "PATCH", body: { alt: field.value } });
      this.#changed();
    } catch (refusal) {
      this.complain(refusal.sentence);
    }
  }

  #refuse(item, sentence) {
    this.#waiting.set(item, {});
    item.classList.add("is-refused");
    item.querySelector("progress").hidden = true;
    item.querySelector(".waiting__state").textContent = sentence;
    announce(`${item.querySelector(".waiting__name").textContent} was not attached. ${sentence}`);
    this.#changed();
  }

  #remove(item) {
    const { facts, request } = this.#waiting.get(item) ?? {};
    this.#waiting.delete(item);
    request?.abort();
    if (facts) this.#forget(facts);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    (next?.querySelector("[data-remove]") ?? this.form.elements.body).focus();
    this.#changed();
  }

  #forget({ id }) {
    ask(`/api/v1/attachments/${id}/`, { method: "DELETE" }).catch(() => {}); // what stays is forgotten in a day
  }

  #draw(name) {
    const item = document.importNode(document.getElementById("waiting-file").content, true).firstElementChild;
    item.querySelector(".waiting__name").textContent = name;
    item.querySelector("[data-remove]").setAttribute("aria-label", `Remove ${name}`);
    this.list.append(item);
    return item;
  }

  #changed() {
    this.drafts.files = this.ready;
    this.dispatchEvent(new Event("change"));
  }
}

// Attached files as they look in a message that is on its way.
export function drawAttached(files) {
  const list = document.createElement("ul");
  list.className = "attachments";
  list.append(
    ...files.map(({ name, alt, thumbnail }) => {
      const item = document.createElement("li");
      if (!thumbnail) {
        item.className = "attachment attachment--file";
        item.textContent = name;
        return item;
      }
      const image = new Image(120);
      image.alt = alt || name;
      image.src = thumbnail;
      item.className = "attachment--image";
      item.append(image);
      return item;
    }),
  );
  return list;
}

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
