"""Set a machine up: uv, the locked dependencies, on request Kubernetes, a browser, PostgreSQL.

Standard library only, since it runs under the system's python3 before anything is installed. What is there
already costs next to nothing. What has to be installed for the whole system is installed where this is
Debian or Ubuntu and the user is root; otherwise the command to run is printed.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSER = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


class Missing(Exception):
    """Something has to be installed by a person; the message says what and how."""


def main() -> int:
    """Provide everything that is asked for; the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  (whatever python3 is, it is not chosen by us)
        print("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ".", file=sys.stderr)
        return 1
    options = _options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _provide(options)
    except Missing as missing:
        print(f"\n{missing}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\nThis failed: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", action="store_true", help="only what the console itself runs on")
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument(
        "--kubernetes", nargs="?", const="", metavar="VERSION", help="such as 1.20.2; by default any"
    )
    return parser.parse_args()


def _provide(options: argparse.Namespace) -> None:
    dependencies(development=not options.runtime)
    if options.browser:
        browser()
    if options.postgresql:
        postgresql()
    if options.kubernetes is not None:
        kubernetes(options.kubernetes)


def _say(line: str) -> None:
    print(f"[setup] {line}", flush=True)


def _run(*command: str, **variables: str) -> None:
    """Run a command whose output the user sees."""
    started = time.monotonic()
    _say(" ".join(command))
    if code := _call(*command, **variables):
        raise subprocess.CalledProcessError(code, command)
    _say(f"done in {time.monotonic() - started:.0f} s")


def _call(*command: str, **variables: str) -> int:
    """The exit code of a command; when we are interrupted, it is asked to end, and has the time to do so."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with subprocess.Popen(command, cwd=ROOT, env=environment | variables) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# The system's packages


def _apt(why: str, *packages: str) -> None:
    """Install packages of Debian or Ubuntu, or say how."""
    command = ("apt-get", "install", "-y", "--no-install-recommends", *packages)
    if shutil.which("apt-get") is None:
        raise Missing(f"{why} is missing. Install it, then run this again.")
    if os.geteuid() != 0:
        raise Missing(f"{why} is missing. Run this, then try again:\n  sudo {' '.join(command)}")
    _run("apt-get", "update", "-q")
    _run(*command, DEBIAN_FRONTEND="noninteractive")


# Python's packages


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fedconsole"


def _uv() -> str:
    """The uv on the path, or one in an environment of its own."""
    if found := shutil.which("uv"):
        return found
    folder = _cache() / "uv"
    program = folder / "bin" / "uv"
    if not program.exists():
        if importlib.util.find_spec("ensurepip") is None:
            _apt("Python's venv", "python3-venv", "ca-certificates")
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv")
    return str(program)


def _fingerprint() -> str:
    files = [ROOT / "uv.lock", ROOT / "pyproject.toml"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def dependencies(*, development: bool) -> None:
    """The locked Python packages: what the console runs on, and with ``development`` what tests need."""
    wanted = _fingerprint()
    stamps = [STAMPS / "development"] if development else [STAMPS / "development", STAMPS / "runtime"]
    if any(stamp.exists() and stamp.read_text() == wanted for stamp in stamps):
        return
    options = [] if development else ["--no-dev", "--inexact"]
    _run(_uv(), "sync", "--frozen", *options, UV_PROJECT_ENVIRONMENT=str(VENV))
    STAMPS.mkdir(exist_ok=True)
    stamps[-1].write_text(wanted)


# Kubernetes, a browser, PostgreSQL


def kubernetes(version: str) -> None:
    """The sandbox's programs, fetched or built into the user's cache (the first time takes minutes)."""
    if _call(str(VENV / "bin" / "python"), "-u", "-m", "fedconsole.provision", version):
        raise Missing("There is no Kubernetes for the sandbox; the lines above say why.")


def browser() -> None:
    """A Chromium for the browser tests."""
    given = os.environ.get("FEDCONSOLE_CHROMIUM", "")
    if given and shutil.which(given) is None:
        raise Missing(f"FEDCONSOLE_CHROMIUM names {given}, which cannot be run.")
    if given or any(map(shutil.which, BROWSERS)) or MAC_BROWSER.exists():
        return
    _apt("Chromium (or Google Chrome, or a path in FEDCONSOLE_CHROMIUM)", "chromium")


def postgresql() -> None:
    """A PostgreSQL server's programs; nothing is started."""
    if not (shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
        _apt("PostgreSQL's server", "postgresql")


if __name__ == "__main__":
    sys.exit(main())
