"""Where etcd and the Kubernetes binaries come from, and the cache that keeps them.

In this order: ``KUBEBUILDER_ASSETS``, the cache, the official release, a Go build of the released
module, the distribution's source package. The last two take minutes, once.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fedconsole.sandbox import from_debian, from_go, from_release
from fedconsole.sandbox.progress import Report
from fedconsole.sandbox.sources import PROGRAMS, Unavailable

NAMES = ("etcd", *PROGRAMS)

#: The release that is fetched or built where none is asked for.
CURRENT = "v1.37.2"
#: What Debian's source package builds.
DEBIAN = "v1.20.2"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with every program of ``NAMES``; ``version`` is like ``v1.20.2``."""

    folder: Path
    version: str

    def path(self, name: str) -> str:
        return str(self.folder / name)

    @property
    def minor(self) -> int:
        """20 for v1.20.2."""
        return int(self.version.split(".")[1])


def cache() -> Path:
    """The folder with one folder per version."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fedconsole" / "kubernetes"


def cached_versions() -> list[str]:
    """Complete versions in the cache, oldest first."""
    found = [path.name for path in cache().glob("v*") if _is_complete(path)]
    return sorted(found, key=_sort_key)


def ensure(version: str = "", report: Report = print) -> Binaries:
    """The binaries of a version, got or built where they are not there yet.

    ``KUBEBUILDER_ASSETS`` comes first where it is complete and no other version is asked for. Then, without a
    version, the newest that is cached, else whatever this machine can get first. Raises ``Unavailable`` with
    what to do.
    """
    wanted = _normal(version)
    assets = _assets(report)
    if assets and wanted in ("", assets.version):
        return assets
    if not wanted and (versions := cached_versions()):
        wanted = versions[-1]
    if wanted and _is_complete(cache() / wanted):
        return Binaries(cache() / wanted, wanted)
    with _only_one(report):
        return _obtain(wanted, report)


def _obtain(wanted: str, report: Report) -> Binaries:
    reasons: list[str] = []
    for version, name, get in sources(wanted):
        if reasons:
            report(f"{reasons[-1]}\nNext: {name} ({version}).")
        if _is_complete(cache() / version):  # somebody else was faster
            return Binaries(cache() / version, version)
        try:
            return _into_cache(version, get, report)
        except Unavailable as reason:
            reasons.append(f"{name}: {reason}")
    raise Unavailable(
        "\n".join(["No Kubernetes binaries can be had here.", *reasons])
        + "\nNext: install Go, or put the programs into a folder and name it in KUBEBUILDER_ASSETS."
    )


class Source(NamedTuple):
    """A way to get a version; ``get`` fills a folder or raises ``Unavailable``."""

    version: str
    name: str
    get: Callable[[str, Path, Report], None]


def sources(wanted: str) -> list[Source]:
    """What to try, in order; without a version asked for, the quickest way that works decides it."""
    current = wanted or CURRENT
    released = Source(current, "Official release", from_release.get)
    go = Source(current, "Go build", from_go.build)
    debian = Source(DEBIAN, "Debian source package", from_debian.build)
    if wanted == DEBIAN:
        return [released, debian]
    return [released, go] if wanted else [released, go, debian]


def _into_cache(version: str, get: Callable[[str, Path, Report], None], report: Report) -> Binaries:
    """Fill a folder beside its final place, so that the cache never holds half a version."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix=".part-") as part:
        folder = Path(part) / version
        folder.mkdir()
        get(version, folder, report)
        if missing := [name for name in NAMES if not (folder / name).is_file()]:
            raise Unavailable(f"{', '.join(missing)} did not come with it.")
        for name in NAMES:
            (folder / name).chmod(0o755)
        shutil.move(folder, cache() / version)
    return Binaries(cache() / version, version)


def _assets(report: Report) -> Binaries | None:
    given = os.environ.get("KUBEBUILDER_ASSETS")
    if not given:
        return None
    folder = Path(given)
    if missing := [name for name in NAMES if not os.access(folder / name, os.X_OK)]:
        report(f"KUBEBUILDER_ASSETS ({folder}) lacks {', '.join(missing)}: looking elsewhere.")
        return None
    return Binaries(folder, _version_of(folder / "kube-apiserver"))


def _version_of(program: Path) -> str:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v\d+\.\d+\.\d+", output)
    return found[0] if found else "v0.0.0"


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in NAMES)


def _normal(version: str) -> str:
    if not version:
        return ""
    if not re.fullmatch(r"v?1\.\d+\.\d+", version):
        raise Unavailable(f"{version!r} is no version: write one like {CURRENT.removeprefix('v')}.")
    return f"v{version.removeprefix('v')}"


def _sort_key(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


@contextmanager
def _only_one(report: Report) -> Iterator[None]:
    """Builds take minutes and every core: one at a time on a machine."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another process that builds Kubernetes ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
