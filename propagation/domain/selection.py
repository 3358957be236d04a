"""A placement as people choose it in the form: all clusters, clusters by their labels, or picked ones.

Writing what was read changes nothing, so that an edit of something else leaves the placement as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
class Choice:
    """What the form shows of a placement: the part that its mode does not use is empty."""

    mode: Mode
    names: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()


def read(placement: Object) -> Choice:
    """A placement of KubeFed's as a choice; one that selects nothing is an empty pick."""
    if (named := placement.get("clusters")) is not None:
        return Choice(Mode.PICK, names=tuple(entry["name"] for entry in named))
    selector = placement.get("clusterSelector")
    if selector is None:
        return Choice(Mode.PICK)
    if requirements := _requirements(selector):
        return Choice(Mode.LABELS, requirements=requirements)
    return Choice(Mode.ALL)


def _requirements(selector: Object) -> tuple[Requirement, ...]:
    equal = [Requirement(key, EQUALS, (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        Requirement(one["key"], one["operator"], tuple(one.get("values") or ()))
        for one in selector.get("matchExpressions") or []
    ]
    return (*equal, *expressions)


def write(placement: Object, choice: Choice) -> Object:
    """The placement that means this choice; the given one when it does already."""
    if placement and read(placement) == choice:
        return placement
    if choice.mode == Mode.PICK:
        entries = _entries(placement, choice.names)
        return placement if entries == placement.get("clusters") else {"clusters": entries}
    if choice.mode == Mode.ALL:
        return {"clusterSelector": {}}
    return {"clusterSelector": _selector(choice.requirements)}


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
