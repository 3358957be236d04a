"""Is the live object still what we applied?"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from propagation.domain import quantities

Object = dict[str, Any]

MANAGER = "fedconsole"

#: What identifies an item of a list of maps, in the order in which Kubernetes uses them.
_KEYS = ("name", "containerPort", "port", "mountPath", "key", "type", "ip", "topologyKey", "uid")


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


def covers(live: Any, desired: Any) -> bool:
    """Whether every field of ``desired`` is in ``live`` with the same value; ``live`` may have more."""
    if isinstance(desired, Mapping):
        if not desired and live is None:
            return True
        return isinstance(live, Mapping) and all(covers(live.get(key), desired[key]) for key in desired)
    if isinstance(desired, list):
        return _covers_list(live or [], desired)
    return bool(live == desired) or _same_quantity(live, desired)


def _covers_list(live: Any, desired: list[Any]) -> bool:
    if not isinstance(live, list):
        return False
    key = key_of(desired)
    if key is None:
        return len(live) == len(desired) and all(map(covers, live, desired))
    by_key: dict[str | int, list[Any]] = {}
    for item in live:
        if isinstance(item, Mapping) and isinstance(item.get(key), str | int):
            by_key.setdefault(item[key], []).append(item)
    return all(any(covers(one, item) for one in by_key.get(item[key], [])) for item in desired)


def key_of(items: list[Any]) -> str | None:
    """The field that identifies these items, if they are maps that all have one."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    return next((key for key in _KEYS if all(isinstance(item.get(key), str | int) for item in items)), None)


def _same_quantity(live: Any, desired: Any) -> bool:
    one, other = quantities.parse(live), quantities.parse(desired)
    return one is not None and one == other
