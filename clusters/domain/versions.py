"""Which Kubernetes versions a member may run."""

import re
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
