// The agent beside its form: says when the form has gone on without it, and takes the form over where the talk stands.

import { cookie } from "./http.js";

const form = document.getElementById("agent-form");
const state = document.getElementById("trial-state");
const top = state.closest(".pane__top");

const said = () => new URLSearchParams(new FormData(form)).toString();
let taken = said();

function look() {
  const isBehind = said() !== taken;
  top.classList.toggle("is-behind", isBehind);
  if (isBehind) state.textContent = "The form has changed since.";
}

form.addEventListener("input", look);

// Only where the form may be as it is: what is wrong with it, the page itself says.
form.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-try]")) return;
  event.preventDefault();
  button.disabled = true;
  const data = new FormData(form);
  const answer = await fetch(`${button.formAction}?piece`, {
    method: "POST",
    body: data,
    headers: { "X-CSRFToken": cookie("csrftoken") },
    credentials: "same-origin",
  }).catch(() => null);
  button.disabled = false;
  if (answer?.status !== 204) return resend(button);
  taken = new URLSearchParams(data).toString();
  look();
  state.textContent = "It is as the form says now.";
  document.getElementById("composer-body")?.focus();
});

function resend(button) {
  form.action = button.formAction;
  form.submit();
}
