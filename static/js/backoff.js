// Exponential back-off with full jitter, so that a thousand pages do not come back in the same second.

export class Backoff {
  #tries = 0;

  constructor({ least = 500, most = 30000 } = {}) {
    this.least = least;
    this.most = most;
  }

  next() {
    const ceiling = Math.min(this.most, this.least * 2 ** this.#tries++);
    return this.least + Math.random() * Math.max(0, ceiling - this.least);
  }

  reset() {
    this.#tries = 0;
  }
}
