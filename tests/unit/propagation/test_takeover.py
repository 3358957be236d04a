"""What KubeFed left in the members: when it may stay as it is, how it drifts, how it is handed over."""

from typing import Any

import pytest

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from propagation.domain import takeover, versions

Object = dict[str, Any]

KUBEFEDS: Object = {
    "manager": "controller-manager",
    "operation": "Update",
    "apiVersion": "v1",
    "fieldsV1": {
        "f:data": {"f:a": {}, "f:b": {}},
        "f:metadata": {"f:labels": {".": {}, f"f:{KUBEFED_MANAGED}": {}}},
    },
}
OTHER: Object = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:c": {}}}}
OURS: Object = {"manager": versions.MANAGER, "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}}
DESIRED: Object = {
    "kind": "ConfigMap",
    "metadata": {"name": "a", "labels": {MANAGED: "true"}},
    "data": {"a": "1"},
}


def left(data: Object | None = None, *managers: Object, **labels: str) -> Object:
    """A ConfigMap as KubeFed leaves it."""
    given = {KUBEFED_MANAGED: "true", **labels}
    metadata = {
        "name": "a",
        "resourceVersion": "7",
        "labels": given,
        "managedFields": list(managers or [KUBEFEDS]),
    }
    return {"kind": "ConfigMap", "metadata": metadata, "data": data or {"a": "1"}}


def test_what_is_as_desired_may_stay() -> None:
    assert takeover.may_stay(left(), DESIRED)
    assert takeover.may_stay(left({"a": "1", "more": "2"}), DESIRED)


@pytest.mark.parametrize(
    "live",
    [
        left({"a": "2"}),
        left(None, **{MANAGED: "true"}),
        left(None, **{KUBEFED_MANAGED: "false"}),
        {"metadata": {"name": "a"}, "data": {"a": "1"}, "kind": "ConfigMap"},
    ],
)
def test_what_differs_or_is_not_kubefeds_may_not(live: Object) -> None:
    assert not takeover.may_stay(live, DESIRED)


def test_other_labels_count() -> None:
    labels = {MANAGED: "true", "app": "web"}
    wanted = {**DESIRED, "metadata": {"name": "a", "labels": labels}}
    assert not takeover.may_stay(left(), wanted)
    assert takeover.may_stay(left(app="web"), wanted)


def test_the_digest_changes_with_what_the_object_says_alone() -> None:
    before = takeover.held(left())
    assert before.startswith(takeover.KEPT)
    assert len(before) == 64
    touched = left()
    touched["metadata"]["resourceVersion"] = "8"
    touched["metadata"]["managedFields"] = []
    assert takeover.held({**touched, "status": {"ready": 1}}) == before
    assert takeover.held(left({"a": "2"})) != before
    assert takeover.held(left(app="web")) != before


def test_once_fields_are_ours_they_count() -> None:
    live = left(None, OURS, **{MANAGED: "true"})
    assert takeover.held(live) == versions.owned(live) != ""
    assert takeover.held({"metadata": {"name": "a"}}) == ""


def test_what_kubefed_holds_is_inherited() -> None:
    fields = takeover.inherited(left(None, KUBEFEDS, OTHER))
    assert fields == [{**KUBEFEDS, "manager": versions.MANAGER, "operation": "Apply"}, OTHER]


@pytest.mark.parametrize("managers", [(OTHER,), (KUBEFEDS, OURS), ({**KUBEFEDS, "subresource": "status"},)])
def test_nothing_is_inherited_of_others(managers: tuple[Object, ...]) -> None:
    assert takeover.inherited(left(None, *managers)) is None
