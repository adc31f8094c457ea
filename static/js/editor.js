// Saying it differently: the message becomes its own little form, and gives the words back if that is refused.

import { ask, askJSON } from "./http.js";
import { grow } from "./composer.js";

export class Editor {
  async open(article) {
    if (article.querySelector(".message__edit")) return;
    const { body } = await askJSON(`/api/v1/messages/${article.dataset.id}/`).catch(() => ({}));
    if (body === undefined || !article.isConnected) return;
    const form = document.importNode(document.getElementById("edit-message").content, true).firstElementChild;
    const area = form.querySelector("textarea");
    area.id = `edit-${article.dataset.id}`;
    form.querySelector("label").htmlFor = area.id;
    area.value = body;
    article.querySelector(".message__body").after(form);
    const close = () => {
      const home = form.closest(".message"); // the article may have been drawn anew meanwhile
      form.remove();
      home?.focus({ preventScroll: true });
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(article.dataset.id, form, area, body, close);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === area) {
        event.preventDefault();
        form.requestSubmit();
      }
      event.stopPropagation();
    });
    form.addEventListener("click", (event) => event.target.closest("[data-action=cancel-edit]") && close());
    area.addEventListener("input", () => grow(area));
    grow(area);
    area.focus();
    area.setSelectionRange(body.length, body.length);
    form.scrollIntoView({ block: "nearest" });
  }

  async #save(id, form, area, before, close) {
    if (area.value === before) return close();
    const error = form.querySelector("[role=alert]");
    error.hidden = true;
    try {
      await ask(`/api/v1/messages/${id}/`, { method: "PATCH", body: { body: area.value } });
      close(); // the feed brings the new words
      document.getElementById("composer-body")?.focus({ preventScroll: true });
    } catch (refusal) {
      error.textContent = refusal.sentence;
      error.hidden = false;
      area.focus();
    }
  }
}
