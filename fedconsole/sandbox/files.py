"""What a cluster keeps on disk: enough for any process of the same user to talk to it."""

import json
import shutil
import ssl
from pathlib import Path
from typing import Any

from fedconsole.sandbox import processes, rest
from fedconsole.sandbox.certificates import Authority, KeyPair, service_account_keys, write_private
from fedconsole.sandbox.flags import Ports
from fedconsole.sandbox.kubeconfigs import kubeconfig
from fedconsole.sandbox.tokens import Subject, service_account_token

ISSUER = "https://kubernetes.default.svc.cluster.local"

#: File name, user and group. The controllers' own roles expect one service account per controller;
#: a sandbox spares that.
_USERS = {
    "admin": ("sandbox-admin", "system:masters"),
    "nodes": ("hollow-nodes", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", "system:masters"),
    "scheduler": ("system:kube-scheduler", "system:masters"),
}


class ClusterFiles:
    """The folder of one cluster: credentials, ports, data and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def kubeconfig_path(self) -> Path:
        """Of the administrator, everything inline, mode 0600."""
        return self.folder / "kubeconfig"

    @property
    def kubeconfig_text(self) -> str:
        return self.kubeconfig_path.read_text()

    @property
    def ports(self) -> Ports:
        return Ports(**json.loads((self.folder / "ports.json").read_text()))

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports.api}"

    @property
    def ca(self) -> str:
        """The certificate of its authority, PEM."""
        return (self.folder / "ca.crt").read_text()

    @property
    def admin(self) -> KeyPair:
        """The administrator's client certificate."""
        return KeyPair((self.folder / "admin.crt").read_text(), (self.folder / "admin.key").read_text())

    @property
    def expired_kubeconfig_text(self) -> str:
        """Its client certificate has ended: 401."""
        return (self.folder / "expired.kubeconfig").read_text()

    def expired_token(self, namespace: str = "default", name: str = "default") -> str:
        """A service account's token, rightly signed, that ended an hour ago: 401."""
        key = (self.folder / "sa.key").read_text()
        return service_account_token(key, ISSUER, Subject(namespace, name), lifetime=-3_600)

    def kubeconfig_with_token(self, token: str) -> str:
        """A kubeconfig for this cluster whose user has a bearer token."""
        return kubeconfig(self.folder.name, self.server, self.ca, token=token)

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = rest.JSON, timeout: float = 10
    ) -> Any:
        """Parsed JSON of a request as administrator; raises ``rest.ApiError`` or ``OSError``."""
        context = ssl.create_default_context(cadata=self.ca)
        context.load_cert_chain(self.folder / "admin.crt", self.folder / "admin.key")
        return rest.call(context, method, self.server + path, body, content_type, timeout)

    def prepare(self, version: str) -> None:
        """Make the folder ready for a start: a stopped cluster of the same version is continued.

        Ports that somebody else has taken meanwhile are replaced by others.
        """
        if not self._is_of(version):
            self._begin(version)
        elif not all(processes.is_free(port) for port in self.ports):
            self._move()

    def _is_of(self, version: str) -> bool:
        stamp = self.folder / "version"
        return stamp.exists() and stamp.read_text() == version

    def _begin(self, version: str) -> None:
        # Only what is known as ours is thrown away: the folder's place can be chosen by users.
        if (self.folder / "version").exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._choose_ports()
        self._write_credentials()
        (self.folder / "version").write_text(version)

    def _choose_ports(self) -> None:
        ports = Ports(*processes.free_ports(3))
        (self.folder / "ports.json").write_text(json.dumps(ports._asdict()))

    def _move(self) -> None:
        before = self.server
        self._choose_ports()
        for path in [self.kubeconfig_path, *self.folder.glob("*.kubeconfig")]:
            write_private(path, path.read_text().replace(before, self.server))

    def _write_credentials(self) -> None:
        authority = Authority(f"{self.folder.name} sandbox CA")
        (self.folder / "ca.crt").write_text(authority.certificate)
        authority.server().write(self.folder, "server")
        private, public = service_account_keys()
        write_private(self.folder / "sa.key", private)
        (self.folder / "sa.pub").write_text(public)
        for file, (user, group) in _USERS.items():
            self._write_kubeconfig(file, authority.client(user, group))
        self._write_kubeconfig("expired", authority.client(*_USERS["admin"], expired=True))

    def _write_kubeconfig(self, name: str, pair: KeyPair) -> None:
        path = self.folder / f"{name}.kubeconfig"
        if name == "admin":
            pair.write(self.folder, name)
            path = self.kubeconfig_path
        write_private(path, kubeconfig(self.folder.name, self.server, self.ca, pair))
