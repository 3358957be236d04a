"""The whole console as a user runs it, with a client that does what a browser does."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp

from fedconsole.sandbox.processes import free_ports

ROOT = Path(__file__).parent.parent
#: Seconds until the console must have shown its address.
START_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class Running:
    """A running console: its address, a login, and where its files are."""

    url: str
    user: str
    password: str
    state_dir: Path
    pid: int

    def kill(self) -> None:
        """``kill -9`` of the supervisor, with which every process of the console ends."""
        os.kill(self.pid, signal.SIGKILL)

    def kubeconfigs(self) -> list[Path]:
        """Administrators' kubeconfigs of the sandbox's clusters."""
        return sorted(self.state_dir.glob("sandbox/*/kubeconfig"))


@asynccontextmanager
async def running(clusters: int, state_dir: Path | None = None, version: str = "") -> AsyncIterator[Running]:
    """``manage.py up`` with so many clusters in a sandbox, of a version or the best; stopped at the end.

    It has a state directory of its own, unless it is to take over that of a console that was killed.
    """
    with contextlib.ExitStack() as stack:
        folder = str(
            state_dir or stack.enter_context(tempfile.TemporaryDirectory(prefix="fedconsole-bench-"))
        )
        (port,) = free_ports(1)
        env = os.environ | {"FEDCONSOLE_STATE_DIR": folder, "FEDCONSOLE_PORT": str(port)}
        env.pop("REDIS_URL", None)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "manage.py", "up", "--sandbox", str(clusters)),
            *("--kubernetes-version", version),
            cwd=ROOT,
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        reader = None
        try:
            shown = await asyncio.wait_for(_welcome(process), START_TIMEOUT)
            reader = asyncio.create_task(_discard(process))
            password = shown["Password"]
            if state_dir:
                password = await _new_password(env, shown["User"])
            yield Running(shown["URL"].rstrip("/"), shown["User"], password, Path(folder), process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            if reader:
                await reader
            await process.wait()


async def _new_password(env: dict[str, str], user: str) -> str:
    """The password is shown only once: another one, which is all that is known afterwards."""
    code = (
        "from django.contrib.auth import get_user_model as get; import sys; "
        "user = get().objects.get(username=sys.argv[1]); user.set_password('bench'); user.save()"
    )
    setup = "import django; django.setup(); "
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", setup + code, user),
        cwd=ROOT,
        env=env | {"DJANGO_SETTINGS_MODULE": "fedconsole.settings"},
    )
    await process.wait()
    return "bench"


async def _welcome(process: asyncio.subprocess.Process) -> dict[str, str]:
    """The lines ``URL``, ``User`` and ``Password`` that tell that everything runs."""
    shown: dict[str, str] = {}
    assert process.stdout
    seen = []
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()
        seen.append(line)
        if found := re.match(r"^(URL|User|Password): (.+)$", line):
            shown[found[1]] = found[2]
        if len(shown) == 3:
            return shown
    raise RuntimeError("The console did not start:\n" + "\n".join(seen[-30:]))


async def _discard(process: asyncio.subprocess.Process) -> None:
    assert process.stdout
    async for _ in process.stdout:
        pass


class _Forms(HTMLParser):
    """The fields of every form with their values, by the form's action."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action", ""), {})
        elif self._fields is None or not given.get("name"):
            return
        elif tag == "input" and given.get("type") not in ("submit", "file"):
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self._fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self._fields.setdefault(self._area, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


class Browser:
    """A logged-in session."""

    def __init__(self, console: Running) -> None:
        self.url = console.url
        self._login = {"username": console.user, "password": console.password}
        jar = aiohttp.CookieJar(unsafe=True)
        self.http = aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": console.url})

    async def __aenter__(self) -> "Browser":
        await self.submit("/accounts/login/", self._login)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def load(self, path: str) -> bytes:
        """The body of a page."""
        async with self.http.get(self.url + path) as page:
            page.raise_for_status()
            return await page.read()

    async def form(self, path: str, action: str = "") -> dict[str, str]:
        """What a browser would send of the form on a page, before anybody types."""
        parser = _Forms()
        parser.feed((await self.load(path)).decode())
        return dict(parser.forms[action or path])

    async def submit(self, path: str, typed: dict[str, str], filled: dict[str, str] | None = None) -> str:
        """Post a form (fetched first, unless it is given); the path of the page that it leads to."""
        fields = (filled or await self.form(path)) | typed
        async with self.http.post(self.url + path, data=fields, allow_redirects=False) as answer:
            if answer.status != 302:
                raise RuntimeError(f"{path} answers {answer.status}:\n{(await answer.text())[:2_000]}")
            return answer.headers["Location"]

    def socket(self, path: str) -> Any:
        """The websocket of a page."""
        return self.http.ws_connect(f"{self.url}/ws{path}".replace("http", "ws", 1), max_msg_size=0)
