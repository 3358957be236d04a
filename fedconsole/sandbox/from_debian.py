"""Build Debian's own source package of Kubernetes (1.20.2, vendored in full) with Debian's own Go."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.sources import Unavailable, run

_PACKAGES = (
    *("ca-certificates", "dpkg-dev", "etcd-server", "golang-go", "make", "rsync"),
    "golang-github-modern-go-reflect2-dev",
)
_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_REFLECT2 = "github.com/modern-go/reflect2"
_SYSTEM_GOPATH = Path("/usr/share/gocode/src")


def build(version: str, folder: Path, report: Report) -> None:
    """Build ``version`` into ``folder``; needs apt, and root for it."""
    if not shutil.which("apt-get"):
        raise Unavailable("this is not Debian.")
    if os.geteuid() != 0:
        raise Unavailable(f"run as root once: apt-get install {' '.join(_PACKAGES)}, and build there.")
    with tempfile.TemporaryDirectory(prefix="fedconsole-deb-") as temporary:
        work = Path(temporary)
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        log = work / "log"
        with step(report, "Installing what builds Kubernetes"):
            run(["apt-get", "update", "-q"], cwd=work, env=env, log=log)
            run(
                ["apt-get", "install", "-yq", "--no-install-recommends", *_PACKAGES],
                cwd=work,
                env=env,
                log=log,
            )
        with step(report, "Fetching the source package of Kubernetes"):
            tree = _fetch(work, env, log)
        with step(report, f"Building Kubernetes {version} (about four minutes, once)"):
            _compile(tree, log)
        for name in _PROGRAMS:
            shutil.copy(tree / "_output/local/go/bin" / name, folder / name)
        shutil.copy("/usr/bin/etcd", folder / "etcd")


def _fetch(work: Path, env: dict[str, str], log: Path) -> Path:
    """The unpacked source; the system's own list of sources stays as it is."""
    parts, lists = work / "parts", work / "lists"
    parts.mkdir()
    (lists / "partial").mkdir(parents=True)
    (parts / "source.sources").write_text(_source_entry())
    options = ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}"]
    options += ["-o", f"Dir::State::Lists={lists}", "-o", "APT::Sandbox::User=root"]
    run(["apt-get", *options, "update", "-q"], cwd=work, env=env, log=log)
    run(["apt-get", *options, "source", "-q", "kubernetes"], cwd=work, env=env, log=log)
    found = [path for path in work.glob("kubernetes-*") if path.is_dir()]
    if not found:
        raise Unavailable("the source package did not unpack.")
    return found[0]


def _source_entry() -> str:
    """A deb-src entry for the archive that this machine's packages come from."""
    policy = subprocess.run(["apt-cache", "policy", "golang-go"], capture_output=True, text=True).stdout
    found = re.search(r"\s(https?://\S+) (\S+)/main", policy)
    if not found:
        raise Unavailable("apt does not tell where its packages come from.")
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"Signed-By: {keyring}\n" if keyring.exists() else ""
    return f"Types: deb-src\nURIs: {found[1]}\nSuites: {found[2]}\nComponents: main\n{signed}"


def _compile(tree: Path, log: Path) -> None:
    # The vendored reflect2 1.0.1 corrupts memory when built by Go 1.18 or later: the API server dies
    # with "unexpected fault address" once custom resources are used. Debian packages a later one.
    vendored = tree / "vendor" / _REFLECT2
    shutil.rmtree(vendored)
    shutil.copytree(_SYSTEM_GOPATH / _REFLECT2, vendored)
    gopath = tree / ".go"
    (gopath / "src/k8s.io").mkdir(parents=True)
    link = gopath / "src/k8s.io/kubernetes"
    link.symlink_to(tree)
    go = max(Path("/usr/lib").glob("go-1.*/bin"), key=lambda path: int(path.parent.name.split(".")[1]))
    env = {name: value for name, value in os.environ.items() if name not in ("GOFLAGS", "GO111MODULE")}
    env |= {"GOPATH": str(gopath), "CGO_ENABLED": "0", "PATH": f"{go}:{os.environ['PATH']}", "PWD": str(link)}
    what = " ".join(f"cmd/{name}" for name in _PROGRAMS)
    run(["make", f"WHAT={what}"], cwd=link, env=env, log=log)
