// Files into text areas, and a guard for what was typed and not saved.
document.addEventListener("change", async (event) => {
  const into = event.target.dataset?.into;
  if (!into || !event.target.files?.length) return;
  fill(into, await event.target.files[0].text());
});

for (const area of document.querySelectorAll("textarea[data-drop]")) {
  area.addEventListener("dragover", (event) => event.preventDefault());
  area.addEventListener("drop", async (event) => {
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    fill(area.id, await file.text());
  });
}

function fill(id, text) {
  const area = document.getElementById(id);
  area.value = text;
  area.dispatchEvent(new Event("input", {bubbles: true}));
  area.dispatchEvent(new Event("change", {bubbles: true}));
}

let unsaved = false;
document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) unsaved = true; });
document.addEventListener("submit", () => { unsaved = false; });
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest?.("form[data-guard]")?.method === "post" && event.detail.requestConfig?.verb === "post") unsaved = false;
});
addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
