"""List, then watch, forever: the informer's half of the Kubernetes protocol.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from clusters.domain.references import ResourceType
from clusters.kube import errors
from clusters.kube.client import Listing, Member

logger = logging.getLogger(__name__)

#: Seconds that the server is asked to keep a watch open, and of silence after which it counts as dead.
WATCH_TIMEOUT = 300
SILENCE = WATCH_TIMEOUT + 30.0
#: Seconds between two attempts to reconnect: the first, the longest.
BACKOFF = (0.25, 15.0)


@dataclass(frozen=True, slots=True)
class Synced:
    """The whole truth after a list: whatever is not in it is not there."""

    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Event:
    """``kind`` is ADDED, MODIFIED or DELETED."""

    kind: str
    object: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """The list or the watch failed; another attempt follows."""

    error: errors.MemberError


async def watch(
    member: Member,
    type: ResourceType,  # noqa: A002
    *,
    label_selector: str = "",
    namespace: str = "",
) -> AsyncIterator[Synced | Event | Broken]:
    """What happens to the objects of a kind; never ends by itself and never raises."""
    version = ""
    failures = 0
    while True:
        try:
            if not version:
                listing: Listing = await member.list(type, namespace, label_selector=label_selector)
                version = listing.resource_version
                yield Synced(listing.items)
            query = _query(version, label_selector)
            async for line in member.stream(type.path(namespace), query, SILENCE):
                kind, body = _parse(line)
                version = body["metadata"].get("resourceVersion") or version
                failures = 0
                if kind != "BOOKMARK":
                    yield Event(kind, body)
        except errors.Gone:
            version = ""
        except errors.MemberError as error:
            failures += 1
            # A server that came back may have lost or gained anything.
            version = "" if isinstance(error, errors.Unreachable) else version
            yield Broken(error)
            await asyncio.sleep(_pause(failures))


def _pause(failures: int) -> float:
    first, longest = BACKOFF
    step: float = min(longest, first * 2.0 ** min(failures - 1, 10))
    return step * random.uniform(0.5, 1.0)  # noqa: S311


def _query(version: str, label_selector: str) -> dict[str, str]:
    query = {
        "watch": "true",
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(WATCH_TIMEOUT),
    }
    return {**query, "labelSelector": label_selector} if label_selector else query


def _parse(line: bytes) -> tuple[str, dict[str, Any]]:
    """An event's type and object; raises the typed error that an ERROR event carries."""
    event = json.loads(line)
    kind, body = event.get("type"), event.get("object") or {}
    if kind == "ERROR":
        raise errors.from_response(int(body.get("code") or 500), json.dumps(body).encode(), {}, "")
    if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
        logger.warning("Skipping a watch event of the unknown type %s", kind)
        return "BOOKMARK", {"metadata": {}}
    return kind, body
