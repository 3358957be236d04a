// Dialogs, menus, copying, and the name that confirms.
import { text } from "./texts.js";
import { toast } from "./toasts.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  closeMenus(event.target);
  if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
  if (event.target.matches("dialog.fc-dialog:not(#signed-out)")) event.target.close();
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.fc-menu[open]")) {
    if (!menu.contains(except) || except.closest("[data-open-dialog]")) menu.open = false;
  }
}

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.fc-menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A destructive button wakes up once the name is typed: <input data-confirm="name"> in the same form.
function confirmable(input) {
  const button = input.form?.querySelector("[data-confirmed]");
  if (button) button.disabled = input.value !== input.dataset.confirm;
}

const confirmAll = (root) => root.querySelectorAll("input[data-confirm]").forEach(confirmable);

document.addEventListener("input", (event) => { if (event.target.dataset?.confirm !== undefined) confirmable(event.target); });
document.addEventListener("htmx:load", (event) => confirmAll(event.detail.elt));
confirmAll(document);

// <a data-dialog href="/…/delete/"> shows the [data-dialog-content] of that page at once; without it, the page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const content = await fetched(link.href);
  if (content) present(content);
  else location.assign(link.href);
});

async function fetched(address) {
  try {
    const reply = await fetch(address);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    return reply.ok && page.querySelector("[data-dialog-content]");
  } catch {
    return null;
  }
}

function present(content) {
  const dialog = document.getElementById("fetched");
  dialog.replaceChildren(document.adoptNode(content));
  htmx.process(dialog);
  confirmAll(dialog);
  dialog.showModal();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    toast("ok", text("copied"));
  } catch {
    getSelection().selectAllChildren(source);
  }
});
