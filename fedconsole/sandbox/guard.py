"""Ends programs whose owner was killed: ``python -I guard.py``, standard library only, one per owner.

The owner writes a line ``PID STARTED`` for each program that it starts. However the owner ends, its end of
the pipe is closed by the kernel; then whatever still runs of these programs is killed. This works on every
Unix, for programs started by any thread, and needs nothing to run between fork and exec.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def started_at(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none, or only a zombie."""
    if not sys.platform.startswith("linux"):
        return _said_by_ps(pid)
    try:
        # The name, in parentheses, may hold anything, spaces included.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _said_by_ps(pid: int) -> str:
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "".join(answer.stdout.split())


def main() -> None:
    """Collect lines until the owner ends, then end what it left."""
    programs = [line.split() for line in sys.stdin]
    for pid, started in reversed(programs):
        if started_at(int(pid)) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


if __name__ == "__main__":
    main()
