// How the connection is, said only when it matters: late, or gone.

const PATIENCE = 1500;

export function showLine(room, feed) {
  const line = document.getElementById("line");
  const words = line.querySelector("span");
  let timer;

  function show(sentence) {
    clearTimeout(timer);
    words.textContent = sentence;
    line.hidden = !sentence;
  }

  feed.addEventListener("line", ({ detail: { state, transport, degraded } }) => {
    Object.assign(room.root.dataset, { line: state, transport });
    if (state === "live") return show(degraded ? "Running on the spare line: messages may come a second or two late, and none is lost." : "");
    if (line.hidden) {
      clearTimeout(timer);
      timer = setTimeout(() => show("No connection. What you write waits here and is sent when it is back."), PATIENCE);
    }
  });

  feed.addEventListener("closed", () => show(""));
}
