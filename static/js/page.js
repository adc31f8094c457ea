// What every page can do.

import "./theme.js";
import "./drawer.js";
import "./forms.js";
import "./sidebar.js";
import { localise } from "./times.js";
import "./shortcuts.js";

localise(document);
