"""Pages as a person has them, and everything that a browser complains about while they are open."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, WebError, expect

from tests.stack import Stack

#: Milliseconds that anything may take on a busy machine.
PATIENCE = 30_000

PHONE, DESK = 390, 1440
HEIGHTS = {PHONE: 844, DESK: 900}

#: What a browser itself says of these replies, which forms and conflicts give on purpose.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(09|22)")
#: What it says while the web process is away.
AWAY = re.compile(r"WebSocket connection to|ERR_(CONNECTION|EMPTY|INCOMPLETE)|\[object Event\].*/htmx")

_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  `CSP: ${event.violatedDirective} blocks ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`));
"""

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = f"""
async () => {{
  const found = await axe.run({{ runOnly: {_RULES}, resultTypes: ["violations"] }});
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${{rule.id}}: ${{node.target.join(" ")}}: ${{node.failureSummary}}`));
}}
"""

#: What is wider than the page, to say why it scrolls sideways.
_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .map((one) => `${one.tagName.toLowerCase()}#${one.id}.${one.className}`).slice(0, 10);
}
"""


class Complaints:
    """Errors of the console, of scripts and of the content security policy, and replies of 500 and more."""

    def __init__(self, context: BrowserContext) -> None:
        self.found: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("response", self._response)

    def allow(self, pattern: re.Pattern[str]) -> None:
        """Expect this from now on."""
        self._allowed.append(pattern)

    def _add(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._allowed):
            self.found.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._add(f"{message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._add(f"{error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._add(f"{response.status} of {response.request.method} {response.url}")


class Visit:
    """A window of one person: its page, and what the browser complained about."""

    def __init__(self, context: BrowserContext, stack: Stack) -> None:
        self.stack = stack
        self.complaints = Complaints(context)
        self.page = context.new_page()

    def go(self, path: str = "") -> Page:
        """Open a page of the console: its path, without the slash in front."""
        self.page.goto(f"{self.stack.url}{path}")
        return self.page

    def go_live(self, path: str = "") -> Page:
        """Open a page and wait until it is pushed to."""
        self.go(path)
        expect(self.page.locator("#live-indicator")).to_have_attribute("data-state", "live")
        return self.page

    def log_in(self) -> None:
        """Fill the form that every page leads to."""
        self.page.get_by_label("Username").fill(self.stack.user)
        self.page.get_by_label("Password").fill(self.stack.password)
        self.page.get_by_role("button", name="Log in").click()

    @contextmanager
    def without_reload(self) -> Iterator[None]:
        """Whatever happens within, the page must stay the same document."""
        self.page.evaluate("window.stayed = true")
        yield
        assert self.page.evaluate("window.stayed === true"), f"{self.page.url} was loaded again"

    def look(self, theme: str, width: int) -> None:
        """Show the same page in another theme and size."""
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})


@contextmanager
def visit(
    browser: Browser, stack: Stack, cookies: str = "", *, javascript: bool = True, width: int = DESK
) -> Iterator[Visit]:
    """A fresh window, with the cookies of this file; its end fails when the browser complained."""
    context = browser.new_context(
        storage_state=cookies or None,
        java_script_enabled=javascript,
        viewport={"width": width, "height": HEIGHTS[width]},
        locale="en-US",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    try:
        visited = Visit(context, stack)
        yield visited
        assert not visited.complaints.found, "\n".join(visited.complaints.found)
    finally:
        context.close()


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = page.evaluate(_WIDE)
    return found


def barriers(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_FILE_PATH.read_text())
    found: list[str] = page.evaluate(_AXE)
    return found
