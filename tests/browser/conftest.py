"""One Chromium, one console and three members for all tests of this folder.

They end with the folder: the synchronous Playwright keeps an event loop in this thread, which asynchronous
tests elsewhere could not bear.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from fedconsole.bootstrap import BROWSERS, MAC_BROWSER
from fedconsole.sandbox.fleet import Fleet
from tests.browser.browsing import PATIENCE, Visit, visit
from tests.integration.federation import Federation
from tests.stack import Stack

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MakeVisit = Callable[..., Visit]


@pytest.fixture(scope="package")
def live_stack(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Stack]:
    """The console's real processes, shared by the tests of this folder."""
    stack = Stack(tmp_path_factory.mktemp("stack"), django_db_blocker)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="package")
def federation(live_stack: Stack, sandbox: Fleet) -> Federation:
    """The console with its three members, joined from the shell."""
    joined = Federation(live_stack, sandbox)
    joined.join()
    return joined


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's browser."""
    # Playwright's loop makes Django believe that this thread is asynchronous. It is not.
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=_executable(), args=ARGUMENTS)
        yield browser
        browser.close()


def _executable() -> str:
    found = os.environ.get("FEDCONSOLE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")
    if not found and not MAC_BROWSER.exists():
        pytest.fail("There is no Chromium: name one in FEDCONSOLE_CHROMIUM.")
    return found or str(MAC_BROWSER)


@pytest.fixture(scope="package")
def cookies(chromium: Browser, live_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of the administrator, logged in once."""
    path = tmp_path_factory.mktemp("browser") / "cookies.json"
    with visit(chromium, live_stack) as visited:
        visited.go("accounts/login/")
        visited.log_in()
        visited.page.wait_for_url(live_stack.url)
        visited.page.context.storage_state(path=path)
    return path


@pytest.fixture
def make_visit(chromium: Browser, live_stack: Stack, cookies: Path) -> Iterator[MakeVisit]:
    """Open windows of the administrator; each fails the test when its browser complains."""
    with ExitStack() as open_windows:
        yield lambda **options: open_windows.enter_context(
            visit(chromium, live_stack, str(cookies), **options)
        )


@pytest.fixture
def visited(make_visit: MakeVisit) -> Visit:
    """A window of the administrator."""
    return make_visit()


@pytest.fixture
def page(visited: Visit) -> Page:
    """Its page."""
    return visited.page
