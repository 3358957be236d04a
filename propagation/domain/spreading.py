"""At most so many clusters, and over different places: Karmada's spread constraint, kept stable."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from propagation.domain.hashing import fnv1


def choose(groups: Mapping[str, str], most: int, holding: Collection[str], key: str) -> set[str]:
    """The names of at most ``most`` clusters out of ``groups`` (cluster name -> region or the like).

    Those that hold the object already come first, so that a newcomer moves nothing. The others are
    taken from the group that has the fewest so far; ``key`` (namespace/name) decides ties.
    """
    order = sorted(groups, key=lambda name: fnv1(name + key))
    chosen = [name for name in order if name in holding][:most]
    taken = Counter(groups[name] for name in chosen)
    waiting = _by_group([name for name in order if name not in chosen], groups)
    while len(chosen) < most and waiting:
        group = min(waiting, key=lambda one: (taken[one], fnv1(one + key), one))
        chosen.append(waiting[group].pop(0))
        taken[group] += 1
        if not waiting[group]:
            del waiting[group]
    return set(chosen)


def _by_group(names: Sequence[str], groups: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(groups[name], []).append(name)
    return found
