"""Child processes that never outlive their owner."""

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fedconsole.sandbox import guard

#: Seconds between asking a process to end and ending it.
GRACE = 2.0
_PORTS = range(20_000, 30_000)
#: Where ``python -m fedconsole.sandbox...`` is found.
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Identity:
    """A process number with its start time, so that a recycled number is never mistaken."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, guard.started_at(pid))

    @property
    def is_alive(self) -> bool:
        return bool(self.started) and guard.started_at(self.pid) == self.started

    def signal(self, number: int) -> bool:
        """Send a signal to this very process; False when it has ended."""
        if not self.is_alive:
            return False
        os.kill(self.pid, number)
        return True


class Programs:
    """The running programs of one owner, each with a log of its own in ``logs``."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def are_started(self) -> bool:
        """Whether any program was started since the last stop."""
        return bool(self._running)

    @property
    def identities(self) -> dict[str, Identity]:
        return {name: Identity.of(pid) for name, pid in self.pids.items()}

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items() if process.poll() is None}

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program in a session of its own: Ctrl-C reaches its owner alone."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"PYTHONPATH": str(_ROOT)},
                start_new_session=True,
            )
        self._running[name] = process
        self._tell_guard(process.pid)

    def is_running(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def send_signal(self, name: str, number: int) -> None:
        """Signal a program; nothing happens when it has ended."""
        if name in self._running:
            self._running[name].send_signal(number)

    def kill(self, name: str) -> None:
        """``kill -9``, and wait until it is gone."""
        self._running[name].kill()
        self._running[name].wait()

    def stop(self) -> None:
        """End every program, the last one first; those that do not listen are killed."""
        for process in reversed(self._running.values()):
            _end(process)
        self._running.clear()
        self._dismiss_guard()

    def log_tail(self, name: str) -> str:
        log = self._logs / f"{name}.log"
        return log.read_bytes()[-2_000:].decode(errors="replace") if log.exists() else "(no log)"

    def _tell_guard(self, pid: int) -> None:
        if self._guard is None or self._guard.poll() is not None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", guard.__file__], stdin=subprocess.PIPE, start_new_session=True
            )
        assert self._guard.stdin is not None  # noqa: S101  (it is a pipe)
        self._guard.stdin.write(f"{pid} {guard.started_at(pid)}\n".encode())
        self._guard.stdin.flush()

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on at the moment, all different.

    They are below those that systems give to outgoing connections: else a client that keeps trying to reach a
    stopped server sooner or later connects to itself, and takes the server's port.
    """
    free = (port for port in random.sample(_PORTS, len(_PORTS)) if is_free(port))
    return list(itertools.islice(free, count))


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_free(port: int) -> bool:
    """Whether a loopback port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
