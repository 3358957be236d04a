"""Whose the fields of an object are, where somebody has decided that all of them are ours.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from propagation.domain.versions import MANAGER

Object = dict[str, Any]

#: What controllers write about the object, and never anything that is wanted.
_REPORTED = "f:status"
#: What controllers hold an object by: without it they could not clean up behind it.
_HELD_BY = ("f:finalizers", "f:ownerReferences")


def seized(live: Object) -> list[Object]:
    """The ``managedFields`` of a live object with every field ours.

    The next apply then removes whatever it does not set, but for what controllers hold the object by. Entries
    of subresources (status, scale) stay.
    """
    entries = (live.get("metadata") or {}).get("managedFields") or []
    kept = [entry for entry in entries if entry.get("subresource")]
    fields: Object = {}
    for entry in entries:
        if entry not in kept:
            fields = _union(fields, entry.get("fieldsV1") or {})
    fields.pop(_REPORTED, None)
    metadata = {name: held for name, held in fields.pop("f:metadata", {}).items() if name not in _HELD_BY}
    if metadata:  # empty, it would mean the metadata as a whole
        fields["f:metadata"] = metadata
    ours = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live.get("apiVersion", ""),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [ours, *kept]


def pruned(live: Object, entries: Sequence[Object], desired: Object) -> Object:
    """A live object without what is ours by these ``managedFields`` and not desired: what an apply leaves."""
    fields: Object = {}
    for entry in entries:
        if entry.get("manager") == MANAGER and not entry.get("subresource"):
            fields = _union(fields, entry.get("fieldsV1") or {})
    fields.pop(_REPORTED, None)
    return _pruned_map(live, fields, desired)


def _pruned(live: Any, fields: Mapping[str, Any], desired: Any) -> Any:
    if isinstance(live, Mapping):
        return _pruned_map(live, fields, desired if isinstance(desired, Mapping) else {})
    if isinstance(live, list):
        return _pruned_list(live, fields, desired if isinstance(desired, list) else [])
    return live


def _pruned_map(live: Mapping[str, Any], fields: Mapping[str, Any], desired: Mapping[str, Any]) -> Object:
    found = {}
    for name, value in live.items():
        held = fields.get(f"f:{name}")
        left = _pruned(value, held, desired.get(name)) if held else value
        if held is None or name in desired or (held and left):
            found[name] = left
    return found


def _pruned_list(live: list[Any], fields: Mapping[str, Any], desired: list[Any]) -> list[Any]:
    """Items of lists of maps are known by their keys (``k:{"name":"x"}``), those of sets by themselves."""
    keyed = {name: json.loads(name[2:]) for name in fields if name.startswith(("k:", "v:"))}
    found = []
    for item in live:
        name = next((name for name, key in keyed.items() if _is_item(item, key)), None)
        twin = next((one for one in desired if name and _is_item(one, keyed[name])), None)
        if name is None:
            found.append(item)
        elif twin is not None:
            found.append(_pruned(item, fields[name], twin))
    return found


def _is_item(item: Any, key: Any) -> bool:
    if isinstance(key, Mapping):
        return isinstance(item, Mapping) and key.items() <= item.items()
    return bool(item == key)


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> Object:
    found = dict(one)
    for name, value in other.items():
        found[name] = _union(found[name], value) if isinstance(found.get(name), Mapping) else value
    return found
