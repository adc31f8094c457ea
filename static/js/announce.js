// What a screen reader says of the room, at boundaries only: never word by word while an agent writes.

const region = document.getElementById("announcer");
let queued = [];

export function announce(sentence) {
  queued.push(sentence);
  setTimeout(() => {
    if (!queued.length || !region) return;
    region.textContent = queued.slice(-3).join(" ");
    queued = [];
  }, 400);
}
