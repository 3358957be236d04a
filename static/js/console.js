// What every page does. Each file has one job.
import "./times.js";
import "./live.js";
import "./session.js";
import "./shortcuts.js";
import "./palette.js";
import "./dialogs.js";
import "./forms.js";
import "./editor.js";

// Buttons that do nothing without a script are hidden until there is one.
const NEEDS_SCRIPT = "[data-open-dialog], [data-dismiss], [data-copy]";

export function reveal(root) {
  for (const button of root.querySelectorAll(NEEDS_SCRIPT)) button.hidden = false;
}

reveal(document);
document.addEventListener("htmx:load", (event) => reveal(event.detail.elt));
