"""Which members serve a kind, in which version, and what else they serve that could be federated.

Versions by their priority:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from clusters.domain import served
from clusters.domain.references import ResourceType
from clusters.domain.served import Served

_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")

#: What a cluster tells of itself, and what only its own controllers make.
OF_ONE_CLUSTER = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "certificatesigningrequests.certificates.k8s.io",
        "controllerrevisions.apps",
        "csinodes.storage.k8s.io",
        "csistoragecapacities.storage.k8s.io",
        "endpoints",
        "endpointslices.discovery.k8s.io",
        "events",
        "events.events.k8s.io",
        "ipaddresses.networking.k8s.io",
        "leases.coordination.k8s.io",
        "nodes",
        "persistentvolumes",
        "podcertificaterequests.certificates.k8s.io",
        "pods",
        "resourceslices.resource.k8s.io",
        "servicecidrs.networking.k8s.io",
        "storageversionmigrations.storagemigration.k8s.io",
        "storageversions.internal.apiserver.k8s.io",
        "volumeattachments.storage.k8s.io",
    }
)


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
    return _suitable(kind, {one.version for one in known if (one.group, one.plural) == _key(kind)})


def _suitable(kind: ResourceType, versions: Collection[str]) -> str | None:
    if kind.version in versions:
        return kind.version
    # v2beta2 has the fields of v2, which v1 has not.
    relatives = {version for version in versions if _major(version) == _major(kind.version)}
    return best_version(relatives or versions)


def _major(version: str) -> str:
    found = _VERSION.fullmatch(version)
    return found[1] if found else version


@lru_cache(maxsize=4_096)
def as_served(kind: ResourceType, api_resources: tuple[str, ...]) -> ResourceType:
    """The kind in the version in which a member serves it.

    In its own where the member is not known to serve it: it may have learned it since. Most members serve
    the same kinds as others do, so that what was read out of one list is known of all.
    """
    return replace(kind, version=served_version(kind, api_resources) or kind.version)


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


def _key(kind: ResourceType | Served) -> tuple[str, str]:
    return kind.group, kind.plural


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where a kind is served: names of members, and the version where it is another than the type's own."""

    served: tuple[str, ...]
    otherwise: Mapping[str, str]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(self.served) + len(self.missing) + len(self.unknown)


@dataclass(frozen=True, slots=True)
class Found:
    """A kind that could be federated, in the version that most members serve; ``members`` name them."""

    type: ResourceType
    members: tuple[str, ...]


class Catalogue:
    """What every member serves, by the member's name; an empty list says that it is not known yet."""

    def __init__(self, members: Mapping[str, Iterable[str]]) -> None:
        self._served = {name: served.read(texts) for name, texts in members.items()}
        self._versions = {name: _by_kind(known) for name, known in self._served.items()}

    @property
    def total(self) -> int:
        return len(self._served)

    def coverage(self, kind: ResourceType) -> Coverage:
        """Which members serve a kind, and which do not."""
        versions = {name: known.get(_key(kind), ()) for name, known in self._versions.items()}
        suitable = {name: version for name, found in versions.items() if (version := _suitable(kind, found))}
        return Coverage(
            served=tuple(suitable),
            otherwise={name: version for name, version in suitable.items() if version != kind.version},
            missing=tuple(name for name in versions if name not in suitable and self._versions[name]),
            unknown=tuple(name for name in versions if not self._versions[name]),
        )

    def federable(self, federated: Collection[str]) -> list[Found]:
        """What some member serves and could be federated, by name; ``federated`` are names of types."""
        types: defaultdict[str, Counter[ResourceType]] = defaultdict(Counter)
        members: defaultdict[str, list[str]] = defaultdict(list)
        for name, known in self._served.items():
            offered = {one.type for one in known if one.kind and one.type.name not in OF_ONE_CLUSTER}
            for kind in offered:
                types[kind.name][kind] += 1
            for kind_name in {kind.name for kind in offered}:
                members[kind_name].append(name)
        return [
            Found(_most_served(types[kind_name]), tuple(members[kind_name]))
            for kind_name in sorted(types)
            if kind_name not in federated
        ]


def _by_kind(known: Iterable[Served]) -> dict[tuple[str, str], set[str]]:
    versions: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in known:
        versions[_key(one)].add(one.version)
    return dict(versions)


def _most_served(counted: Counter[ResourceType]) -> ResourceType:
    return max(counted, key=lambda kind: (counted[kind], _priority(kind.version), kind.kind))
