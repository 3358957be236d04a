"""How many replicas go to which cluster: KubeFed's planner, exactly.

Read from its source: pkg/schedulingtypes/planner in kubefed v0.8.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from propagation.domain.hashing import fnv1

ANY = "*"


@dataclass(frozen=True, slots=True)
class Preference:
    """What a cluster may get; None is unlimited."""

    weight: int = 0
    min_replicas: int = 0
    max_replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Replicas by cluster, and by how much a cluster's share exceeded its capacity."""

    replicas: dict[str, int]
    overflow: dict[str, int]


@dataclass(slots=True)
class _Share:
    """One cluster during planning; ``preallocated`` is what already runs there and is to stay."""

    name: str
    weight: int
    minimum: int
    limit: float
    capacity: float
    planned: int = 0
    preallocated: int = 0
    overflow: int = 0


def plan(
    preferences: Mapping[str, Preference],
    clusters: Sequence[str],
    total: int,
    *,
    rebalance: bool = False,
    current: Mapping[str, int] | None = None,
    capacity: Mapping[str, int] | None = None,
    key: str = "",
) -> Plan:
    """Split ``total`` replicas over ``clusters``.

    ``current`` has the ready replicas, ``capacity`` the most that a cluster can run (absent: no limit known).
    ``key`` is the target's namespace/name: it decides who gets the odd replica.
    """
    shares = _shares(preferences, clusters, capacity or {}, key)
    remaining = _give_minimum(shares, total)
    if not rebalance:
        _keep_running(shares, remaining, current or {})
    remaining = _distribute(shares, remaining)
    overflow = _overflow(shares, remaining, rebalance=rebalance)
    replicas = dict.fromkeys(clusters, 0) | {share.name: share.planned for share in shares}
    return Plan(replicas, overflow)


def _shares(
    preferences: Mapping[str, Preference], clusters: Sequence[str], capacity: Mapping[str, int], key: str
) -> list[_Share]:
    """The clusters with a preference, heaviest first; equal ones in the order of their hashes."""
    shares = []
    for name in clusters:
        preference = preferences.get(name, preferences.get(ANY))
        if preference is None:
            continue
        limit = float("inf") if preference.max_replicas is None else preference.max_replicas
        room = capacity.get(name, float("inf"))
        shares.append(_Share(name, preference.weight, preference.min_replicas, limit, room))
    return sorted(shares, key=lambda share: (-share.weight, fnv1(share.name + key)))


def _give_minimum(shares: Sequence[_Share], remaining: int) -> int:
    for share in shares:
        share.planned = int(min(share.minimum, remaining, share.capacity))
        remaining -= share.planned
    return remaining


def _keep_running(shares: Sequence[_Share], remaining: int, current: Mapping[str, int]) -> None:
    for share in shares:
        target = min(current.get(share.name, 0), share.limit, share.capacity)
        share.preallocated = int(max(0, min(target - share.planned, remaining)))
        remaining -= share.preallocated


def _distribute(shares: Sequence[_Share], remaining: int) -> int:
    """Rounds of shares by weight until nothing is left, or nobody can take more."""
    for share in shares:
        share.planned += share.preallocated
        remaining -= share.preallocated
    taking = list(shares)
    changed = True
    while changed and remaining > 0 and (weights := sum(share.weight for share in taking)) > 0:
        changed, still_taking, available = False, [], remaining
        for share in taking:
            wish = min(-(-available * share.weight // weights), remaining)
            used = min(share.preallocated, wish)
            share.preallocated -= used
            given, capped = _give(share, wish - used)
            remaining -= given
            changed = changed or given > 0 or used > 0
            if not capped:
                still_taking.append(share)
        taking = still_taking
    return remaining


def _give(share: _Share, wish: int) -> tuple[int, bool]:
    """Give a cluster what it can take of its wish; whether it is full now."""
    within_limit = min(share.planned + wish, share.limit)
    target = int(min(within_limit, share.capacity))
    share.overflow += int(max(0, within_limit - target))
    given = target - share.planned
    share.planned = target
    return given, given < wish


def _overflow(shares: Sequence[_Share], remaining: int, *, rebalance: bool) -> dict[str, int]:
    """Not rebalancing, an overflow counts only as far as nobody else could take it."""
    found = {
        share.name: share.overflow if rebalance else min(share.overflow, remaining)
        for share in shares
        if share.overflow
    }
    return {name: count for name, count in found.items() if count}
