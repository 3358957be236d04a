"""What a cluster's nodes tell about it: how many are well, how large they are, where they stand.

Region and zones: https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesioregion
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")

_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)([numkMGTPE]|[KMGTPE]i)?\Z")
_FACTORS = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


@dataclass(frozen=True, slots=True)
class Summary:
    """All nodes of a cluster together; ``region`` is the first node's, as in KubeFed."""

    ready: int
    total: int
    cpu_millis: int
    memory_bytes: int
    region: str
    zones: tuple[str, ...]


def summarize(nodes: Iterable[Mapping[str, Any]]) -> Summary:
    """Read Node objects; what a node does not tell counts as nothing."""
    items = list(nodes)
    capacities = [(node.get("status") or {}).get("capacity") or {} for node in items]
    regions = [region for node in items[:1] if (region := _label(node, _REGION))]
    return Summary(
        ready=sum(map(_is_ready, items)),
        total=len(items),
        cpu_millis=int(sum(_quantity(capacity.get("cpu")) for capacity in capacities) * 1000),
        memory_bytes=int(sum(_quantity(capacity.get("memory")) for capacity in capacities)),
        region=regions[0] if regions else "",
        zones=tuple(sorted({zone for node in items if (zone := _label(node, _ZONE))})),
    )


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _label(node: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    labels = (node.get("metadata") or {}).get("labels") or {}
    return next((str(labels[key]) for key in keys if labels.get(key)), "")


def _quantity(value: Any) -> Decimal:
    found = _QUANTITY.match(str(value))
    return Decimal(found[1]) * _FACTORS[found[2] or ""] if found else Decimal(0)
