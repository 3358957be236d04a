"""Which members serve a kind, in which version, and what else they serve that could be federated.

Versions by their priority:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
"""

import re
from collections.abc import Iterable
from enum import IntEnum

from clusters.domain import served
from clusters.domain.references import ResourceType

_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")


class Stability(IntEnum):
    """How much a version promises, by its name."""

    OTHER = 0
    ALPHA = 1
    BETA = 2
    STABLE = 3


def served_version(kind: ResourceType, api_resources: Iterable[str]) -> str | None:
    """The version in which a member serves a kind: the type's own, or else the one of the highest priority.

    None where it is not served. As long as nothing is known of a member, it is taken to serve the type's own.
    """
    known = served.read(api_resources)
    if not known:
        return kind.version
    versions = {one.version for one in known if (one.group, one.plural) == (kind.group, kind.plural)}
    if kind.version in versions:
        return kind.version
    return best_version(versions)


def best_version(versions: Iterable[str]) -> str | None:
    """The version of the highest priority: stable ones first, then beta, then alpha; the highest number."""
    # Names that are no versions come last, the first of the alphabet before the others.
    return max(sorted(versions), key=_priority, default=None)


def _priority(version: str) -> tuple[Stability, int, int]:
    found = _VERSION.fullmatch(version)
    if not found:
        return Stability.OTHER, 0, 0
    major, stage, minor = found.groups()
    stability = Stability[stage.upper()] if stage else Stability.STABLE
    return stability, int(major), int(minor or 0)
