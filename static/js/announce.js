// What a screen reader says of the room, at boundaries only: never word by word while an agent writes.

const region = document.getElementById("announcer");
let queued = [];

// What was said last is no longer to be read.
export function hush() {
  queued = [];
  if (region) region.textContent = "";
}

export function announce(sentence) {
  queued.push(sentence);
  setTimeout(() => {
    if (!queued.length || !region) return;
    region.textContent = queued.slice(-3).join(" ");
    queued = [];
  }, 400);
}
