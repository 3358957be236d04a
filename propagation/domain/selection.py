"""A placement as people choose it in the form: all clusters, clusters by their labels, or picked ones, and
what narrows them.

Writing what was read changes nothing, so that an edit of something else leaves the placement as it was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clusters.domain import taints
from clusters.domain.taints import Toleration
from propagation.domain.placement import FILTERS

Object = dict[str, Any]


class Mode(StrEnum):
    """How clusters are chosen."""

    ALL = "all"
    LABELS = "labels"
    PICK = "pick"


#: A requirement of ``matchLabels``; the others are the operators of ``matchExpressions``.
EQUALS = "Equals"
OPERATORS = (EQUALS, "In", "NotIn", "Exists", "DoesNotExist")
WITHOUT_VALUES = ("Exists", "DoesNotExist")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a label selector."""

    key: str
    operator: str = EQUALS
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What keeps clusters out that were chosen; at most ``most`` are left, spread ``by`` a kind of place."""

    regions: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    versions: str = ""
    tolerations: tuple[Toleration, ...] = ()
    most: int | None = None
    by: str = ""

    @property
    def selects(self) -> bool:
        """Whether it is a placement by itself: tolerations alone only let in."""
        return bool(self.regions or self.zones or self.providers or self.versions or self.most)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form shows of a placement: the part that its mode does not use is empty."""

    mode: Mode
    names: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    narrowing: Narrowing = Narrowing()


def read(placement: Object) -> Choice:
    """A placement as a choice; one that selects nothing is an empty pick."""
    narrowing = _narrowing(placement)
    if (named := placement.get("clusters")) is not None:
        return Choice(Mode.PICK, names=tuple(entry["name"] for entry in named), narrowing=narrowing)
    selector = placement.get("clusterSelector")
    if selector is None:
        return Choice(Mode.ALL if narrowing.selects else Mode.PICK, narrowing=narrowing)
    if requirements := _requirements(selector):
        return Choice(Mode.LABELS, requirements=requirements, narrowing=narrowing)
    return Choice(Mode.ALL, narrowing=narrowing)


def _narrowing(placement: Object) -> Narrowing:
    spread = placement.get("spread") or {}
    return Narrowing(
        **{name: frozenset(placement.get(name) or ()) for name in FILTERS},
        versions=str(placement.get("versions") or ""),
        tolerations=taints.parse_tolerations(placement.get("tolerations") or []),
        most=spread.get("maxClusters"),
        by=spread.get("by") or "",
    )


def _requirements(selector: Object) -> tuple[Requirement, ...]:
    equal = [Requirement(key, EQUALS, (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        Requirement(one["key"], one["operator"], tuple(one.get("values") or ()))
        for one in selector.get("matchExpressions") or []
    ]
    return (*equal, *expressions)


def write(placement: Object, choice: Choice) -> Object:
    """The placement that means this choice; the given one when it does already."""
    before = read(placement)
    if placement and before == choice:
        return placement
    written = _written_selection(placement, before, choice) | _written_narrowing(placement, before, choice)
    return placement if written == placement else written


def _written_selection(placement: Object, before: Choice, choice: Choice) -> Object:
    """The part that selects: as it was, unless something else is chosen."""
    if choice.mode == Mode.PICK and (entries := _entries(placement, choice.names)) != placement.get(
        "clusters"
    ):
        return {"clusters": entries}
    kept: Object = {name: placement[name] for name in ("clusters", "clusterSelector") if name in placement}
    if choice.mode == Mode.PICK or (kept and _selects_alike(before, choice)):
        return kept
    return {"clusterSelector": _selector(choice.requirements)}


def _selects_alike(before: Choice, choice: Choice) -> bool:
    return (before.mode, before.requirements) == (choice.mode, choice.requirements)


def _written_narrowing(placement: Object, before: Choice, choice: Choice) -> Object:
    """The part that narrows: what was chosen before keeps the way in which it is written."""
    old, new = before.narrowing, choice.narrowing
    lists = {name: _ordered(placement.get(name) or [], getattr(new, name)) for name in FILTERS}
    spread = {"maxClusters": new.most, **({"by": new.by} if new.by else {})} if new.most else None
    written = {
        **lists,
        "versions": new.versions,
        "tolerations": _tolerations(placement.get("tolerations") or [], old.tolerations, new.tolerations),
        "spread": placement.get("spread") if (old.most, old.by) == (new.most, new.by) else spread,
    }
    return {name: value for name, value in written.items() if value}


def _ordered(before: Sequence[str], chosen: Collection[str]) -> list[str]:
    return [name for name in before if name in chosen] + sorted(set(chosen) - set(before))


def _tolerations(
    entries: Sequence[Object], before: Sequence[Toleration], chosen: Sequence[Toleration]
) -> list[Object]:
    written = dict(zip(before, entries, strict=True))
    return [written.get(one) or _toleration(one) for one in chosen]


def _toleration(one: Toleration) -> Object:
    pairs = {"key": one.key, "operator": one.operator, "value": one.value, "effect": one.effect}
    return {name: value for name, value in pairs.items() if value}


def _entries(placement: Object, names: Sequence[str]) -> list[Object]:
    """Entries that stay keep their place and whatever else they hold."""
    kept = [entry for entry in placement.get("clusters") or [] if entry["name"] in names]
    present = {entry["name"] for entry in kept}
    return kept + [{"name": name} for name in names if name not in present]


def _selector(requirements: Sequence[Requirement]) -> Object:
    labels = {one.key: one.values[0] for one in requirements if one.operator == EQUALS}
    expressions = [_expression(one) for one in requirements if one.operator != EQUALS]
    selector: Object = {}
    if labels:
        selector["matchLabels"] = labels
    if expressions:
        selector["matchExpressions"] = expressions
    return selector


def _expression(requirement: Requirement) -> Object:
    expression: Object = {"key": requirement.key, "operator": requirement.operator}
    if requirement.operator not in WITHOUT_VALUES:
        expression["values"] = list(requirement.values)
    return expression
