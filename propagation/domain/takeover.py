"""Objects that KubeFed left in the members: taken over as they are, and handed over with the first change.

As long as nothing about them differs, nothing is written: they bear KubeFed's label and not ours, and
none of their fields is ours. What they say is compared instead.
"""

import hashlib
import json
from typing import Any

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from propagation.domain import versions

Object = dict[str, Any]

#: Begins the digest of an object that is still as KubeFed left it.
KEPT = "kubefed:"

_OWNED_LABELS = ("f:metadata", "f:labels", f"f:{KUBEFED_MANAGED}")


def is_kept(live: Object) -> bool:
    """Whether an object is KubeFed's, and was not written by us yet."""
    labels = (live.get("metadata") or {}).get("labels") or {}
    return labels.get(KUBEFED_MANAGED) == "true" and MANAGED not in labels


def held(live: Object) -> str:
    """What of an object is ours: a digest that changes with every drift; empty when nothing is.

    Of an object that is kept, it is all that the object says but for its status.
    """
    return versions.owned(live) or (_digest(live) if is_kept(live) else "")


def _digest(live: Object) -> str:
    metadata = live.get("metadata") or {}
    said = {name: value for name, value in live.items() if name not in ("metadata", "status")}
    said["metadata"] = {name: metadata.get(name) for name in ("labels", "annotations")}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{KEPT}{digest[: 64 - len(KEPT)]}"


def may_stay(live: Object, desired: Object) -> bool:
    """Whether a kept object is as desired already, our label apart."""
    metadata = desired.get("metadata") or {}
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != MANAGED}
    return is_kept(live) and versions.covers(live, {**desired, "metadata": {**metadata, "labels": labels}})


def inherited(live: Object) -> list[Object] | None:
    """An object's ``managedFields`` with KubeFed's as ours; None where KubeFed holds nothing.

    What is applied afterwards without a field then removes that field, which would stay with KubeFed else.
    https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
    """
    entries = (live.get("metadata") or {}).get("managedFields") or []
    if versions.owned(live) or not any(map(_is_kubefeds, entries)):
        return None
    ours = {"manager": versions.MANAGER, "operation": "Apply"}
    return [{**entry, **ours} if _is_kubefeds(entry) else entry for entry in entries]


def _is_kubefeds(entry: Object) -> bool:
    """KubeFed's manager is the one that has set KubeFed's label."""
    if entry.get("operation") != "Update" or entry.get("subresource"):
        return False
    fields = entry.get("fieldsV1") or {}
    for step in _OWNED_LABELS:
        if not isinstance(fields, dict) or step not in fields:
            return False
        fields = fields[step]
    return True
