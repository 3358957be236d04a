"""How many replicas run where: a ReplicaSchedulingPreference, and what KubeFed's never had.

The preference is that of scheduling.kubefed.io/v1alpha1, without ``targetKind``, and with a ``mode``:

* ``weighted`` (KubeFed's, and the default): ``totalReplicas`` split by weight, see ``planner``;
* ``capacity``: the same, where a cluster's weight is the CPU that it has free;
* ``aggregated``: on as few clusters as have room for it;
* ``static``: each cluster has its own ``replicas``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from propagation.domain import planner
from propagation.domain.hashing import fnv1
from propagation.domain.planner import ANY, Preference
from propagation.domain.problems import Problem

Data = Mapping[str, Any]

FIELDS = ("mode", "totalReplicas", "rebalance", "intersectWithClusterSelector", "clusters")
CLUSTER_FIELDS = ("weight", "minReplicas", "maxReplicas", "replicas")
#: More than any cluster runs; keeps sums inside the database's integers.
MOST = 1_000_000


class Mode(StrEnum):
    """How replicas are shared out."""

    WEIGHTED = "weighted"
    CAPACITY = "capacity"
    AGGREGATED = "aggregated"
    STATIC = "static"


#: Modes that need to know what is free.
MEASURED = (Mode.CAPACITY, Mode.AGGREGATED)


@dataclass(frozen=True, slots=True)
class ReplicaFacts:
    """A cluster that replicas may go to.

    ``current`` are ready there. ``capacity`` is the most that it was seen to have room for, and None while
    nothing was turned away. ``free_cpu`` is in millicores, None where it is not known.
    """

    name: str
    current: int = 0
    capacity: int | None = None
    free_cpu: int | None = None


def mode(data: Data) -> Mode:
    """How this preference shares out."""
    return Mode(data.get("mode") or Mode.WEIGHTED)


def validate(data: Any) -> list[Problem]:
    """All that is wrong with a preference, before anything is stored; an empty one is none at all."""
    if not isinstance(data, Mapping):
        return [Problem("", "A preference is a mapping with totalReplicas and clusters.")]
    if not data:
        return []
    problems = [
        Problem(f"/{name}", f"A preference has no field {name}.") for name in sorted(set(data) - {*FIELDS})
    ]
    if data.get("mode") not in (None, *Mode):
        problems.append(Problem("/mode", f"The mode is one of {', '.join(Mode)}."))
    elif mode(data) is not Mode.STATIC and not _is_count(data.get("totalReplicas")):
        problems.append(Problem("/totalReplicas", f"totalReplicas is a number, 0 to {MOST:,}."))
    problems += [
        Problem(f"/{name}", f"{name} is true or false.")
        for name in ("rebalance", "intersectWithClusterSelector")
        if not isinstance(data.get(name, False), bool)
    ]
    return problems + _cluster_problems(data.get("clusters"))


def _cluster_problems(clusters: Any) -> list[Problem]:
    if clusters is None:
        return []
    if not isinstance(clusters, Mapping):
        return [Problem("/clusters", "clusters maps names, or *, to weights and limits.")]
    return [problem for name, one in clusters.items() for problem in _entry_problems(str(name), one)]


def _entry_problems(name: str, entry: Any) -> list[Problem]:
    path = "/clusters/" + name.replace("~", "~0").replace("/", "~1")
    if not isinstance(entry, Mapping):
        return [Problem(path, "A cluster has a weight, minReplicas and maxReplicas.")]
    problems = [
        Problem(f"{path}/{field}", f"A cluster's preference has no field {field}.")
        for field in sorted(set(entry) - {*CLUSTER_FIELDS})
    ]
    problems += [
        Problem(f"{path}/{field}", f"{field} is a number, 0 to {MOST:,}.")
        for field in CLUSTER_FIELDS
        if entry.get(field) is not None and not _is_count(entry[field])
    ]
    low, high = entry.get("minReplicas") or 0, entry.get("maxReplicas")
    if not problems and high is not None and low > high:
        problems.append(Problem(f"{path}/minReplicas", "minReplicas is more than maxReplicas."))
    return problems


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def plan(data: Data, clusters: Sequence[ReplicaFacts], key: str) -> dict[str, int]:
    """Replicas by cluster; a cluster that is not in it is not used. ``key`` is the target's namespace/name.

    As in KubeFed, what no cluster has room for is given to those that it was meant for: it stays pending
    there, in sight, instead of being lost.
    """
    return _PLANS[mode(data)](data, clusters, key)


def _weighted(data: Data, clusters: Sequence[ReplicaFacts], key: str) -> dict[str, int]:
    return _shared_out(_preferences(data), data, clusters, key)


def _by_capacity(data: Data, clusters: Sequence[ReplicaFacts], key: str) -> dict[str, int]:
    preferences = _preferences(data)
    known = any(cluster.free_cpu for cluster in clusters)
    weighted = {
        cluster.name: Preference(
            weight=(cluster.free_cpu or 0) if known else 1,
            min_replicas=given.min_replicas,
            max_replicas=given.max_replicas,
        )
        for cluster in clusters
        if (given := preferences.get(cluster.name, preferences.get(ANY)))
    }
    return _shared_out(weighted, data, clusters, key)


def _shared_out(
    preferences: Mapping[str, Preference], data: Data, clusters: Sequence[ReplicaFacts], key: str
) -> dict[str, int]:
    planned = planner.plan(
        preferences,
        [cluster.name for cluster in clusters],
        data["totalReplicas"],
        rebalance=bool(data.get("rebalance")),
        current={cluster.name: cluster.current for cluster in clusters},
        capacity={cluster.name: cluster.capacity for cluster in clusters if cluster.capacity is not None},
        key=key,
    )
    unplaced = data["totalReplicas"] - sum(planned.replicas.values())
    return _with_pending(planned, unplaced)


def _with_pending(planned: planner.Plan, unplaced: int) -> dict[str, int]:
    """Overflows, as far as they found no place anywhere: KubeFed adds all of them, and exceeds the total."""
    found = dict(planned.replicas)
    for name in sorted(planned.overflow):
        pending = min(unplaced, planned.overflow[name])
        found[name] += pending
        unplaced -= pending
    return found


def _aggregated(data: Data, clusters: Sequence[ReplicaFacts], key: str) -> dict[str, int]:
    """Those that run it already first, then the roomiest; a minimum is given before anything else.

    What nobody has room for stays pending, but nowhere beyond a maximum.
    """
    preferences = _preferences(data)
    given = {one.name: preferences.get(one.name, preferences.get(ANY)) for one in clusters}
    usable = [cluster for cluster in clusters if given[cluster.name]]
    usable.sort(key=lambda one: (-one.current, -(one.free_cpu or 0), fnv1(one.name + key)))
    remaining = data["totalReplicas"]
    planned: dict[str, int] = {}
    for cluster in usable:
        least = min((given[cluster.name] or Preference()).min_replicas, remaining)
        planned[cluster.name] = least
        remaining -= least
    for most in (_room, _maximum):
        for cluster in usable:
            more = min(remaining, max(0, most(cluster, given[cluster.name]) - planned[cluster.name]))
            planned[cluster.name] += more
            remaining -= more
    return {name: count for name, count in planned.items() if count}


def _room(cluster: ReplicaFacts, preference: Preference | None) -> int:
    most = _maximum(cluster, preference)
    return most if cluster.capacity is None else min(cluster.capacity, most)


def _maximum(_cluster: ReplicaFacts, preference: Preference | None) -> int:
    limit = preference.max_replicas if preference else None
    return MOST if limit is None else limit


def _static(data: Data, clusters: Sequence[ReplicaFacts], key: str) -> dict[str, int]:
    given = data.get("clusters") or {}
    entries = {cluster.name: given.get(cluster.name, given.get(ANY)) for cluster in clusters}
    return {name: int(entry.get("replicas") or 0) for name, entry in entries.items() if entry is not None}


_PLANS: Mapping[Mode, Callable[[Data, Sequence[ReplicaFacts], str], dict[str, int]]] = {
    Mode.WEIGHTED: _weighted,
    Mode.CAPACITY: _by_capacity,
    Mode.AGGREGATED: _aggregated,
    Mode.STATIC: _static,
}


def _preferences(data: Data) -> dict[str, Preference]:
    """By cluster; without any, all are equal."""
    given = data.get("clusters") or {ANY: {"weight": 1}}
    return {
        name: Preference(one.get("weight") or 0, one.get("minReplicas") or 0, one.get("maxReplicas"))
        for name, one in given.items()
    }


def capacity(wanted: int | None, unschedulable: int) -> int | None:
    """What a cluster has room for, where pods of the target have found no node; None where all have."""
    if not unschedulable or wanted is None:
        return None
    return max(0, wanted - unschedulable)
