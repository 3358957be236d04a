// Files into text areas, rows that come and go, and a guard for what was typed and not saved.
import { text } from "./texts.js";
import { toast } from "./toasts.js";

const LARGEST = 1_000_000;

document.addEventListener("change", (event) => {
  const into = event.target.dataset?.into;
  if (into && event.target.files?.length) read(event.target.files[0], document.getElementById(into));
});

const dropArea = (event) => event.target.closest?.("textarea[data-drop]");

document.addEventListener("dragover", (event) => {
  const area = dropArea(event);
  if (!area) return;
  event.preventDefault();
  area.classList.add("fc-over");
});
document.addEventListener("dragleave", (event) => dropArea(event)?.classList.remove("fc-over"));
document.addEventListener("drop", (event) => {
  const area = dropArea(event), file = event.dataTransfer.files[0];
  area?.classList.remove("fc-over");
  if (!area || !file) return;
  event.preventDefault();
  read(file, area);
});

async function read(file, area) {
  if (file.size > LARGEST) { toast("error", text("too_large", LARGEST / 1000)); return; }
  area.value = await file.text();
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.dispatchEvent(new Event("change", { bubbles: true }));
}

// What was typed is unsaved until it is sent; also when the server gave it back.
let unsaved = Boolean(document.querySelector('form[data-guard] [role="alert"]'));
document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) unsaved = true; });
document.addEventListener("submit", () => { unsaved = false; });
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.("form[data-guard]") && event.detail.requestConfig?.verb === "post") unsaved = false;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.matches?.("form[data-guard]") && event.detail.xhr.status >= 400) unsaved = true;
});
addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

// Fields that are preserved keep what is typed in them, but what is inherited where they are empty may be new.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "placement-area") return;
  const reply = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
  for (const field of reply.querySelectorAll("input[hx-preserve][placeholder]")) {
    document.getElementById(field.id)?.setAttribute("placeholder", field.placeholder);
  }
});

// Invalid fields say so at the top: go to the first one.
function showErrors(root) {
  root.querySelector('[autofocus][role="alert"]')?.focus();
}

document.addEventListener("htmx:load", (event) => showErrors(event.detail.elt.parentElement ?? document));
