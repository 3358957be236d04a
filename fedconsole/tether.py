"""Run a command that must not outlive the process which started it, however that one ends.

``python -I tether.py PARENT_PID COMMAND...``, standard library only. On Linux the kernel is asked to kill
the command when its parent dies, and the command takes the place of this process. Elsewhere this process
stays and looks after its parent.
"""

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> int:
    """Become the command (Linux), or the exit code of having looked after it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            return 1
        os.execvp(command[0], command)  # noqa: S606
    return _look_after(parent, command)


def _look_after(parent: int, command: list[str]) -> int:
    child = subprocess.Popen(command)

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    while True:
        try:
            return child.wait(1)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.kill()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
