"""One real control plane: etcd, API server, controller manager, scheduler, and hollow nodes."""

import http.client
import signal
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from fedconsole.sandbox import etcd, faults, flags, rest
from fedconsole.sandbox.binaries import Binaries
from fedconsole.sandbox.files import ClusterFiles
from fedconsole.sandbox.nodes import ANNOTATION
from fedconsole.sandbox.places import Place
from fedconsole.sandbox.processes import Programs
from fedconsole.sandbox.records import Record, this_process
from fedconsole.sandbox.statuses import is_ready, is_tainted

#: Seconds until an API server must have answered.
START_TIMEOUT = 60.0
#: Seconds that the programs of an owner that was killed may take to follow it.
_AFTERLIFE = 3.0
_PAUSE = 0.05


class SandboxError(Exception):
    """A cluster did not start; the message holds the end of its log."""


class SandboxCluster(ClusterFiles):
    """A control plane with its own CA, ports and data under ``folder``; everything on the loopback.

    ``start`` returns when its API server runs, ``wait_ready`` when the whole of it works. A folder that
    holds a stopped cluster of the same version is continued.
    """

    provider = "sandbox"

    def __init__(
        self, place: Place, binaries: Binaries, folder: Path, *, nodes: int = 3, pods_per_node: int = 500
    ) -> None:
        super().__init__(folder)
        self.place = place
        self.name = place.name
        self.version = binaries.version
        self.binaries = binaries
        self.nodes = nodes
        self.pods_per_node = pods_per_node
        self._programs = Programs(folder / "logs")

    @property
    def region(self) -> str:
        return self.place.region

    @property
    def zones(self) -> tuple[str, ...]:
        return self.place.zones

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.place.labels)

    @property
    def pids(self) -> dict[str, int]:
        """The running programs."""
        return self._programs.pids

    # Its life

    def start(self) -> None:
        """Start etcd and the API server; see ``wait_ready``."""
        self._refuse_second()
        self.prepare(self.version)
        self._start("etcd")
        self._start("apiserver")

    def start_controllers(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until the API server answers, then start what talks to it and does not run yet."""
        self._wait("apiserver", self.answers, time.monotonic() + timeout)
        for name in ("controller-manager", "scheduler", "nodes"):
            if not self._programs.is_running(name):
                self._start(name)

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Return when every node takes pods.

        Raises ``SandboxError`` when a program ended or this takes longer than ``timeout`` seconds.
        """
        self.start_controllers(timeout)
        deadline = time.monotonic() + timeout
        self._wait("nodes", self._nodes_are_ready, deadline)
        for name in ("etcd", "controller-manager", "scheduler"):
            self._wait(name, lambda: True, deadline)

    def stop(self) -> None:
        """End every program that was started by this object; the data stays."""
        if not self._programs.are_started:
            return
        self._programs.stop()
        Record.remove(self.folder)

    def answers(self) -> bool:
        """Whether its API server is ready."""
        context = ssl.create_default_context(cadata=self.ca)
        try:
            with urllib.request.urlopen(f"{self.server}/readyz", timeout=2, context=context) as answer:  # noqa: S310
                return bool(answer.status == http.HTTPStatus.OK)
        except (OSError, http.client.HTTPException):
            return False

    # Bad days

    def kill_apiserver(self) -> None:
        """``kill -9``: connections break, new ones are refused."""
        self._programs.kill("apiserver")

    def restart_apiserver(self) -> None:
        """Kill it if it runs, start it again on the same port, and wait until it answers."""
        self.kill_apiserver()
        self._start("apiserver")
        self._wait("apiserver", self.answers, time.monotonic() + START_TIMEOUT)

    def freeze_apiserver(self) -> None:
        """SIGSTOP: connections are accepted by the kernel and never answered."""
        self._programs.send_signal("apiserver", signal.SIGSTOP)

    def thaw_apiserver(self) -> None:
        """SIGCONT: go on as if nothing had been."""
        self._programs.send_signal("apiserver", signal.SIGCONT)

    def compact_etcd(self) -> None:
        """Forget the history: a watch that resumes from before gets 410.

        The API server is started again, since it serves watches from what it keeps in memory.
        """
        etcd.compact(self.ports.etcd)
        self.restart_apiserver()

    def set_node_ready(self, node: str, *, ready: bool) -> None:
        """Tell a hollow node (``node-1`` and so on) to be ready, or not."""
        annotation = {ANNOTATION: None if ready else "false"}
        body = {"metadata": {"annotations": annotation}}
        self.request("PATCH", f"/api/v1/nodes/{node}", body, content_type=rest.MERGE_PATCH)

    def recover(self) -> None:
        """Undo whatever was done to it, and wait until it works."""
        for name in ("etcd", "apiserver"):
            self._programs.send_signal(name, signal.SIGCONT)
            if not self._programs.is_running(name):
                self._start(name)
        self._wait("apiserver", self.answers, time.monotonic() + START_TIMEOUT)
        for number in range(1, self.nodes + 1):
            self.set_node_ready(f"node-{number}", ready=True)
        self.wait_ready()

    def serve_requests(self) -> None:
        """Do what other processes asked for (``faults.inflict``); to be called now and then by the owner."""
        request = self.folder / faults.RESTART
        if request.exists():
            self.restart_apiserver()
            request.unlink()

    def _refuse_second(self) -> None:
        """Two owners of one folder would spoil it."""
        deadline = time.monotonic() + _AFTERLIFE
        while (record := Record.read(self.folder)) and record.is_running:
            if record.owner.is_alive or time.monotonic() > deadline:
                raise SandboxError(f"{self.name} runs already, started by process {record.owner.pid}.")
            time.sleep(_PAUSE)

    def _wait(self, name: str, done: Callable[[], bool], deadline: float) -> None:
        """Until ``done``; the program ``name`` must live on."""
        while True:
            if not self._programs.is_running(name) or time.monotonic() > deadline:
                log = self._programs.log_tail(name)
                raise SandboxError(f"{name} of {self.name} does not work. The end of its log:\n{log}")
            if done():
                return
            time.sleep(_PAUSE)

    def _start(self, name: str) -> None:
        self._programs.start(name, self._command(name))
        Record(
            self.name, self.version, self.region, self.server, this_process(), self._programs.identities
        ).write(self.folder)

    def _command(self, name: str) -> list[str]:
        if name == "etcd":
            return flags.etcd(self.binaries, self.folder, self.ports)
        if name == "apiserver":
            return flags.apiserver(self.binaries, self.folder, self.ports)
        if name == "controller-manager":
            return flags.controller_manager(self.binaries, self.folder)
        if name == "scheduler":
            return flags.scheduler(self.binaries, self.folder)
        return self._nodes_command()

    def _nodes_command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "fedconsole.sandbox.nodes"),
            *("--kubeconfig", str(self.folder / "nodes.kubeconfig")),
            *("--nodes", str(self.nodes), "--pods", str(self.pods_per_node)),
            *("--region", self.region, "--zones", ",".join(self.zones), "--version", self.version),
        ]

    def _nodes_are_ready(self) -> bool:
        try:
            nodes = self.request("GET", "/api/v1/nodes")["items"]
        except (OSError, http.client.HTTPException, rest.ApiError):
            return False
        return sum(is_ready(node) and not is_tainted(node) for node in nodes) >= self.nodes
