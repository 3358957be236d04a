"""What a change would do in a cluster, before anything is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clusters.domain.words import Vocabulary
from propagation.domain.diffs import Diff


class Effect(Vocabulary):
    """The words, what needs somebody's attention first."""

    CONFLICT = "conflict", "Conflict", "error", "unlink", 0
    REFUSED = "refused", "Will be refused", "error", "x", 1
    BLOCKED = "blocked", "Blocked", "warn", "lock", 2
    UNREACHABLE = "unreachable", "Unreachable", "unknown", "link-off", 3
    REMOVE = "remove", "Will be removed", "warn", "trash", 4
    RELEASE = "release", "Will stay there, unmanaged", "warn", "unlink", 5
    CHANGE = "change", "Will change", "progress", "edit", 6
    CREATE = "create", "Will be created", "ok", "plus", 7
    NOTHING = "nothing", "Nothing to do", "unknown", "check", 8


@dataclass(frozen=True, slots=True)
class Held:
    """Fields that another manager holds."""

    manager: str
    fields: tuple[str, ...]


def held(managers: Mapping[str, Iterable[str]]) -> tuple[Held, ...]:
    """What an API server said about a conflict."""
    return tuple(Held(name, tuple(sorted(fields))) for name, fields in sorted(managers.items()))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would happen; equal ones are shown once for all their clusters.

    ``message`` is the API server's or ours. ``held`` are fields of others, which are taken over unless it
    is a conflict. ``namespace`` is one that would come into being too.
    """

    effect: Effect
    message: str = ""
    diff: Diff = field(default_factory=Diff)
    held: tuple[Held, ...] = ()
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The clusters in which the same would happen."""

    forecast: Forecast
    clusters: tuple[str, ...]


def grouped(forecasts: Mapping[str, Forecast]) -> list[Group]:
    """Forecasts by the name of their cluster as groups: what needs attention first, then the largest."""
    clusters: dict[Forecast, list[str]] = {}
    for name in sorted(forecasts):
        clusters.setdefault(forecasts[name], []).append(name)
    groups = [Group(forecast, tuple(names)) for forecast, names in clusters.items()]
    return sorted(groups, key=lambda one: (one.forecast.effect.rank, -len(one.clusters), one.clusters))
