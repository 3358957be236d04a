// Keeps <time data-ago> true; the server writes the same words.
import { text } from "./texts.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400;

function since(seconds) {
  if (seconds < MINUTE) return text("s", seconds);
  if (seconds < HOUR) return text("min", Math.floor(seconds / MINUTE));
  if (seconds < 2 * DAY) return text("h", Math.floor(seconds / HOUR));
  return text("d", Math.floor(seconds / DAY));
}

function tick() {
  if (document.hidden) return;
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const shown = since(Math.max(0, Math.floor((now - Date.parse(element.dateTime)) / 1000)));
    if (element.textContent !== shown) element.textContent = shown;
  }
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
