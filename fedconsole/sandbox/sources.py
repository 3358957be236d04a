"""What the ways to get binaries have in common."""

import os
import platform
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fedconsole.sandbox.progress import Report

#: The programs that every source has to deliver beside etcd.
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")

#: Seconds between two signs of life of a long step.
_HEARTBEAT = 30.0
#: Seconds after which a build step is given up.
_PATIENCE = 3_600.0


class Unavailable(Exception):
    """A source cannot deliver here; the message says why, or what would help."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A temporary folder where build steps run, with their output in its ``log``."""

    folder: Path
    env: Mapping[str, str]
    report: Report

    def run(self, *command: str, cwd: Path | None = None) -> None:
        """Run a build step; raises ``Unavailable`` with the end of its output."""
        log = self.folder / "log"
        with log.open("ab") as output:
            step = subprocess.Popen(
                ["nice", "-n", "10", *command],
                cwd=cwd or self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # so that its compilers can be ended with it
            )
        code = self._wait(step)
        if code:
            tail = log.read_bytes()[-1_500:].decode(errors="replace")
            raise Unavailable(f"{' '.join(command[:3])} failed:\n{tail}")

    def _wait(self, step: subprocess.Popen[bytes]) -> int:
        started = time.monotonic()
        try:
            while (elapsed := time.monotonic() - started) < _PATIENCE:
                try:
                    return step.wait(_HEARTBEAT)
                except subprocess.TimeoutExpired:
                    self.report(f"  ... {elapsed + _HEARTBEAT:.0f} s")
            return 1
        finally:
            if step.poll() is None:
                os.killpg(step.pid, signal.SIGKILL)
                step.wait()


def machine() -> str:
    """The architecture as Go names it."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
