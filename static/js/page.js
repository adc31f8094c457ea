// What every page can do.

import "./theme.js";
import "./drawer.js";
import "./forms.js";
import "./sidebar.js";
import { localise } from "./times.js";
import "./shortcuts.js";

localise(document);

// On a phone the tabs are wider than the page: the one that is open is among those that are seen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
