// A session that ends while somebody types: nothing is lost, the login opens in another tab.
import { text } from "./texts.js";
import { toast } from "./toasts.js";

const login = document.querySelector('meta[name="login-url"]')?.content;
const dialog = document.getElementById("signed-out");

export const isLogin = (url) => Boolean(login) && new URL(url, location.href).pathname === login;

export function ended() {
  if (dialog && !dialog.open) dialog.showModal();
}

const cookie = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

// Logging in changes the token: every form of this page takes the new one.
function renewTokens() {
  const token = cookie();
  if (!token) return;
  for (const input of document.querySelectorAll('input[name="csrfmiddlewaretoken"]')) input.value = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
}

dialog?.addEventListener("close", renewTokens);
addEventListener("focus", renewTokens);

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isLogin(event.detail.xhr.responseURL || location.href)) return;
  event.detail.shouldSwap = false;
  ended();
});
document.addEventListener("htmx:responseError", (event) => toast("error", text("refused", event.detail.xhr.status)));
document.addEventListener("htmx:sendError", () => toast("error", text("offline")));
