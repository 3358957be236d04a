// What every page does. Each file has one job.
import "./times.js";
import "./live.js";
import "./shortcuts.js";
import "./dialogs.js";
import "./forms.js";
import "./editor.js";
