"""What a member serves, as it is remembered: one text per kind and version.

``apps/v1/deployments Deployment Namespaced``; kind and scope are left out where an object of that kind cannot
be kept as somebody wants it (``authorization.k8s.io/v1/subjectaccessreviews``).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from clusters.domain.references import ResourceType

#: Texts that are kept as they were read: members serve much the same.
REMEMBERED = 4_096

#: Without all of these, a kind can be asked, but not kept.
KEEPING = frozenset({"create", "delete", "get", "list", "patch", "watch"})

NAMESPACED, CLUSTER = "Namespaced", "Cluster"


@dataclass(frozen=True, slots=True)
class Served:
    """One kind in one version; without ``kind``, nobody can keep objects of it."""

    group: str
    version: str
    plural: str
    kind: str = ""
    namespaced: bool = True

    @property
    def type(self) -> ResourceType:
        return ResourceType(self.group, self.version, self.kind, self.plural, self.namespaced)


def write(kind: ResourceType, verbs: Collection[str]) -> str:
    """The text of a kind that a server offers with these verbs."""
    path = f"{kind.api_version}/{kind.plural}"
    if not KEEPING.issubset(verbs):
        return path
    return f"{path} {kind.kind} {NAMESPACED if kind.namespaced else CLUSTER}"


def read(api_resources: Iterable[str]) -> list[Served]:
    """What the texts say."""
    return [_read(text) for text in api_resources]


@lru_cache(REMEMBERED)
def _read(text: str) -> Served:
    path, _, description = text.partition(" ")
    api_version, _, plural = path.rpartition("/")
    group, _, version = api_version.rpartition("/")
    kind, _, scope = description.partition(" ")
    return Served(group, version, plural, kind, scope != CLUSTER)
