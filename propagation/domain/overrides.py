"""What differs from cluster to cluster: KubeFed's overrides, a JSON patch per cluster.

RFC 6902 with RFC 6901 pointers; the operation is ``replace`` unless given. Beside KubeFed's entries by
``clusterName`` there are entries by ``clusterSelector``; all that concern a cluster apply in their order.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import jsonpatch
import jsonpointer

from clusters.domain import labels
from propagation.domain.problems import Problem

Object = dict[str, Any]

OPERATIONS = ("add", "remove", "replace")
FIELDS = ("clusterName", "clusterSelector", "clusterOverrides")
PATCH_FIELDS = ("op", "path", "value")
REPLICAS = "/spec/replicas"
REFUSED = ("/metadata/namespace", "/metadata/name", "/metadata/generateName", "/kind")


class OverrideError(ValueError):
    """An override that cannot be applied; ``path`` is the pointer into the object."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def replicas(overrides: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The replicas that entries by ``clusterName`` set: how a ReplicaSchedulingPreference writes its plan."""
    return {
        entry["clusterName"]: patch["value"]
        for entry in overrides
        for patch in entry.get("clusterOverrides") or []
        if patch["path"] == REPLICAS and "clusterName" in entry and isinstance(patch.get("value"), int)
    }


def validate(overrides: Any) -> list[Problem]:
    """All that is wrong with a list of overrides, before anything is stored."""
    if not isinstance(overrides, list):
        return [Problem("", "overrides is a list.")]
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, entry in enumerate(overrides):
        problems += _entry_problems(entry, f"/{index}", seen)
    return problems


def _entry_problems(entry: Any, path: str, seen: set[str]) -> list[Problem]:
    if not isinstance(entry, Mapping) or ("clusterName" in entry) == ("clusterSelector" in entry):
        message = "An override has a clusterName (or a clusterSelector) and clusterOverrides."
        return [Problem(path, message)]
    if unknown := [name for name in entry if name not in FIELDS]:
        return [Problem(f"{path}/{name}", f"An override has no field {name}.") for name in unknown]
    if problem := _target_problem(entry, path, seen):
        return [problem]
    patches = [] if entry.get("clusterOverrides") is None else entry["clusterOverrides"]
    if not isinstance(patches, list):
        return [Problem(f"{path}/clusterOverrides", "clusterOverrides is a list.")]
    return _patch_problems(patches, f"{path}/clusterOverrides")


def _target_problem(entry: Mapping[str, Any], path: str, seen: set[str]) -> Problem | None:
    """What is wrong with the cluster, or the clusters, that an entry is for."""
    if "clusterSelector" in entry:
        try:
            labels.parse_selector(entry["clusterSelector"])
        except labels.InvalidSelector as error:
            return Problem(f"{path}/clusterSelector{error.path}", error.message)
        return None
    name = entry["clusterName"]
    if not isinstance(name, str):
        return Problem(f"{path}/clusterName", "clusterName is a text.")
    if name in seen:
        return Problem(f"{path}/clusterName", f"The cluster {name} has overrides twice.")
    seen.add(name)
    return None


def _patch_problems(patches: Sequence[Any], path: str) -> list[Problem]:
    problems = []
    paths: set[str] = set()
    for index, patch in enumerate(patches):
        where = f"{path}/{index}"
        message = _patch_problem(patch, paths)
        if message:
            problems.append(Problem(where, message))
        elif isinstance(patch, Mapping):
            paths.add(patch["path"])
    return problems


def _patch_problem(patch: Any, paths: set[str]) -> str:
    if not isinstance(patch, Mapping) or not isinstance(patch.get("path"), str):
        return "An override has a path."
    pointer, operation = patch["path"], patch.get("op", "replace")
    if operation not in OPERATIONS:
        return f"The op is one of {', '.join(OPERATIONS)}."
    if operation != "remove" and "value" not in patch:
        return f"{operation} needs a value."
    if any(pointer == refused or pointer.startswith(refused + "/") for refused in REFUSED):
        return f"{pointer} cannot be overridden."
    if unknown := [name for name in patch if name not in PATCH_FIELDS]:
        return f"An operation has no field {unknown[0]}."
    if pointer in paths:
        return f"{pointer} is overridden twice for this cluster."
    try:
        jsonpointer.JsonPointer(pointer)
    except jsonpointer.JsonPointerException:
        return f"{pointer} is not a JSON pointer: it starts with a slash."
    return "" if pointer else "The path must name something inside the object."


def for_cluster(
    overrides: Sequence[Mapping[str, Any]], cluster: str, cluster_labels: Mapping[str, str]
) -> list[Object]:
    """The operations for one cluster, in order, each with its ``op``."""
    return [
        {"op": "replace", **patch}
        for entry in overrides
        if concerns(entry, cluster, cluster_labels)
        for patch in entry.get("clusterOverrides") or []
    ]


def concerns(entry: Mapping[str, Any], cluster: str, cluster_labels: Mapping[str, str]) -> bool:
    """Whether an entry is for this cluster."""
    if "clusterSelector" in entry:
        return labels.parse_selector(entry["clusterSelector"]).matches(cluster_labels)
    return bool(entry.get("clusterName") == cluster)


def by_labels(overrides: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what a cluster gets depends on its labels."""
    return any("clusterSelector" in entry for entry in overrides)


def apply(target: Object, operations: Sequence[Object]) -> Object:
    """A patched copy; raises ``OverrideError`` for the first operation that cannot be applied.

    The copy shares nothing with the operations either. Without any, it is the target itself.
    """
    patched = deepcopy(target) if operations else target
    for operation in operations:
        try:
            patched = jsonpatch.apply_patch(patched, [operation], in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError) as error:
            path = str(operation.get("path", ""))
            raise OverrideError(path, f"{operation.get('op')} {path}: {error}") from None
    return patched
