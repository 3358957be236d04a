"""``manage.py up``: one command starts everything, keeps it running, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fedconsole import programs
from fedconsole.embedded_redis import free_port
from tests.deadlines import until

pytestmark = pytest.mark.integration

Up = Callable[..., "Console"]
NAMES = ("redis", "web", "worker", "beat", "informer")


class Console:
    """A running ``manage.py up``."""

    def __init__(self, state: Path, port: int, log: Path | None = None) -> None:
        self.state = state
        self._log = log or state.with_suffix(".log")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("FEDCONSOLE_")
            and name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        }
        own = {"FEDCONSOLE_STATE_DIR": str(state), "FEDCONSOLE_PORT": str(port)}
        with self._log.open("w") as output:
            self.process = psutil.Popen(
                programs.manage("up"), env=inherited | own, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def value(self, name: str) -> str:
        """What the line ``name: ...`` says, once it is printed."""
        return until(lambda: re.search(rf"^{name}: (.+)$", self.output, re.MULTILINE), 60, self.output)[1]

    def children(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    def wait_complete(self) -> None:
        """Until every process runs."""
        until(lambda: len(self.process.children()) == len(NAMES), 20, "a process is missing")

    def end(self, number: signal.Signals) -> int:
        """The exit code after a signal; no child lives longer."""
        children = self.children()
        self.process.send_signal(number)
        code = int(self.process.wait(30))
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
        return code


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Start consoles; they are ended with the test."""
    started: list[Console] = []

    def start(port: int = 0) -> Console:
        started.append(Console(tmp_path / "state", port or free_port()))
        return started[-1]

    yield start
    for console in started:
        if console.process.is_running():
            console.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One that is only looked at."""
    running = Console(tmp_path_factory.mktemp("up") / "state", free_port())
    running.value("URL")
    yield running
    running.end(signal.SIGTERM)


def test_shows_the_login_once_and_stops_on_ctrl_c(up: Up) -> None:
    console = up()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", console.value("URL"))
    assert console.value("User") == "admin"
    password = console.value("Password")
    assert len(password) >= 12
    assert console.end(signal.SIGINT) == 0
    again = up()
    assert password not in again.value("Password")
    assert again.end(signal.SIGTERM) == 0


def test_starts_again_what_was_killed(up: Up) -> None:
    console = up()
    console.value("URL")
    console.wait_complete()
    before = {child.pid for child in console.process.children()}
    for child in console.process.children():
        child.kill()
    until(lambda: len({child.pid for child in console.process.children()} - before) == len(NAMES), 20)
    assert console.end(signal.SIGHUP) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it takes up to a second")
def test_nothing_outlives_a_killed_supervisor(up: Up) -> None:
    console = up()
    console.value("URL")
    console.wait_complete()
    assert console.end(signal.SIGKILL) == -signal.SIGKILL


def test_each_line_names_its_process(console: Console) -> None:
    until(lambda: re.search(r"^worker   \| ", console.output, re.MULTILINE), 20)


def test_refuses_to_run_twice_on_one_state_directory(console: Console) -> None:
    second = Console(console.state, free_port(), console.state.with_suffix(".second"))
    assert second.process.wait(30) == 1
    assert "runs on" in second.output
    assert "FEDCONSOLE_STATE_DIR" in second.output


def test_keeps_secrets_from_others(console: Console) -> None:
    private = ("secret-key", "encryption-key", "redis/password", "redis/redis.conf", "redis/url")
    assert {(console.state / name).stat().st_mode & 0o777 for name in private} == {0o600}
    password = (console.state / "redis" / "password").read_text()
    assert not any(password in argument for child in console.children() for argument in child.cmdline())


def test_names_a_port_that_is_taken(up: Up) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        console = up(port=other.getsockname()[1])
        assert console.process.wait(30) == 1
    assert "FEDCONSOLE_PORT" in console.output
