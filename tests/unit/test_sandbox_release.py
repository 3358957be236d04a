"""Release binaries come from a published place, with published checksums; here it is a local one."""

import functools
import hashlib
import http.server
import io
import platform
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedconsole.sandbox import from_release, impostors
from fedconsole.sandbox.binaries import NAMES
from fedconsole.sandbox.from_release import Hosts
from fedconsole.sandbox.sources import PROGRAMS, Unavailable, machine

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="released for Linux alone")

VERSION = "v1.36.3"
ETCD = "etcd-v3.6.8"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _publish(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _archive(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        member = tarfile.TarInfo(f"{name}/etcd")
        member.size = len(b"etcd!")
        tar.addfile(member, io.BytesIO(b"etcd!"))
    return file.getvalue()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    root = tmp_path / "published"
    for name in PROGRAMS:
        path = root / VERSION / "bin" / "linux" / machine() / name
        path.with_name(f"{name}.sha256").parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{name}.sha256").write_text(_publish(path, name.encode()))
    name = f"{ETCD}-linux-{machine()}"
    digest = _publish(root / "v3.6.8" / f"{name}.tar.gz", _archive(name))
    (root / "v3.6.8" / "SHA256SUMS").write_text(f"{'0' * 64}  other.tar.gz\n{digest}  {name}.tar.gz\n")
    return root


@pytest.fixture
def hosts(published: Path) -> Iterator[Hosts]:
    handler = functools.partial(_Quiet, directory=str(published))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Hosts(url, url)
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_everything_is_fetched(hosts: Hosts, folder: Path) -> None:
    lines: list[str] = []
    from_release.get(VERSION, folder, lines.append, hosts)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert (folder / "etcd").read_bytes() == b"etcd!"
    assert lines[0] == f"Fetching Kubernetes {VERSION} ..."


@pytest.mark.parametrize("path", [f"{VERSION}/bin/linux/{machine()}/kube-scheduler", "v3.6.8/SHA256SUMS"])
def test_what_does_not_match_its_checksum_is_refused(
    hosts: Hosts, published: Path, folder: Path, path: str
) -> None:
    (published / path).write_bytes(b"something else")
    with pytest.raises(Unavailable, match="checksum"):
        from_release.get(VERSION, folder, lambda line: None, hosts)


def test_a_version_that_was_never_released_is_unavailable(hosts: Hosts, folder: Path) -> None:
    with pytest.raises(Unavailable, match="404"):
        from_release.get("v1.99.0", folder, lambda line: None, hosts)


def test_a_closed_network_is_unavailable(folder: Path) -> None:
    closed = impostors.closed_port().replace("https", "http")
    with pytest.raises(Unavailable, match="refused"):
        from_release.get(VERSION, folder, lambda line: None, Hosts(closed, closed))
