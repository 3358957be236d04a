"""One real control plane: etcd, API server, controller manager, scheduler, and hollow nodes."""

import http.client
import json
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from fedconsole.sandbox import flags, processes
from fedconsole.sandbox.binaries import Binaries
from fedconsole.sandbox.certificates import Authority, KeyPair, service_account_keys, write_private
from fedconsole.sandbox.flags import Ports
from fedconsole.sandbox.kubeconfigs import kubeconfig
from fedconsole.sandbox.places import Place

#: Seconds until an API server must have answered.
START_TIMEOUT = 60.0
_USERS = {
    "admin": ("sandbox-admin", "system:masters"),
    "nodes": ("hollow-nodes", "system:masters"),
    # Its roles expect one service account per controller; a sandbox spares that.
    "controller-manager": ("system:kube-controller-manager", "system:masters"),
    "scheduler": ("system:kube-scheduler", "system:masters"),
}


class SandboxError(Exception):
    """A cluster did not start; the message holds the end of its log."""


class SandboxCluster:
    """A control plane with its own CA, ports and data under ``folder``; everything on the loopback.

    ``start`` returns when its programs run, ``wait_ready`` when it answers. A folder that holds a stopped
    cluster of the same version is continued.
    """

    provider = "sandbox"

    def __init__(self, place: Place, binaries: Binaries, folder: Path, *, nodes: int = 3) -> None:
        self.place = place
        self.name = place.name
        self.binaries = binaries
        self.version = binaries.version
        self.folder = folder
        self.nodes = nodes
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    # What it is

    @property
    def kubeconfig_path(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def kubeconfig_text(self) -> str:
        return self.kubeconfig_path.read_text()

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports.api}"

    @property
    def ca(self) -> str:
        return (self.folder / "ca.crt").read_text()

    @property
    def admin(self) -> KeyPair:
        """The administrator's client certificate."""
        return KeyPair((self.folder / "admin.crt").read_text(), (self.folder / "admin.key").read_text())

    @property
    def ports(self) -> Ports:
        return Ports(**json.loads((self.folder / "ports.json").read_text()))

    @property
    def pids(self) -> dict[str, int]:
        """The running programs."""
        return {name: process.pid for name, process in self._running.items() if process.poll() is None}

    # Its life

    def start(self) -> None:
        """Start every program; see ``wait_ready``."""
        self._prepare()
        self._start("etcd", flags.etcd(self.binaries, self.folder, self.ports))
        self._start("apiserver", flags.apiserver(self.binaries, self.folder, self.ports))
        self._start("controller-manager", flags.controller_manager(self.binaries, self.folder))
        self._start("scheduler", flags.scheduler(self.binaries, self.folder))
        self._start("nodes", self._nodes_command())

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Return when the API server is ready; raise ``SandboxError`` when it died or took too long."""
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            if self._running["apiserver"].poll() is not None or time.monotonic() > deadline:
                raise SandboxError(
                    f"The API server of {self.name} did not start:\n{self._log_tail('apiserver')}"
                )
            time.sleep(0.05)
        for name in ("etcd", "controller-manager", "scheduler", "nodes"):
            if self._running[name].poll() is not None:
                raise SandboxError(f"{name} of {self.name} ended:\n{self._log_tail(name)}")

    def stop(self) -> None:
        """End every program; the data stays."""
        processes.stop(list(self._running.values()))
        self._running.clear()

    def is_ready(self) -> bool:
        context = ssl.create_default_context(cadata=self.ca)
        try:
            with urllib.request.urlopen(f"{self.server}/readyz", timeout=2, context=context) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    # Bad days

    def kill_apiserver(self) -> None:
        """``kill -9``: connections break, new ones are refused."""
        self._running["apiserver"].kill()
        self._running["apiserver"].wait()

    def restart_apiserver(self) -> None:
        """Start it again on the same port, and wait until it answers."""
        if self._running["apiserver"].poll() is None:
            processes.stop([self._running["apiserver"]])
        self._start("apiserver", flags.apiserver(self.binaries, self.folder, self.ports))
        self.wait_ready()

    def freeze_apiserver(self) -> None:
        """SIGSTOP: connections are accepted by the kernel and never answered."""
        self._running["apiserver"].send_signal(signal.SIGSTOP)

    def thaw_apiserver(self) -> None:
        self._running["apiserver"].send_signal(signal.SIGCONT)

    def recover(self) -> None:
        """Undo whatever was done to it."""
        self.thaw_apiserver()
        if self._running["apiserver"].poll() is not None:
            self.restart_apiserver()
        for name, command in (
            ("controller-manager", flags.controller_manager(self.binaries, self.folder)),
            ("scheduler", flags.scheduler(self.binaries, self.folder)),
        ):
            if self._running[name].poll() is not None:  # they give up when their API server is away for long
                self._start(name, command)

    # Files

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        stamp = self.folder / "version"
        if stamp.exists() and stamp.read_text() == self.version and self._ports_are_free():
            return
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self._write_ports()
        self._write_credentials()
        stamp.write_text(self.version)

    def _ports_are_free(self) -> bool:
        return all(
            processes.is_free(port) for port in (self.ports.etcd, self.ports.etcd_peer, self.ports.api)
        )

    def _write_ports(self) -> None:
        ports = {name: processes.free_port() for name in ("etcd", "etcd_peer", "api")}
        (self.folder / "ports.json").write_text(json.dumps(ports))

    def _write_credentials(self) -> None:
        authority = Authority(f"{self.name} sandbox CA")
        (self.folder / "ca.crt").write_text(authority.certificate)
        authority.server().write(self.folder, "server")
        private, public = service_account_keys()
        write_private(self.folder / "sa.key", private)
        (self.folder / "sa.pub").write_text(public)
        for file, (user, group) in _USERS.items():
            pair = authority.client(user, group)
            path = self.folder / ("kubeconfig" if file == "admin" else f"{file}.kubeconfig")
            write_private(path, kubeconfig(self.name, self.server, authority.certificate, pair))
            if file == "admin":
                pair.write(self.folder, file)
        expired = authority.client("sandbox-admin", "system:masters", expired=True)
        write_private(
            self.folder / "expired.kubeconfig",
            kubeconfig(self.name, self.server, authority.certificate, expired),
        )

    def _nodes_command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "fedconsole.sandbox.nodes"),
            *("--kubeconfig", str(self.folder / "nodes.kubeconfig")),
            *("--nodes", str(self.nodes), "--region", self.place.region),
            *("--zones", ",".join(self.place.zones), "--version", self.version),
        ]

    def _start(self, name: str, command: list[str]) -> None:
        self._running[name] = processes.start(command, self.folder / "logs" / f"{name}.log")

    def _log_tail(self, name: str) -> str:
        log = self.folder / "logs" / f"{name}.log"
        return log.read_bytes()[-2_000:].decode(errors="replace") if log.exists() else "(no log)"
