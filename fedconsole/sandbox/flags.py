"""The command lines of a control plane, for every release from 1.20 on."""

from pathlib import Path
from typing import NamedTuple

from fedconsole.sandbox.binaries import Binaries

#: The last release with an insecure port that has to be switched off.
_LAST_INSECURE = 23


class Ports(NamedTuple):
    """Loopback ports of one cluster."""

    etcd: int
    etcd_peer: int
    api: int


def etcd(binaries: Binaries, folder: Path, ports: Ports) -> list[str]:
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return [
        binaries.path("etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(binaries: Binaries, folder: Path, ports: Ports) -> list[str]:
    return [
        binaries.path("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.api}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        # There are no kubelets that could mount the tokens which it wants in every pod.
        "--disable-admission-plugins=ServiceAccount",
        *(["--insecure-port=0"] if binaries.minor <= _LAST_INSECURE else []),
    ]


def controller_manager(binaries: Binaries, folder: Path) -> list[str]:
    return [
        binaries.path("kube-controller-manager"),
        f"--kubeconfig={folder / 'controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={folder / 'sa.key'}",
        f"--root-ca-file={folder / 'ca.crt'}",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        # Taints of nodes follow their health at this pace: by default, five seconds.
        "--node-monitor-period=1s",
        *_unserved(binaries),
    ]


def scheduler(binaries: Binaries, folder: Path) -> list[str]:
    return [
        binaries.path("kube-scheduler"),
        f"--kubeconfig={folder / 'scheduler.kubeconfig'}",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        *_unserved(binaries),
    ]


def _unserved(binaries: Binaries) -> list[str]:
    """No ports of their own: a second cluster's would die on taken ones, silently."""
    return ["--secure-port=0", *(["--port=0"] if binaries.minor <= _LAST_INSECURE else [])]
