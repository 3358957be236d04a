"""Keeps a fleet running for people: in the foreground until a signal comes, or detached."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from fedconsole.sandbox.cluster import SandboxError
from fedconsole.sandbox.fleet import Fleet
from fedconsole.sandbox.processes import Identity
from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.records import this_process

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds between two looks at what other processes ask for.
_INTERVAL = 0.3
#: Seconds that a supervisor may take to end its clusters.
_PATIENCE = 30.0
_ROOT = Path(__file__).parents[2]


def run(fleet: Fleet, report: Report) -> None:
    """Start the fleet, keep it until a signal of ``_SIGNALS`` comes or its folder goes, and end all of it."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    state = _state(fleet.folder)
    fleet.folder.mkdir(parents=True, exist_ok=True)
    try:
        with step(report, f"Starting {len(fleet)} clusters in {fleet.folder}"):
            fleet.start()
        state.write_text(json.dumps(asdict(this_process())))
        report("Everything runs. Ctrl-C stops it.")
        while state.exists():  # who removes the folder does not want it any more
            time.sleep(_INTERVAL)
            fleet.serve_requests()
    except KeyboardInterrupt:
        report("Stopping ...")
    finally:
        fleet.stop()
        state.unlink(missing_ok=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:  # from now on it ends in any case
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def running(folder: Path) -> Identity | None:
    """The supervisor that runs clusters in ``folder``."""
    state = _state(folder)
    if not state.exists():
        return None
    identity = Identity(**json.loads(state.read_text()))
    return identity if identity.is_alive else None


def detach(arguments: Sequence[str], folder: Path) -> Identity:
    """Run ``python -m fedconsole.sandbox`` in the background; return when it has started."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedconsole.sandbox", *arguments],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    while process.poll() is None:
        identity = running(folder)
        if identity is not None and identity.pid == process.pid:
            return identity
        time.sleep(_INTERVAL)
    raise SandboxError(f"The sandbox did not start:\n{log.read_text()}")


def stop(supervisor: Identity) -> None:
    """Ask a supervisor to end its clusters, and wait; when it does not, it and they are killed."""
    supervisor.signal(signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while supervisor.is_alive:
        if time.monotonic() > deadline:
            supervisor.signal(signal.SIGKILL)
            return
        time.sleep(_INTERVAL)


def _state(folder: Path) -> Path:
    return folder / "supervisor.json"
