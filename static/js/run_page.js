// The page of a run: what is under way is drawn anew by itself.

import { LivePiece } from "./live_piece.js";

for (const element of document.querySelectorAll("[data-run-piece]")) new LivePiece(element, element.dataset.runPiece);

if (location.hash.startsWith("#step-")) document.getElementById(location.hash.slice(1))?.querySelector("details")?.setAttribute("open", "");
