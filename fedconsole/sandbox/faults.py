"""Bad days for a cluster that another process runs: what ``sandbox fault`` does."""

import signal
import time
from pathlib import Path

from fedconsole.sandbox import etcd, rest
from fedconsole.sandbox.files import ClusterFiles
from fedconsole.sandbox.nodes import ANNOTATION
from fedconsole.sandbox.records import Record

KINDS = ("kill", "stop", "continue", "restart", "compact", "node-down", "node-up")
#: Written by those who want something of a cluster's owner, removed by the owner when it is done.
RESTART = "restart-apiserver"

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT}
_PATIENCE = 60.0


class Refused(Exception):
    """It cannot be done; the message says why."""


def inflict(folder: Path, kind: str, node: str = "node-1") -> str:
    """Do one of ``KINDS`` to the cluster in ``folder``; returns what to tell the user."""
    record = Record.read(folder)
    if record is None or not record.is_running:
        raise Refused(f"No cluster runs in {folder}.")
    if kind in _SIGNALS:
        return _signal(record, kind)
    if kind.startswith("node-"):
        return _mark_node(folder, node, ready=kind == "node-up")
    if kind == "compact":
        etcd.compact(ClusterFiles(folder).ports.etcd)
    return _restart(folder, record)


def _signal(record: Record, kind: str) -> str:
    program = record.programs["apiserver"]
    if not program.signal(_SIGNALS[kind]):
        raise Refused(f"The API server of {record.name} has ended already.")
    return f"Sent {_SIGNALS[kind].name} to the API server of {record.name} (process {program.pid})."


def _mark_node(folder: Path, node: str, *, ready: bool) -> str:
    body = {"metadata": {"annotations": {ANNOTATION: None if ready else "false"}}}
    files = ClusterFiles(folder)
    files.request("PATCH", f"/api/v1/nodes/{node}", body, content_type=rest.MERGE_PATCH)
    return f"{node} of {folder.name} is told to be {'ready' if ready else 'not ready'}."


def _restart(folder: Path, record: Record) -> str:
    """Only its owner can start a program that ends with it: ask, and wait."""
    request = folder / RESTART
    request.touch()
    deadline = time.monotonic() + _PATIENCE
    while request.exists():
        if not record.owner.is_alive or time.monotonic() > deadline:
            request.unlink(missing_ok=True)
            raise Refused(f"Process {record.owner.pid}, which runs {record.name}, does not react.")
        time.sleep(0.1)
    return f"The API server of {record.name} was started again."
