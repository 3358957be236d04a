// Short messages at the edge of the page. What went wrong stays until it is dismissed.
import { text } from "./texts.js";

const LONG_ENOUGH = 6000;
const MOST = 4;
const STAYS = ["error", "warn"];
const area = document.getElementById("toasts");
const ICONS = { ok: "check", error: "x", warn: "alert", progress: "info" };

function symbol(name) {
  const svg = document.querySelector("svg.fc-icon").cloneNode(true);
  svg.dataset.icon = name;
  const use = svg.querySelector("use");
  use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${name}`);
  return svg;
}

export function toast(tone, message) {
  const box = document.createElement("div");
  box.className = `fc-toast fc-fg-${tone}`;
  box.dataset.toast = tone;
  const words = document.createElement("div");
  words.textContent = message;
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", text("dismiss"));
  button.append(symbol("close"));
  box.append(symbol(ICONS[tone]), words, button);
  area.append(box);
  while (area.children.length > MOST) area.firstElementChild.remove();
  passAway(box);
}

function passAway(box) {
  if (!STAYS.includes(box.dataset.toast)) setTimeout(() => box.remove(), LONG_ENOUGH);
}

document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove());
for (const box of document.querySelectorAll("[data-toast]")) passAway(box);
