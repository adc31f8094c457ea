// Comforts for plain forms: a question first, copying a secret, a choice that saves itself, no second sending, and what
// came of a form is seen.

import { confirm } from "./dialogs.js";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const { confirm: title, confirmText: text, confirmYes: yes } = form.dataset;
  if (!title) return holdButtons(event);
  event.preventDefault();
  if (await confirm({ title, text, yes })) {
    delete form.dataset.confirm;
    form.requestSubmit();
  }
});

// A page that came back begins where its form is wrong, or with what is shown this once, however far down that is.
document.querySelector("main :is([aria-invalid=true], .field--wrong input, .secret input)")?.focus();

// A double click is one intention.
function holdButtons(event) {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const buttons = [...event.target.elements].filter((element) => element.type === "submit");
  setTimeout(() => buttons.forEach((button) => (button.disabled = true)));
  setTimeout(() => buttons.forEach((button) => (button.disabled = false)), 4000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.querySelector(button.dataset.copy);
  field.select();
  await navigator.clipboard?.writeText(field.value).catch(() => document.execCommand("copy"));
  button.textContent = "Copied";
});

for (const select of document.querySelectorAll("select[data-autosubmit]")) {
  const button = select.form.querySelector("button");
  button.hidden = true;
  select.addEventListener("change", () => (button.hidden = false));
}
