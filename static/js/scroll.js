// The reader's place. The timeline is a reversed column, so 0 is its end and the past is below zero.

const CLOSE = 100;

export class Scroll {
  constructor(element) {
    this.element = element;
  }

  get isAtEnd() {
    return -this.element.scrollTop < CLOSE;
  }

  // Less than a screen away.
  get isNear() {
    return -this.element.scrollTop < this.element.clientHeight;
  }

  toEnd() {
    this.element.scrollTop = 0;
  }

  onMove(act) {
    let isDue = false;
    this.element.addEventListener("scroll", () => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        act();
      });
    }, { passive: true });
  }

  // Change something; whoever is at the end stays there, whoever reads further up keeps the same line under their eyes.
  steady(change) {
    if (this.isAtEnd) {
      change();
      this.toEnd();
      return;
    }
    const anchor = this.#anchor();
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  #anchor() {
    const top = this.element.getBoundingClientRect().top;
    return [...this.element.querySelectorAll(".message")].find((article) => article.getBoundingClientRect().bottom > top + 8);
  }
}
