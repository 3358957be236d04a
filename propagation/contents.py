"""What a namespace in a member holds that is not ours: it must not go with the namespace unasked."""

import asyncio
from typing import Any

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from clusters.domain.references import ResourceType
from clusters.kube import discovery, errors
from clusters.kube.client import Member

Object = dict[str, Any]

#: Objects of one page of a list: one that is foreign is enough, the next page is read where none is.
PAGE = 100
#: Names that a refusal tells.
TOLD = 5

#: Kinds that come and go by themselves.
_PASSING = frozenset({"events", "endpoints", "endpointslices", "leases", "controllerrevisions"})
#: What Kubernetes puts into every namespace.
_EVERYWHERE = frozenset({("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")})
_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105  (a type of Secret)


async def foreign(member: Member, namespace: str) -> list[str]:
    """``Kind name`` of objects that somebody else put there, a few of them; raises ``MemberError``."""
    kinds = [
        one.type
        for one in await discovery.served(member)
        if one.preferred and one.type.namespaced and "list" in one.verbs and one.type.plural not in _PASSING
    ]
    found = await asyncio.gather(*(_of_kind(member, kind, namespace) for kind in kinds))
    return sorted({name for names in found for name in names})


async def _of_kind(member: Member, kind: ResourceType, namespace: str) -> list[str]:
    """A kind whose API went away meanwhile holds nothing that could be kept."""
    query = {"limit": str(PAGE)}
    while True:
        try:
            page = await member.request("GET", kind.path(namespace), query)
        except errors.NotFound:
            return []
        items = page.get("items") or []
        found = [f"{kind.kind} {item['metadata']['name']}" for item in items if _is_foreign(kind, item)]
        rest = (page.get("metadata") or {}).get("continue")
        if found or not rest:
            return found
        query = {**query, "continue": rest}


def _is_foreign(kind: ResourceType, item: Object) -> bool:
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    ours = "true" in (labels.get(MANAGED), labels.get(KUBEFED_MANAGED))
    made_by_another = bool(metadata.get("ownerReferences"))
    made_by_kubernetes = (kind.plural, metadata["name"]) in _EVERYWHERE or item.get("type") == _TOKEN
    return not (ours or made_by_another or made_by_kubernetes)


def refusal(names: list[str]) -> str:
    """Why the namespace stays, for people."""
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return (
        f"It holds what is not ours: {', '.join(names[:TOLD])}{more}. Remove that first, "
        "or delete the namespace with all that it holds."
    )
