"""Build Debian's own source package of Kubernetes (1.20.2, vendored in full) with Debian's own Go."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.sources import PROGRAMS, Unavailable, Workshop

_PACKAGES = (
    *("ca-certificates", "dpkg-dev", "etcd-server", "golang-go", "make", "rsync"),
    "golang-github-modern-go-reflect2-dev",
)
_REFLECT2 = "github.com/modern-go/reflect2"
_SYSTEM_GOPATH = Path("/usr/share/gocode/src")
#: Set for newer projects, these make the old build tool look for modules that it does not have.
_FOREIGN = ("GOFLAGS", "GO111MODULE", "GOROOT")


def build(version: str, folder: Path, report: Report) -> None:
    """Build ``version`` into ``folder``; needs apt, and root where packages are missing."""
    if not shutil.which("apt-get"):
        raise Unavailable("this is not Debian.")
    with tempfile.TemporaryDirectory(prefix="fedconsole-deb-") as temporary:
        env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        workshop = Workshop(Path(temporary), env | {"DEBIAN_FRONTEND": "noninteractive"}, report)
        _install(workshop)
        with step(report, "Fetching the source package of Kubernetes"):
            tree = _fetch(version, workshop)
        with step(report, f"Building Kubernetes {version} (some minutes, once)"):
            _compile(tree, workshop)
        for name in PROGRAMS:
            shutil.copy(tree / "_output/local/go/bin" / name, folder / name)
        shutil.copy("/usr/bin/etcd", folder / "etcd")


def _install(workshop: Workshop) -> None:
    missing = [name for name in _PACKAGES if not _is_installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        command = f"apt-get install --no-install-recommends {' '.join(missing)}"
        raise Unavailable(f"packages are missing. Run this as root, then try again: {command}")
    with step(workshop.report, f"Installing {', '.join(missing)}"):
        workshop.run("apt-get", "update", "-q")
        workshop.run("apt-get", "install", "-yq", "--no-install-recommends", *missing)


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _fetch(version: str, workshop: Workshop) -> Path:
    """The unpacked source. The system's own list of sources stays as it is, and root is not needed."""
    work = workshop.folder
    parts, lists, cache = work / "parts", work / "lists", work / "cache"
    for folder in (parts, lists / "partial", cache / "archives/partial"):
        folder.mkdir(parents=True)
    (parts / "source.sources").write_text(_source_entry())
    places = {
        "Etc::SourceList": "/dev/null",
        "Etc::SourceParts": parts,
        "State::Lists": lists,
        "Cache": cache,
    }
    options = [f"-oDir::{name}={path}" for name, path in places.items()]
    options.append("-oAPT::Sandbox::User=")  # its own user cannot enter our folder
    workshop.run("apt-get", *options, "update", "-q")
    workshop.run("apt-get", *options, "source", "-q", "kubernetes")
    found = [path for path in work.glob("kubernetes-*") if path.is_dir()]
    if not found or not found[0].name.endswith(version.removeprefix("v")):
        raise Unavailable(f"this distribution has another version than {version}.")
    return found[0]


def _source_entry() -> str:
    """A deb-src entry for the archive that this machine's packages come from."""
    query = ["apt-cache", "policy", "golang-go"]
    policy = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\s(https?://\S+) (\S+)/main", policy)
    if not found:
        raise Unavailable("apt does not tell where its packages come from.")
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"Signed-By: {keyring}\n" if keyring.exists() else ""
    return f"Types: deb-src\nURIs: {found[1]}\nSuites: {found[2]}\nComponents: main\n{signed}"


def _compile(tree: Path, workshop: Workshop) -> None:
    _replace_reflect2(tree)
    gopath = tree / ".go"
    link = gopath / "src/k8s.io/kubernetes"
    link.parent.mkdir(parents=True)
    link.symlink_to(tree)
    search = f"{_distribution_go()}:{workshop.env['PATH']}"
    env = {**workshop.env, "GOPATH": str(gopath), "CGO_ENABLED": "0", "PATH": search, "PWD": str(link)}
    what = " ".join(f"cmd/{name}" for name in PROGRAMS)
    Workshop(workshop.folder, env, workshop.report).run("make", f"WHAT={what}", cwd=link)


def _replace_reflect2(tree: Path) -> None:
    """The vendored 1.0.1 corrupts memory when built by Go 1.18 or later; Debian packages a later one.

    The API server would die with "unexpected fault address" once custom resources are used.
    """
    vendored = tree / "vendor" / _REFLECT2
    shutil.rmtree(vendored)
    shutil.copytree(_SYSTEM_GOPATH / _REFLECT2, vendored)


def _distribution_go() -> Path:
    """The folder with the distribution's own Go: a newer one in PATH does not build this release."""
    return max(Path("/usr/lib").glob("go-1.*/bin"), key=lambda path: int(path.parent.name.split(".")[1]))
