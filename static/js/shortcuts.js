// Keyboard: "/" searches, "g" and a letter goes, "?" explains, arrows move in a matrix.
const SECOND_KEY = 1500;
let goingSince = 0;

const typing = (element) => element.closest("input, textarea, select, [contenteditable], .fc-editor, dialog");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key.startsWith("Arrow")) { move(event); return; }
  const going = Date.now() - goingSince < SECOND_KEY;
  goingSince = event.key === "g" ? Date.now() : 0;
  if (going) go(event);
  else if (event.key === "/") search(event);
  else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
});

function go(event) {
  const place = document.querySelector(`#palette [data-key="${CSS.escape(event.key)}"]`);
  if (place) location.assign(place.dataset.go);
}

function search(event) {
  const input = document.getElementById("search");
  if (!input) return;
  event.preventDefault();
  input.select();
}

function move(event) {
  const cell = event.target.closest(".fc-matrix td, .fc-matrix th");
  if (!cell) return;
  const link = neighbour(cell, event.key)?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

// The next cell in this direction that has a link.
function neighbour(cell, key) {
  const step = (one) => {
    if (key === "ArrowLeft") return one.previousElementSibling;
    if (key === "ArrowRight") return one.nextElementSibling;
    const rows = [...one.closest("table").rows];
    const row = rows[rows.indexOf(one.parentElement) + (key === "ArrowDown" ? 1 : -1)];
    return row?.cells[one.cellIndex];
  };
  let next = step(cell);
  while (next && !next.querySelector("a")) next = step(next);
  return next;
}
