// Stop an agent that is writing, or ask it to try again.

import { announce } from "./announce.js";
import { ask } from "./http.js";

const DOING = { stop: "cancel", retry: "retry" };

export function runButtons({ root }) {
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-action=stop], [data-action=retry]");
    if (!button) return;
    const { run } = button.closest(".message").dataset;
    button.disabled = true;
    try {
      await ask(`/api/v1/runs/${run}/${DOING[button.dataset.action]}/`, { method: "POST", body: {} });
      announce(button.dataset.action === "stop" ? "Stopping." : "Trying again.");
    } catch (refusal) {
      button.disabled = false;
      button.title = refusal.sentence;
      announce(refusal.sentence);
    }
  });
}
