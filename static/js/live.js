// The live connection: tells whether it is there, and makes up for what was missed.
import * as focus from "./focus.js";
import { ended, isLogin } from "./session.js";

const HIDDEN_TOO_LONG = 30000;
// The extension connects again by itself after these; after others, this file does.
const RECONNECTED = [1006, 1011, 1012, 1013];
const FORBIDDEN = 4403;
const TRIES_BEFORE_LOOKING = 3;

const TONES = { off: "unknown", live: "ok", reconnecting: "warn", paused: "paused" };
const indicator = document.getElementById("live-indicator");
const status = document.getElementById("live-status");
let wasOpen = false, open = false, paused = false, hiddenAt = 0, failures = 0, place = null;

function show(state) {
  if (!indicator || indicator.dataset.state === state) return;
  indicator.dataset.state = state;
  indicator.className = `fc-live fc-tone-${TONES[state]}`;
  indicator.textContent = status.textContent = indicator.dataset[state];
}

// Fetch the page again and take its live part: whatever was missed is in it.
async function refresh() {
  if (!document.getElementById("live-socket") || paused) return;
  let reply;
  try {
    reply = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // the server is away: the next connection comes here again
  }
  if (isLogin(reply.url)) { ended(); return; }
  if (reply.redirected || reply.status === 404) { location.reload(); return; }
  if (!reply.ok) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const fresh = page.getElementById("live-content"), shown = document.getElementById("live-content");
  if (fresh && shown) renew(shown, fresh);
}

function renew(shown, fresh) {
  const kept = focus.remember();
  const typing = document.activeElement?.closest("input, select, textarea, .fc-editor");
  if (!typing || !shown.contains(typing)) replace(shown, fresh);
  else renewAround(typing, shown, fresh);
  focus.restore(kept);
}

// Somebody types in it: replace every part with an id that does not hold what they type in.
function renewAround(typing, shown, fresh) {
  const done = new Set();
  for (const part of fresh.querySelectorAll("[id]")) {
    const old = document.getElementById(part.id);
    if (!old || !shown.contains(old) || old.contains(typing)) continue;
    if ([...done].some((bigger) => bigger.contains(part))) continue;
    done.add(part);
  }
  for (const part of done) replace(document.getElementById(part.id), part);
}

function replace(old, part) {
  const adopted = document.adoptNode(part);
  old.replaceWith(adopted);
  htmx.process(adopted);
  htmx.trigger(adopted, "htmx:load", { elt: adopted });
}

// Another tab of the same page shows other parts: what is not here is not an error.
htmx.defineExtension("present", {
  transformResponse(html) {
    const parts = document.createElement("template");
    parts.innerHTML = html;
    for (const part of [...parts.content.children]) {
      if (!document.getElementById(part.id)) part.remove();
    }
    return parts.innerHTML;
  },
});

document.addEventListener("htmx:wsOpen", () => {
  open = true;
  failures = 0;
  show(paused ? "paused" : "live");
  if (wasOpen) refresh();
  wasOpen = true;
});

document.addEventListener("htmx:wsClose", (event) => {
  open = false;
  failures += 1;
  if (!paused) show("reconnecting");
  const code = event.detail.event.code;
  if (code === FORBIDDEN || failures % TRIES_BEFORE_LOOKING === 0) refresh();
  if (code !== FORBIDDEN && !RECONNECTED.includes(code)) {
    setTimeout(() => event.detail.socketWrapper.reconnect(), 1000 * Math.random() + 500);
  }
});

document.addEventListener("htmx:wsBeforeMessage", (event) => {
  if (paused) event.preventDefault();
  else place = focus.remember();
});
document.addEventListener("htmx:wsAfterMessage", () => focus.restore(place));

indicator?.addEventListener("click", () => {
  paused = !paused;
  show(paused ? "paused" : open ? "live" : "reconnecting");
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = Date.now();
  else if (hiddenAt && Date.now() - hiddenAt > HIDDEN_TOO_LONG) refresh();
});
