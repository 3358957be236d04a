// Keyboard: "/" searches, "g" and a letter goes, "?" explains, arrows move in a matrix.
const typing = (element) => element.closest("input, textarea, select, [contenteditable], .cm-editor");
const goals = {b: "/", c: "/clusters/", w: "/workloads/"};
let going = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (going && goals[event.key]) { location.assign(goals[event.key]); return; }
  going = event.key === "g";
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "?") {
    document.getElementById("shortcuts")?.showModal();
  } else if (event.key.startsWith("Arrow")) {
    move(event);
  }
});

function move(event) {
  const cell = event.target.closest?.(".fc-matrix td");
  if (!cell) return;
  const row = cell.parentElement, index = cell.cellIndex;
  const next = {
    ArrowLeft: row.cells[index - 1], ArrowRight: row.cells[index + 1],
    ArrowUp: row.previousElementSibling?.cells[index], ArrowDown: row.nextElementSibling?.cells[index],
  }[event.key];
  const link = next?.querySelector("a");
  if (link) { event.preventDefault(); link.focus(); }
}
