// Who is to answer one message, and how: the fold beside the button that sends. Its fields are the form's own, so that
// they are sent without scripts too; here they become the wish that goes with a message.

export class Asking extends EventTarget {
  constructor(form) {
    super();
    this.form = form;
    document.addEventListener("click", (event) => {
      if (this.fold && !this.fold.contains(event.target)) this.fold.open = false;
    });
    this.#begin();
  }

  // The agents here, or how they go about things, are others now. What was chosen stays chosen.
  renew(place) {
    const { fold, wish } = this;
    const focus = fold?.contains(document.activeElement) ? selectorOf(document.activeElement) : "";
    place();
    if (fold?.isConnected) return;
    this.#begin();
    if (this.fold && fold) this.fold.open = fold.open;
    if (wish) this.take(wish);
    if (focus) (this.fold?.querySelector(focus) ?? this.fold?.querySelector("summary") ?? this.form.elements.body).focus({ preventScroll: true });
  }

  #begin() {
    this.fold = document.getElementById("asking");
    if (!this.fold) return;
    this.words = this.fold.querySelector("[data-asking-words]");
    this.usual = this.#ways[0].dataset.short;
    this.fold.addEventListener("change", () => this.#changed());
    this.fold.addEventListener("keydown", (event) => this.#key(event));
    this.fold.querySelector("[data-asking-reset]").addEventListener("click", () => this.take(null));
    this.#draw();
  }

  // What was chosen, or null for the usual.
  get wish() {
    if (!this.fold) return null;
    const way = this.#ways.find((one) => one.checked)?.value ?? "";
    const agents = this.#agents.filter((one) => one.checked).map((one) => one.value);
    const [reviewed, plans] = ["ask_reviewed", "ask_plans"].map((name) => this.#box(name));
    const wish = {
      ...(way && { coordination: way }),
      ...(agents.length && { agents }),
      ...(reviewed && { reviewed }),
      ...(plans && { approves_plans: plans }),
    };
    return Object.keys(wish).length ? wish : null;
  }

  // For one message: after it, all is as usual. A message that comes back brings its wish.
  take(wish) {
    if (!this.fold) return;
    for (const one of this.#ways) one.checked = one.value === (wish?.coordination ?? "");
    for (const one of this.#agents) one.checked = Boolean(wish?.agents?.includes(one.value));
    for (const [name, key] of [["ask_reviewed", "reviewed"], ["ask_plans", "approves_plans"]]) {
      const box = this.form.elements[name];
      if (!box.disabled) box.checked = Boolean(wish?.[key]);
    }
    this.#changed();
  }

  close() {
    if (this.fold) this.fold.open = false;
  }

  get #ways() {
    return [...this.fold.querySelectorAll("[name=ask_way]")];
  }

  get #agents() {
    return [...this.fold.querySelectorAll("[name=ask_agents]")];
  }

  #box(name) {
    const box = this.form.elements[name];
    return box.checked && !box.disabled;
  }

  #changed() {
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    const wish = this.wish;
    const short = this.#ways.find((one) => one.checked)?.dataset.short ?? this.usual;
    const names = this.#agents.filter((one) => one.checked).map((one) => one.dataset.name);
    this.words.textContent = [short, names.join(", ")].filter(Boolean).join(": ");
    this.fold.classList.toggle("is-chosen", Boolean(wish));
  }

  #key(event) {
    if (event.key === "Escape" && this.fold.open) {
      event.stopPropagation();
      this.close();
      this.fold.querySelector("summary").focus();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault(); // one chooses with the space bar; Enter goes on writing
      this.close();
      this.form.elements.body.focus();
    }
  }
}

const selectorOf = ({ name, value }) => (name ? `[name="${name}"][value="${CSS.escape(value)}"]` : "summary");
