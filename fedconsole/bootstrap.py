"""Set a fresh machine up: uv, the locked dependencies, and on request a browser, PostgreSQL and Kubernetes.

Runs under the system's own python3 before anything is installed, hence the standard library alone. Every
step is skipped when its result is there, so that a second run takes no time.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".bootstrapped"
TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fedconsole" / "tools"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Failed(Exception):
    """What to do, for the person at the terminal."""


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def run(command: Sequence[str], why: str) -> None:
    """Run a step quietly; when it fails, show what it said."""
    say(f"{why} ...")
    started = time.monotonic()
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise Failed(f"{why} failed: {' '.join(command)}\n{done.stdout.decode(errors='replace')[-3_000:]}")
    say(f"{why}: done in {time.monotonic() - started:.0f} s")


def apt_install(packages: Sequence[str], why: str) -> None:
    """Install Debian packages as root; else say what to run."""
    command = f"apt-get install -y {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise Failed(f"{why}: please install {' '.join(packages)} with this system's package manager.")
    if os.geteuid() != 0:
        raise Failed(f"{why}: please run as root: {command}")
    run(["apt-get", "update", "-q"], "Reading the package lists")
    run(["apt-get", "install", "-yq", "--no-install-recommends", *packages], why)


def uv() -> str:
    """The uv program: the one in PATH, or one in a virtual environment of its own."""
    if found := shutil.which("uv"):
        return found
    own = TOOLS / "bin" / "uv"
    if not own.exists():
        if not _can_make_environments():
            apt_install(["python3-venv", "ca-certificates"], "Installing python3-venv")
        run([sys.executable, "-m", "venv", str(TOOLS)], "Making an environment for uv")
        run([str(TOOLS / "bin" / "pip"), "install", "--quiet", "uv"], "Installing uv")
    return str(own)


def _can_make_environments() -> bool:
    probe = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return probe.returncode == 0


def dependencies() -> None:
    """The locked dependencies, in ``.venv``."""
    locked = (ROOT / "uv.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(locked).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    run([uv(), "sync", "--frozen", "--quiet"], "Installing the locked dependencies")
    STAMP.write_text(wanted)


def browser() -> None:
    """A Chromium for the browser tests."""
    if os.environ.get("FEDCONSOLE_CHROMIUM") or any(map(shutil.which, BROWSERS)):
        return
    if sys.platform == "darwin":
        raise Failed("The browser tests need Chrome or Chromium: name its program in FEDCONSOLE_CHROMIUM.")
    apt_install(["chromium"], "Installing Chromium")


def postgresql() -> None:
    """A PostgreSQL server's programs."""
    if not any(Path("/usr/lib/postgresql").glob("*/bin/postgres")) and not shutil.which("postgres"):
        apt_install(["postgresql"], "Installing PostgreSQL")


def kubernetes(versions: Sequence[str]) -> None:
    """The sandbox's programs, in the cache; without a version, whatever this machine can get first."""
    python = str(VENV / "bin" / "python")
    ensure = "import sys; from fedconsole.sandbox import binaries; binaries.ensure(sys.argv[1])"
    for version in versions or [""]:
        done = subprocess.run([python, "-u", "-c", ensure, version], cwd=ROOT, check=False)
        if done.returncode:
            raise Failed(f"Kubernetes {version} cannot be had here; see docs/sandbox.md.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--kubernetes", nargs="*", metavar="VERSION", help="such as 1.20.2")
    options = parser.parse_args()
    try:
        dependencies()
        if options.browser:
            browser()
        if options.postgresql:
            postgresql()
        if options.kubernetes is not None:
            kubernetes(options.kubernetes)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
