"""Lines that tell what takes so long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], object]


@contextmanager
def step(report: Report, what: str) -> Iterator[None]:
    """Report the start of a step, and how long it took."""
    report(f"{what} ...")
    started = time.monotonic()
    yield
    report(f"{what}: done in {time.monotonic() - started:.0f} s")
