// What depends on who looks: a message is drawn once for everybody, and this adds the reader's own view of it.

import { localise } from "./times.js";

export class Personal {
  constructor({ me, may }) {
    this.me = me;
    this.may = may;
  }

  touch(article) {
    const { author, mentions = "", answers } = article.dataset;
    article.classList.toggle("is-mine", author === this.me);
    article.classList.toggle("mentions-me", mentions.split(" ").includes(this.me) && author !== this.me);
    for (const mention of article.querySelectorAll(".mention")) {
      mention.classList.toggle("is-me", mention.dataset.user === this.me);
    }
    for (const button of article.querySelectorAll(".reaction")) {
      button.setAttribute("aria-pressed", String(button.dataset.users.split(" ").includes(this.me)));
    }
    const stop = article.querySelector("[data-action=stop]");
    if (stop) stop.hidden = !(this.may("cancel_run") || answers === this.me);
    const retry = article.querySelector("[data-action=retry]");
    if (retry) retry.hidden = !(this.may("cancel_run") || (this.may("ask_agent") && answers === this.me));
    localise(article);
  }
}
