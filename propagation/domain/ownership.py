"""Whose the fields of an object are, where somebody has decided that all of them are ours.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
"""

from collections.abc import Mapping
from typing import Any

from propagation.domain.versions import MANAGER

Object = dict[str, Any]

#: What controllers write about the object, and never anything that is wanted.
_REPORTED = "f:status"


def seized(live: Object) -> list[Object]:
    """The ``managedFields`` of a live object with every field ours.

    The next apply then removes whatever it does not set. Entries of subresources (status, scale) stay.
    """
    entries = (live.get("metadata") or {}).get("managedFields") or []
    kept = [entry for entry in entries if entry.get("subresource")]
    fields: Object = {}
    for entry in entries:
        if entry not in kept:
            fields = _union(fields, entry.get("fieldsV1") or {})
    fields.pop(_REPORTED, None)
    ours = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live.get("apiVersion", ""),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [ours, *kept]


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> Object:
    found = dict(one)
    for name, value in other.items():
        found[name] = _union(found[name], value) if isinstance(found.get(name), Mapping) else value
    return found
