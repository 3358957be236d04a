"""Run several programs until a signal comes: prefix their lines, restart what dies, leave nothing behind.

Circus does the supervising, within this process: its sockets are ``inproc``, out of anybody's reach.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circus.arbiter import Arbiter
from circus.exc import ConflictError
from circus.watcher import Watcher
from tornado.ioloop import IOLoop

TETHER = Path(__file__).with_name("tether.py")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

#: Seconds that a program has to end by itself before it is killed.
GRACE = 10.0


@dataclass(frozen=True)
class Program:
    """A program to keep running. Those that others need (``foundation``) are stopped last."""

    name: str
    command: tuple[str, ...]
    foundation: bool = False


class PrefixedLines:
    """Circus's stream of one program: whole lines, each after the program's name."""

    def __init__(self, name: str, width: int) -> None:
        self._prefix = f"{name:<{width}} | ".encode()
        self._pid = 0
        self._rest = b""

    def __call__(self, data: dict[str, Any]) -> None:
        """Take what came from one process: ``{"data": bytes, "pid": int, "name": "stdout"}``."""
        if data["pid"] != self._pid:
            self.close()
            self._pid = data["pid"]
        *lines, self._rest = (self._rest + data["data"]).split(b"\n")
        _write(b"".join(self._prefix + line + b"\n" for line in lines))

    def close(self) -> None:
        """The process has ended: its last line may lack an end."""
        if self._rest:
            _write(self._prefix + self._rest + b"\n")
        self._rest = b""


def _write(data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):  # the terminal is gone; the programs go on to be stopped
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def run(programs: Sequence[Program], then: Callable[[], Awaitable[None]]) -> None:
    """Run the programs, and ``then`` beside them, until a signal comes; everything has ended on return."""
    logging.getLogger("circus").setLevel(logging.WARNING)
    asyncio.run(_run(programs, then))


async def _run(programs: Sequence[Program], then: Callable[[], Awaitable[None]]) -> None:
    width = max(len(program.name) for program in programs)
    watchers = [_watcher(program, width) for program in programs]
    arbiter = Arbiter(
        watchers, "inproc://controller", "inproc://events", loop=IOLoop.current(), check_delay=0.5
    )
    stopped = _on_signals(arbiter)
    await arbiter.start()
    beside = asyncio.ensure_future(then())
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait([waiting, beside], return_when=asyncio.FIRST_COMPLETED)
    if beside.done() and beside.exception():
        stopped.set()
    await waiting
    beside.cancel()
    await _stop(arbiter, {program.name for program in programs if program.foundation})
    with contextlib.suppress(asyncio.CancelledError):
        await beside


def _watcher(program: Program, width: int) -> Watcher:
    stream = {"stream": PrefixedLines(program.name, width)}
    return Watcher(
        program.name,
        shlex.quote(sys.executable),
        args=["-I", str(TETHER), str(os.getpid()), *program.command],
        env=dict(os.environ),
        stdout_stream=stream,
        stderr_stream=stream,
        graceful_timeout=GRACE,
        stop_children=False,
        loop=IOLoop.current(),
        priority=1 if program.foundation else 0,
    )


def _on_signals(arbiter: Arbiter) -> asyncio.Event:
    """Set the returned event at the first signal; a second one kills what has not ended yet.

    This replaces circus's own handlers: a hang-up reloads there, and a signal that comes while the arbiter
    is busy is lost.
    """
    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():
            _kill(arbiter)
        stopped.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopped


def _kill(arbiter: Arbiter) -> None:
    for watcher in arbiter.iter_watchers():
        for process in list(watcher.processes.values()):
            watcher.send_signal_process(process, signal.SIGKILL, recursive=True)


async def _stop(arbiter: Arbiter, foundations: set[str]) -> None:
    def others(reverse: bool = True) -> list[Watcher]:
        return [watcher for watcher in arbiter.iter_watchers(reverse) if watcher.name not in foundations]

    arbiter.ctrl.caller.stop()  # no more looks at the processes: what ends now ends for good
    await _when_free(lambda: arbiter.stop_watchers(watcher_iter_func=others))
    await _when_free(arbiter.stop)
    await asyncio.sleep(0)  # the arbiter closes its sockets in a callback


async def _when_free(command: Callable[[], Awaitable[None]]) -> None:
    """The arbiter refuses a command while another one runs, such as its periodic look at the processes."""
    while True:
        try:
            await command()
            return
        except ConflictError:
            await asyncio.sleep(0.05)
