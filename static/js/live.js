// The live connection: tells whether it is there, and makes up for what was missed.
const HIDDEN_TOO_LONG = 30000;

const indicator = document.getElementById("live-indicator");
const socket = document.getElementById("live-socket");
const tones = {live: "fc-tone-ok", reconnecting: "fc-tone-warn", paused: "fc-tone-paused"};
let wasOpen = false, paused = false, hiddenAt = 0;

function show(state) {
  if (!indicator) return;
  indicator.dataset.state = state;
  indicator.textContent = indicator.dataset[state];
  indicator.className = `fc-live ${tones[state]}`;
}

// Fetch the page again and take its live part: whatever was missed is in it.
function refresh() {
  if (socket && !paused) {
    htmx.ajax("GET", location.href, {target: "#live-content", select: "#live-content", swap: "outerHTML"});
  }
}

document.addEventListener("htmx:wsOpen", () => {
  show(paused ? "paused" : "live");
  if (wasOpen) refresh();
  wasOpen = true;
});
for (const name of ["htmx:wsClose", "htmx:wsError", "htmx:wsConnecting"]) {
  document.addEventListener(name, () => { if (!paused && (wasOpen || name !== "htmx:wsConnecting")) show("reconnecting"); });
}
document.addEventListener("htmx:wsBeforeMessage", (event) => { if (paused) event.preventDefault(); });

if (indicator) {
  indicator.addEventListener("click", () => {
    paused = !paused;
    show(paused ? "paused" : "live");
    refresh();
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = Date.now();
  else if (hiddenAt && Date.now() - hiddenAt > HIDDEN_TOO_LONG) refresh();
});

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401 || status === 403) location.reload();
});
