// Ctrl+K: go to any page by name, or look for a workload.
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const options = [...(dialog?.querySelectorAll('[role="option"]') ?? [])];

const visible = () => options.filter((option) => !option.hidden);
const chosen = () => visible().find((option) => option.getAttribute("aria-selected") === "true");

function choose(option) {
  for (const one of options) one.setAttribute("aria-selected", String(one === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  option?.scrollIntoView({ block: "nearest" });
}

function filter() {
  const wanted = input.value.trim().toLowerCase();
  for (const option of options) {
    option.hidden = option.dataset.search ? !wanted : !option.textContent.toLowerCase().includes(wanted);
  }
  choose(visible()[0]);
}

function go(option) {
  if (!option) return;
  location.assign(option.dataset.go ?? option.dataset.search + encodeURIComponent(input.value.trim()));
}

function step(by) {
  const all = visible();
  choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

options.forEach((option, index) => { option.id = `palette-${index}`; });
input?.addEventListener("input", filter);
input?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Enter") go(chosen());
  else return;
  event.preventDefault();
});
dialog?.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
  else go(event.target.closest('[role="option"]'));
});
document.addEventListener("keydown", (event) => {
  if (!dialog || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  input.value = "";
  filter();
  if (!dialog.open) dialog.showModal();
});
