"""Taints keep workloads off a cluster; tolerations let some in. Kubernetes' words, one level up.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clusters.domain import labels


class InvalidTaint(ValueError):
    """A taint or a toleration that cannot mean anything."""


class Effect(StrEnum):
    """What a taint does: ``NoExecute`` also removes what is there already."""

    NO_SCHEDULE = "NoSchedule"
    NO_EXECUTE = "NoExecute"


@dataclass(frozen=True, slots=True)
class Taint:
    """One mark of a cluster."""

    key: str
    value: str
    effect: Effect

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True)
class Toleration:
    """What a workload puts up with; an empty key, with ``Exists``, is any taint; an empty effect, both."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, taint: Taint) -> bool:
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        return self.operator == "Exists" or (bool(self.key) and self.value == taint.value)


def parse_taints(data: Any) -> tuple[Taint, ...]:
    """Read a list of ``{key, value, effect}``; raise ``InvalidTaint``."""
    if not isinstance(data, list):
        raise InvalidTaint("Taints are a list.")
    found = tuple(_taint(entry) for entry in data)
    if len({(taint.key, taint.effect) for taint in found}) < len(found):
        raise InvalidTaint("A key has an effect only once.")
    return found


def _taint(entry: Any) -> Taint:
    if not isinstance(entry, Mapping) or set(entry) - {"key", "value", "effect"}:
        raise InvalidTaint("A taint has a key, a value and an effect.")
    if entry.get("effect") not in list(Effect):
        raise InvalidTaint(f"The effect of a taint is one of {', '.join(Effect)}.")
    key, value = entry.get("key"), entry.get("value", "")
    _check(key, value)
    return Taint(str(key), value, Effect(entry["effect"]))


def parse_tolerations(data: Any) -> tuple[Toleration, ...]:
    """Read a list of ``{key, operator, value, effect}``; raise ``InvalidTaint``."""
    if not isinstance(data, list):
        raise InvalidTaint("Tolerations are a list.")
    return tuple(_toleration(entry) for entry in data)


def _toleration(entry: Any) -> Toleration:
    if not isinstance(entry, Mapping) or set(entry) - {"key", "operator", "value", "effect"}:
        raise InvalidTaint("A toleration has a key, an operator, a value and an effect.")
    operator = entry.get("operator", "Equal")
    if operator not in ("Equal", "Exists"):
        raise InvalidTaint("The operator of a toleration is Equal or Exists.")
    if entry.get("effect", "") not in ("", *Effect):
        raise InvalidTaint(f"The effect of a toleration is one of {', '.join(Effect)}, or is left out.")
    key, value = entry.get("key", ""), entry.get("value", "")
    if not key and operator != "Exists":
        raise InvalidTaint("A toleration without a key has the operator Exists.")
    if operator == "Exists" and value:
        raise InvalidTaint("A toleration with the operator Exists has no value.")
    _check(key or "any", value)
    return Toleration(key, operator, value, entry.get("effect", ""))


def _check(key: Any, value: Any) -> None:
    try:
        labels.check(key, value)
    except labels.InvalidLabel as error:
        raise InvalidTaint(str(error)) from None


def validate(data: Any) -> None:
    """Raise ``InvalidTaint`` unless these are taints."""
    parse_taints(data)


def untolerated(taints: Sequence[Taint], tolerations: Sequence[Toleration]) -> list[Taint]:
    """The taints that none of the tolerations puts up with."""
    return [taint for taint in taints if not any(one.tolerates(taint) for one in tolerations)]


def parse_text(text: str) -> list[dict[str, str]]:
    """Read ``key=value:Effect`` or ``key:Effect``, by commas or line ends, as kubectl writes them."""
    found = []
    for item in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        pair, colon, effect = item.rpartition(":")
        if not colon:
            raise InvalidTaint(f"{item!r} is not of the form key=value:{Effect.NO_SCHEDULE}.")
        key, _, value = pair.partition("=")
        found.append({"key": key.strip(), "value": value.strip(), "effect": effect.strip()})
    parse_taints(found)
    return found


def write_text(data: Sequence[Mapping[str, str]]) -> str:
    """What ``parse_text`` reads."""
    return ", ".join(str(_taint(entry)) for entry in data)
