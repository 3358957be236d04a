"""Is the live object still what we applied?"""

import hashlib
import json
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from propagation.domain import quantities

Object = dict[str, Any]

MANAGER = "fedconsole"

#: What identifies an item of a list of maps, in the order in which Kubernetes uses them.
_KEYS = ("name", "containerPort", "port", "mountPath", "key", "type", "ip", "topologyKey", "uid")

#: Fields that hold quantities, or below which all texts are such.
_QUANTITIES = frozenset(
    ("limits", "requests", "hard", "capacity", "overhead", "sizeLimit", "divisor", "averageValue", "target")
)
#: Parts of an object whose texts are texts, whatever they look like.
_PLAIN = ("metadata", "data", "stringData", "binaryData")


def owned(live: Object) -> str:
    """A digest of the fields that we own in a live object; empty when we own none.

    The API server takes a field from us as soon as somebody else changes or removes it: the digest
    changes with every drift, and with nothing else that others do.
    """
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        if (
            entry.get("manager") == MANAGER
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            fields = json.dumps(entry.get("fieldsV1") or {}, sort_keys=True, separators=(",", ":"))
            return hashlib.sha256(fields.encode()).hexdigest()
    return ""


class _Texts(Enum):
    """What texts are: themselves, quantities, or quantities below the fields that hold such."""

    PLAIN = auto()
    MIXED = auto()
    QUANTITIES = auto()

    def below(self, field: str) -> "_Texts":
        return _Texts.QUANTITIES if self is _Texts.MIXED and field in _QUANTITIES else self


def covers(live: Any, desired: Any) -> bool:
    """Whether every field of ``desired`` is in ``live`` with the same value; ``live`` may have more.

    Quantities are the same when they mean the same: API servers write them in their own way.
    """
    if not isinstance(desired, Mapping) or not isinstance(live, Mapping):
        return _covers(live, desired, _Texts.PLAIN)
    return all(
        _covers(live.get(field), desired[field], _Texts.PLAIN if field in _PLAIN else _Texts.MIXED)
        for field in desired
    )


def _covers(live: Any, desired: Any, texts: _Texts) -> bool:
    if isinstance(desired, Mapping):
        if not desired and live is None:
            return True
        return isinstance(live, Mapping) and all(
            _covers(live.get(field), desired[field], texts.below(field)) for field in desired
        )
    if isinstance(desired, list):
        return _covers_list(live or [], desired, texts)
    return bool(live == desired) or (texts is _Texts.QUANTITIES and _same_quantity(live, desired))


def _covers_list(live: Any, desired: list[Any], texts: _Texts) -> bool:
    if not isinstance(live, list):
        return False
    key = key_of(desired)
    if key is None:
        pairs = zip(live, desired, strict=False)
        return len(live) == len(desired) and all(_covers(one, other, texts) for one, other in pairs)
    by_key: dict[str | int, list[Any]] = {}
    for item in live:
        if isinstance(item, Mapping) and isinstance(item.get(key), str | int):
            by_key.setdefault(item[key], []).append(item)
    return all(any(_covers(one, item, texts) for one in by_key.get(item[key], [])) for item in desired)


def key_of(items: list[Any]) -> str | None:
    """The field that identifies these items, if they are maps that all have one."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    return next((key for key in _KEYS if all(isinstance(item.get(key), str | int) for item in items)), None)


def _same_quantity(live: Any, desired: Any) -> bool:
    one, other = quantities.parse(live), quantities.parse(desired)
    return one is not None and one == other
