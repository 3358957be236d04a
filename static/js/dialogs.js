// Dialogs, toasts and menus.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
  event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  for (const menu of document.querySelectorAll("details.fc-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.fc-menu[open]")) menu.open = false;
});

// A destructive button wakes up once the name is typed: <input data-confirm="name"> beside it.
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.confirm;
  if (wanted === undefined) return;
  const button = event.target.form?.querySelector("[data-confirmed]");
  if (button) button.disabled = event.target.value !== wanted;
});
for (const input of document.querySelectorAll("[data-confirm]")) {
  const button = input.form?.querySelector("[data-confirmed]");
  if (button) button.disabled = input.value !== input.dataset.confirm;
}

const LONG_ENOUGH = 6000;
for (const toast of document.querySelectorAll("[data-toast].fc-tone-ok, [data-toast].fc-tone-progress")) {
  setTimeout(() => toast.remove(), LONG_ENOUGH);
}
