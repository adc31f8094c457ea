// A run beside the room that it happened in: what the page of the run has, drawn anew as the room hears of it.

import { LivePiece } from "./live_piece.js";
import { isRecall } from "./recalls.js";

const OF_RUNS = ["run.started", "run.ended", "message.started", "message.finished", "message.interrupted", "status"];

let piece = null;
let opener = null;

export const isRun = (href) => new URL(href, location.href).pathname.startsWith("/runs/");

export async function openRun(href) {
  const panel = document.getElementById("run-panel");
  piece?.end();
  opener = document.activeElement;
  const body = document.createElement("div");
  piece = new LivePiece(body, new URL(href, location.href).pathname);
  await piece.load();
  panel.querySelector("[data-panel-body]").replaceChildren(body);
  panel.hidden = false;
  panel.querySelector("[data-close]").onclick = close;
  panel.onkeydown = (event) => {
    if (event.key === "Escape") close();
  };
  panel.querySelector("[data-close]").focus({ preventScroll: true });
}

export function hearRun({ type, data }) {
  if (piece && isRecall(type)) return piece.poke(); // it may have been read
  if (!piece || !OF_RUNS.includes(type)) return;
  const run = data?.run ?? data?.message?.run;
  if (!run || piece.href.includes(run)) piece.poke();
}

function close() {
  document.getElementById("run-panel").hidden = true;
  piece?.end();
  piece = null;
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}
