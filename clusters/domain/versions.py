"""Which Kubernetes versions a member may run."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_GIT_VERSION = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A Kubernetes version; what vendors append (``-gke.100``, ``+k3s1``) does not count."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: The oldest release whose server-side apply, bookmarks and TokenRequest the console was tried with.
OLDEST_SUPPORTED = Version(1, 20)


def parse(git_version: str) -> Version:
    """Read ``/version``'s ``gitVersion``; raise ``ValueError`` for anything else."""
    found = _GIT_VERSION.match(git_version)
    if not found:
        raise ValueError(f"{git_version!r} is not a Kubernetes version.")
    major, minor, patch = found.groups()
    return Version(int(major), int(minor), int(patch or 0))


def supported(version: Version) -> bool:
    """Whether a cluster of that version can be a member."""
    return version >= OLDEST_SUPPORTED


def support_message(version: Version) -> str:
    """What to tell somebody whose cluster is too old."""
    oldest = f"{OLDEST_SUPPORTED.major}.{OLDEST_SUPPORTED.minor}"
    return f"The cluster runs Kubernetes {version}; {oldest} and later are supported."


_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_BOUND = re.compile(r"^(>=|<=|!=|>|<|=)?\s*v?(\d+(?:\.\d+){1,2})$")


class InvalidRange(ValueError):
    """A text that is not a range of versions."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison; as many numbers count as are given, so that ``=1.31`` admits 1.31.4."""

    comparison: str
    numbers: tuple[int, ...]

    def admits(self, version: Version) -> bool:
        whole = (version.major, version.minor, version.patch)
        return _COMPARISONS[self.comparison](whole[: len(self.numbers)], self.numbers)


def parse_range(text: str) -> tuple[Bound, ...]:
    """Read ``>=1.25, <1.31``: every bound has to hold; raise ``InvalidRange``."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(_bound(part) for part in parts)


def _bound(text: str) -> Bound:
    found = _BOUND.match(text)
    if not found:
        raise InvalidRange(f"{text!r} is not a bound like >=1.25 or <1.31.")
    return Bound(found[1] or "=", tuple(int(number) for number in found[2].split(".")))
