"""The project's official release binaries, checked against their published checksums."""

import hashlib
import platform
import re
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.sources import PROGRAMS, Unavailable, machine

_KUBERNETES = "https://dl.k8s.io/release"
_ETCD = "https://github.com/etcd-io/etcd/releases/download"
_ETCD_VERSION = "v3.6.8"
#: Seconds. On a closed network this must give up at once.
_TIMEOUT = 5


def get(version: str, folder: Path, report: Report) -> None:
    """Download a version into ``folder``; raises ``Unavailable`` without a way to the internet."""
    if platform.system() != "Linux":
        raise Unavailable("control planes are released for Linux alone.")
    with step(report, f"Fetching Kubernetes {version}"):
        for name in PROGRAMS:
            url = f"{_KUBERNETES}/{version}/bin/linux/{machine()}/{name}"
            wanted = _download(f"{url}.sha256").decode().split()[0]
            (folder / name).write_bytes(_checked(_download(url), wanted, name))
        _get_etcd(folder)


def _get_etcd(folder: Path) -> None:
    name = f"etcd-{_ETCD_VERSION}-linux-{machine()}.tar.gz"
    sums = _download(f"{_ETCD}/{_ETCD_VERSION}/SHA256SUMS").decode()
    found = re.search(rf"^([0-9a-f]{{64}})\s+{re.escape(name)}$", sums, re.MULTILINE)
    archive = _checked(_download(f"{_ETCD}/{_ETCD_VERSION}/{name}"), found[1] if found else "", name)
    with tempfile.NamedTemporaryFile() as file:
        file.write(archive)
        file.flush()
        with tarfile.open(file.name) as tar:
            member = tar.extractfile(f"{name.removesuffix('.tar.gz')}/etcd")
            (folder / "etcd").write_bytes(member.read() if member else b"")


def _download(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310  (https alone)
            content: bytes = response.read()
    except (urllib.error.URLError, OSError) as error:
        raise Unavailable(f"{url} cannot be fetched ({error}).") from None
    return content


def _checked(content: bytes, wanted: str, name: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != wanted:
        raise Unavailable(f"the checksum of {name} is wrong.")
    return content
