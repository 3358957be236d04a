"""Build a released Kubernetes, and its etcd, from their Go modules; on Linux and macOS.

``k8s.io/kubernetes`` requires its staging modules at v0.0.0 and replaces them by folders, which only
works inside its own tree. A module of our own that replaces them by the releases of the same
version builds the same programs.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fedconsole.sandbox.progress import Report, step
from fedconsole.sandbox.sources import PROGRAMS, Unavailable, Workshop

_OLDEST_GO = (1, 21)  # fetches a newer toolchain by itself, as a module
_ETCD = "go.etcd.io/etcd/server/v3"
_COMMANDS = [f"k8s.io/kubernetes/cmd/{name}" for name in PROGRAMS]
#: Seconds for the first module: later ones come from the same place.
_FIRST_FETCH = 60


def build(version: str, folder: Path, report: Report) -> None:
    """Build ``version`` into ``folder``; needs Go and a module proxy."""
    go = _go()
    with tempfile.TemporaryDirectory(prefix="fedconsole-go-") as temporary:
        env = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
        workshop = Workshop(Path(temporary), env, report)
        with step(report, f"Fetching the sources of Kubernetes {version}"):
            _write_module(go, version, workshop)
            workshop.run(go, "mod", "download", f"k8s.io/kubernetes@{version}")
            workshop.run(go, "list", "-deps", "-f", "{{.ImportPath}}", *_COMMANDS, _ETCD)
        with step(report, f"Building Kubernetes {version} (some minutes, once)"):
            out = f"{folder}{os.sep}"
            workshop.run(go, "build", "-ldflags", version_flags(version), "-o", out, *_COMMANDS)
        with step(report, "Building its etcd"):
            workshop.run(go, "build", "-ldflags", "-s -w", "-o", str(folder / "etcd"), _ETCD)


def _go() -> str:
    go = shutil.which("go")
    if not go:
        raise Unavailable("Go is not installed.")
    output = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", output)
    if not found or (int(found[1]), int(found[2])) < _OLDEST_GO:
        raise Unavailable(f"Go is older than {'.'.join(map(str, _OLDEST_GO))}.")
    return go


def _write_module(go: str, version: str, workshop: Workshop) -> None:
    released = _released_module(go, version, workshop)
    (workshop.folder / "go.mod").write_text(module(version, released))
    lines = "".join(f'\t_ "{path}"\n' for path in [*_COMMANDS, _ETCD])
    (workshop.folder / "tools.go").write_text(f"//go:build tools\n\npackage sandbox\n\nimport (\n{lines})\n")


def _released_module(go: str, version: str, workshop: Workshop) -> str:
    """The go.mod of the release itself."""
    command = [go, "list", "-m", "-json", f"k8s.io/kubernetes@{version}"]
    try:
        done = subprocess.run(
            command,
            cwd=workshop.folder,
            env=workshop.env,
            capture_output=True,
            text=True,
            timeout=_FIRST_FETCH,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Unavailable(f"the module k8s.io/kubernetes {version} cannot be fetched.") from None
    return Path(json.loads(done.stdout)["GoMod"]).read_text()


def module(version: str, released: str) -> str:
    """Our go.mod for a release, from the go.mod of its own."""
    go = _only(r"^go (\S+)$", released)
    etcd = _only(r"^\s*go\.etcd\.io/etcd/client/v3 (\S+)", released)
    staging = sorted(set(re.findall(r"^\s*(k8s\.io/[\w.-]+) v0\.0\.0$", released, re.MULTILINE)))
    staged = version.replace("v1.", "v0.", 1)
    requires = [f"k8s.io/kubernetes {version}", f"{_ETCD} {etcd}"]
    requires += [f"{name} v0.0.0" for name in staging]
    replaces = [f"{name} => {name} {staged}" for name in staging]
    return (
        f"module fedconsole.io/sandbox\n\ngo {go}\n\n"
        f"require (\n{_indented(requires)})\n\nreplace (\n{_indented(replaces)})\n"
    )


def _only(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Unavailable("the module file of that release is not as expected.")
    return found[1]


def _indented(lines: list[str]) -> str:
    return "".join(f"\t{line}\n" for line in lines)


def version_flags(version: str) -> str:
    """Linker flags; without them the programs report v0.0.0."""
    package = "k8s.io/component-base/version"
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return "-s -w " + " ".join(f"-X {package}.{name}={value}" for name, value in values.items())
