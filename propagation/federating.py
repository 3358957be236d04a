"""Look at what a namespace of a member holds, in order to federate it; nothing is changed there."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.domain.references import NAMESPACE, ObjectReference, ResourceType
from clusters.kube import errors, loop
from clusters.kube.client import Member
from clusters.models import Cluster
from propagation import scopes
from propagation.domain import federating, kinds
from propagation.domain.federating import Skip
from propagation.models import FederatedResource, FederatedType

Object = dict[str, Any]

#: Objects of a kind that are read, and of one answer.
PER_KIND = 2_000
PAGE = 500
#: Seconds in which a kind has to be read.
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live object; ``skip`` says why it is not federated, and ``taken`` is the resource of its name."""

    type: FederatedType
    namespace: str
    name: str
    template: Object
    skip: Skip | None = None
    taken: int | None = None
    retain_replicas: bool = False

    @property
    def key(self) -> str:
        return f"{self.type.name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the objects of a kind are not, or not all, among those that were found."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a namespace holds of the kinds that are federated."""

    candidates: list[Candidate] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def free(self) -> list[Candidate]:
        """What can be federated."""
        return [one for one in self.candidates if one.skip is None]

    @property
    def skipped(self) -> list[Candidate]:
        return [one for one in self.candidates if one.skip is not None]


@dataclass(frozen=True, slots=True)
class _Listed:
    """The objects of one kind, or what went wrong."""

    type: FederatedType
    items: list[Object]
    trouble: str = ""


def namespaces(cluster: Cluster) -> list[str]:
    """The namespaces of a member that can be federated by whoever is served; raises ``MemberError``."""
    member = loop.shared_pool().member(cluster.connection)
    found = loop.run(member.list(NAMESPACE)).items
    names = {item["metadata"]["name"] for item in found}
    return sorted(name for name in names - federating.OF_THE_CLUSTER if scopes.permits("", name, ""))


def look(cluster: Cluster, namespace: str) -> Contents | None:
    """What a namespace holds, or None when it is not there; raises ``MemberError`` if there is no answer."""
    types = list(FederatedType.objects.filter(enabled=True))
    listed = loop.run(_read(cluster, namespace, types))
    if listed is None:
        return None
    troubles = [Trouble(one.type.kind, one.trouble) for one in listed if one.trouble]
    return Contents(_candidates(listed, namespace), troubles)


async def _read(cluster: Cluster, namespace: str, types: Sequence[FederatedType]) -> list[_Listed] | None:
    member = loop.shared_pool().member(cluster.connection)
    # Asked first, so that a member that does not answer is waited for once.
    itself = await member.get(ObjectReference(NAMESPACE, "", namespace))
    if itself is None:
        return None
    found = [_Listed(one, [itself]) for one in types if one.name == NAMESPACE.name]
    namespaced = [one for one in types if one.namespaced and one.name not in kinds.OF_ONE_CLUSTER]
    return found + list(
        await asyncio.gather(*(_list(member, one, namespace, cluster.api_resources) for one in namespaced))
    )


async def _list(member: Member, kind: FederatedType, namespace: str, api_resources: Iterable[str]) -> _Listed:
    resource_type = kind.resource_type
    version = kinds.served_version(resource_type, api_resources)
    if version is None:
        return _Listed(kind, [])
    if version != resource_type.version:
        return _Listed(kind, [], f"It is served as {version}, and federated as {resource_type.version}.")
    try:
        async with asyncio.timeout(PATIENCE):
            items, more = await _pages(member, resource_type, namespace)
    except errors.NotFound:
        return _Listed(kind, [])
    except errors.MemberError as error:
        return _Listed(kind, [], str(error))
    except TimeoutError:
        return _Listed(kind, [], f"No answer within {PATIENCE:.0f} s.")
    return _Listed(kind, items, f"There are more than {PER_KIND:,}; these are the first." if more else "")


async def _pages(member: Member, kind: ResourceType, namespace: str) -> tuple[list[Object], bool]:
    """The first objects of a kind, and whether there are more."""
    items: list[Object] = []
    query = {"limit": str(PAGE)}
    while len(items) < PER_KIND:
        page = await member.request("GET", kind.path(namespace), query)
        items += page.get("items") or []
        query["continue"] = (page.get("metadata") or {}).get("continue") or ""
        if not query["continue"]:
            return items, False
    return items, True


def _candidates(listed: Sequence[_Listed], namespace: str) -> list[Candidate]:
    """Every object with what can be said of it, in the order of the kinds and of their names."""
    found = [(one.type, item) for one in listed for item in one.items]
    scaled = federating.autoscaled((kind.resource_type, item) for kind, item in found)
    stored = FederatedResource.objects.filter(namespace__in=[namespace, ""]).values_list(
        "type_id", "namespace", "name", "pk"
    )
    taken = {(type_pk, where, name): pk for type_pk, where, name, pk in stored}
    candidates = [_candidate(kind, item, scaled, taken) for kind, item in found]
    return sorted(candidates, key=lambda one: (one.type.kind, one.name))


def _candidate(
    kind: FederatedType, item: Object, scaled: set[tuple[str, str]], taken: dict[tuple[Any, ...], int]
) -> Candidate:
    resource_type, metadata = kind.resource_type, item["metadata"]
    key = (kind.pk, metadata.get("namespace", ""), metadata["name"])
    return Candidate(
        type=kind,
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        template=federating.clean(resource_type, item),
        skip=Skip.TAKEN if key in taken else federating.skip(resource_type, item),
        taken=taken.get(key),
        retain_replicas=(kind.kind, metadata["name"]) in scaled,
    )
