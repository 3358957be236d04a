"""The projects' official release binaries, checked against their published checksums. Linux only."""

import hashlib
import http.client
import io
import platform
import re
import tarfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.sources import PROGRAMS, Unavailable, machine

#: Seconds. On a closed network this must give up at once.
_TIMEOUT = 5


class Hosts(NamedTuple):
    """Where releases are published."""

    kubernetes: str = "https://dl.k8s.io/release"
    etcd: str = "https://github.com/etcd-io/etcd/releases/download"


OFFICIAL = Hosts()
_ETCD_VERSION = "v3.6.8"


def get(version: str, folder: Path, report: Report, hosts: Hosts = OFFICIAL) -> None:
    """Download a version into ``folder``; raises ``Unavailable`` without a way to the internet."""
    if platform.system() != "Linux":
        raise Unavailable("control planes are released for Linux alone.")
    with step(report, f"Fetching Kubernetes {version}"):
        for name in PROGRAMS:
            url = f"{hosts.kubernetes}/{version}/bin/linux/{machine()}/{name}"
            wanted = _download(f"{url}.sha256").decode().split()[0]
            (folder / name).write_bytes(_checked(_download(url), wanted, name))
    with step(report, f"Fetching etcd {_ETCD_VERSION}"):
        (folder / "etcd").write_bytes(_etcd(f"{hosts.etcd}/{_ETCD_VERSION}"))


def _etcd(release: str) -> bytes:
    """The program, out of the archive that it is published in."""
    name = f"etcd-{_ETCD_VERSION}-linux-{machine()}"
    sums = _download(f"{release}/SHA256SUMS").decode()
    found = re.search(rf"^([0-9a-f]{{64}})\s+{re.escape(name)}\.tar\.gz$", sums, re.MULTILINE)
    archive = _checked(_download(f"{release}/{name}.tar.gz"), found[1] if found else "", "etcd")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        program = tar.extractfile(f"{name}/etcd")
        return program.read() if program else b""


def _download(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310  (one of ``Hosts``)
            content: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{url} cannot be fetched ({error}).") from None
    return content


def _checked(content: bytes, wanted: str, name: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != wanted:
        raise Unavailable(f"the checksum of {name} is wrong.")
    return content
