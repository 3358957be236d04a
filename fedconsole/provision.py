"""Have Kubernetes in the cache: ``python -m fedconsole.provision [VERSION]``; a signal ends all of it."""

import signal
import sys
from types import FrameType

from fedconsole.sandbox import binaries, sources

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(version: str) -> str | int:
    """What ``sys.exit`` takes. An empty version asks for any."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        binaries.ensure(version)
    except sources.Unavailable as reason:
        return str(reason)
    except KeyboardInterrupt:
        return 130
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Unwind, so that compilers are ended; a second signal must not interrupt that."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:])))
