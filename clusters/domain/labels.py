"""Kubernetes labels and label selectors.

Syntax and semantics: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MANAGED = "fedconsole.io/managed"
KUBEFED_MANAGED = "kubefed.io/managed"

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
DNS_SUBDOMAIN = r"^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"

_NAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_PREFIX = re.compile(DNS_SUBDOMAIN[:-1] + r"\Z")


class InvalidLabel(ValueError):
    """A label key or value that no API server would accept."""


class InvalidSelector(ValueError):
    """A selector that no API server would accept; ``path`` is a JSON pointer inside it."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Operator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition of a selector."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case Operator.IN:
                return labels.get(self.key) in self.values
            case Operator.NOT_IN:
                return labels.get(self.key) not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels

    def mismatch(self, labels: Mapping[str, str]) -> str:
        """Why it does not match, for people."""
        has = f"it has {self.key}={labels[self.key]}" if self.key in labels else f"it has no label {self.key}"
        return f"{self} is wanted, {has}"

    def __str__(self) -> str:
        match self.operator:
            case Operator.IN if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case Operator.IN:
                return f"{self.key} in ({', '.join(self.values)})"
            case Operator.NOT_IN:
                return f"{self.key} not in ({', '.join(self.values)})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A conjunction of requirements; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    def mismatches(self, labels: Mapping[str, str]) -> list[str]:
        """One reason for each requirement that is not met."""
        return [one.mismatch(labels) for one in self.requirements if not one.matches(labels)]

    def __str__(self) -> str:
        return ", ".join(map(str, self.requirements))


def parse_selector(data: Any) -> Selector:
    """Read a ``LabelSelector`` (``matchLabels`` and ``matchExpressions``); raise ``InvalidSelector``."""
    if not isinstance(data, Mapping):
        raise InvalidSelector("", "A selector is a mapping with matchLabels or matchExpressions.")
    if unknown := sorted(set(data) - {"matchLabels", "matchExpressions"}):
        raise InvalidSelector(f"/{unknown[0]}", f"A selector has no field {unknown[0]}.")
    return Selector(
        (*_match_labels(data.get("matchLabels")), *_match_expressions(data.get("matchExpressions")))
    )


def _match_labels(data: Any) -> list[Requirement]:
    if data is None:
        return []
    if not isinstance(data, Mapping):
        raise InvalidSelector("/matchLabels", "matchLabels is a mapping of labels to values.")
    for key, value in data.items():
        _check_pair(key, value, f"/matchLabels/{_escaped(key)}")
    return [Requirement(key, Operator.IN, (value,)) for key, value in data.items()]


def _match_expressions(data: Any) -> list[Requirement]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise InvalidSelector("/matchExpressions", "matchExpressions is a list.")
    return [_expression(item, f"/matchExpressions/{index}") for index, item in enumerate(data)]


def _expression(item: Any, path: str) -> Requirement:
    if not isinstance(item, Mapping):
        raise InvalidSelector(path, "An expression has key, operator and values.")
    key, values = item.get("key"), item.get("values") or []
    if item.get("operator") not in list(Operator):
        raise InvalidSelector(f"{path}/operator", f"The operator is one of {', '.join(Operator)}.")
    operator = Operator(item["operator"])
    takes_values = operator in (Operator.IN, Operator.NOT_IN)
    if not isinstance(values, list) or bool(values) != takes_values:
        raise InvalidSelector(
            f"{path}/values", f"{operator} takes {'values' if takes_values else 'no values'}."
        )
    for value in values or [""]:
        _check_pair(key, value, path)
    return Requirement(str(key), operator, tuple(values))


def _check_pair(key: Any, value: Any, path: str) -> None:
    try:
        check(key, value)
    except InvalidLabel as error:
        raise InvalidSelector(path, str(error)) from None


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def check(key: Any, value: Any) -> None:
    """Raise ``InvalidLabel`` unless an API server would accept this label."""
    if not isinstance(key, str) or not isinstance(value, str):
        raise InvalidLabel(f"The label {key!r} and its value are strings; quote numbers and booleans.")
    prefix, slash, name = key.rpartition("/")
    if not _NAME.match(name) or (slash and not _PREFIX.match(prefix)):
        raise InvalidLabel(f"{key!r} is not a label name: letters, digits, '-', '_' and '.', at most 63.")
    if value and not _NAME.match(value):
        raise InvalidLabel(f"{value!r} is not a label value: letters, digits, '-', '_' and '.', at most 63.")


def validate(labels: Any) -> None:
    """Raise ``InvalidLabel`` unless ``labels`` is a mapping of valid labels."""
    if not isinstance(labels, Mapping):
        raise InvalidLabel("Labels are a mapping of names to values.")
    for key, value in labels.items():
        check(key, value)


def parse_pairs(text: str) -> dict[str, str]:
    """Read ``key=value`` pairs, separated by commas or line ends; raise ``InvalidLabel``."""
    pairs: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise InvalidLabel(f"{item!r} is not of the form key=value.")
        check(key, value)
        if key in pairs:
            raise InvalidLabel(f"The label {key!r} is given twice.")
        pairs[key] = value
    return pairs
