"""Which kinds an API server serves, in which versions."""

import asyncio
from dataclasses import dataclass
from typing import Any

from clusters.domain.references import ResourceType
from clusters.kube import errors
from clusters.kube.client import Member


@dataclass(frozen=True, slots=True)
class ServedType:
    """A kind in one version; ``preferred`` marks the version that the server would choose."""

    type: ResourceType
    verbs: tuple[str, ...]
    preferred: bool


async def served(member: Member) -> list[ServedType]:
    """Every kind in every version; a broken aggregated API costs its own kinds alone."""
    core, groups = await asyncio.gather(member.request("GET", "/api"), member.request("GET", "/apis"))
    versions = [("", version, version == "v1") for version in core.get("versions") or []]
    for group in groups.get("groups") or []:
        preferred = (group.get("preferredVersion") or {}).get("version")
        versions += [
            (group["name"], one["version"], one["version"] == preferred)
            for one in group.get("versions") or []
        ]
    lists = await asyncio.gather(*(_kinds(member, *version) for version in versions))
    return [kind for kinds in lists for kind in kinds]


async def _kinds(member: Member, group: str, version: str, preferred: bool) -> list[ServedType]:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        answer: dict[str, Any] = await member.request("GET", path)
    except (errors.Unreachable, errors.TimedOut):
        raise  # the server as a whole: nothing is known then, which is not that there is nothing
    except errors.MemberError:
        return []
    return [
        ServedType(
            ResourceType(group, version, item["kind"], item["name"], bool(item["namespaced"])),
            tuple(item.get("verbs") or ()),
            preferred,
        )
        for item in answer.get("resources") or []
        if "/" not in item["name"]
    ]
