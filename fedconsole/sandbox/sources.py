"""What the ways to get binaries have in common."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Unavailable(Exception):
    """A source cannot deliver here; the message says why, or what would help."""


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, timeout: float = 3_600
) -> None:
    """Run a build step with its output in ``log``; raise ``Unavailable`` with the end of it."""
    with log.open("ab") as output:
        done = subprocess.run(
            command, cwd=cwd, env=env, stdout=output, stderr=output, timeout=timeout, check=False
        )
    if done.returncode:
        tail = log.read_bytes()[-1_500:].decode(errors="replace")
        raise Unavailable(f"{' '.join(command[:3])} failed:\n{tail}")


def machine() -> str:
    """The architecture as Go names it."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
