"""Every field of an object made ours."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import ownership, versions

FIELDS = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(st.sampled_from(["f:a", "f:b", "f:status"]), inner),
    max_leaves=6,
)
ENTRIES = st.lists(
    st.builds(
        lambda manager, operation, fields: {"manager": manager, "operation": operation, "fieldsV1": fields},
        st.sampled_from(["kubectl", "helm", "fedconsole"]),
        st.sampled_from(["Update", "Apply"]),
        FIELDS,
    )
)


def paths(fields: Any, prefix: str = "") -> set[str]:
    return {prefix} | {path for name in fields for path in paths(fields[name], f"{prefix}/{name}")}


@given(ENTRIES)
def test_nothing_is_lost_but_what_controllers_report(entries: list[dict[str, Any]]) -> None:
    (ours,) = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": entries}})
    wanted = {path for entry in entries for path in paths(entry["fieldsV1"])} | {""}
    assert paths(ours["fieldsV1"]) == {path for path in wanted if not path.startswith("/f:status")}
    assert versions.owned({"metadata": {"managedFields": [ours]}})


@pytest.mark.parametrize("name", ["f:finalizers", "f:ownerReferences"])
def test_what_controllers_hold_an_object_by_is_not_taken_from_them(name: str) -> None:
    fields = {"f:metadata": {name: {'v:"a/b"': {}}, "f:labels": {"f:a": {}}}, "f:data": {"f:x": {}}}
    entry = {"manager": "controller", "operation": "Update", "fieldsV1": fields}
    (ours,) = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": [entry]}})
    assert ours["fieldsV1"] == {"f:metadata": {"f:labels": {"f:a": {}}}, "f:data": {"f:x": {}}}
    assert name in fields["f:metadata"]
    entry["fieldsV1"] = {"f:metadata": {name: {'v:"a/b"': {}}}}
    (ours,) = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": [entry]}})
    assert ours["fieldsV1"] == {}, "nothing of the metadata is not the metadata as a whole"


def managed(fields: dict[str, Any], manager: str = versions.MANAGER) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsV1": fields}


ITEM = 'k:{"name":"main"}'


@pytest.mark.parametrize(
    ("live", "fields", "desired", "left"),
    [
        ({"a": 1, "b": 2}, {"f:a": {}, "f:b": {}}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"f:a": {}}, {"a": 1}, {"a": 1, "b": 2}),
        ({"m": {"x": 1, "y": 2}}, {"f:m": {"f:x": {}, "f:y": {}}}, {"m": {"x": 1}}, {"m": {"x": 1}}),
        ({"m": {"x": 1, "y": 2}}, {"f:m": {"f:x": {}}}, {}, {"m": {"y": 2}}),
        ({"m": {"x": 1}}, {"f:m": {"f:x": {}}}, {}, {}),
        ({"m": {"x": 1}}, {"f:m": {"f:x": {}}}, {"m": {}}, {"m": {}}),
        ({"l": [1, 2]}, {"f:l": {}}, {"l": [1, 2]}, {"l": [1, 2]}),
        ({"l": ["a", "b"]}, {"f:l": {'v:"a"': {}, 'v:"b"': {}}}, {"l": ["b"]}, {"l": ["b"]}),
        (
            {"l": [{"name": "main", "e": 1, "i": 2}, {"name": "other"}]},
            {"f:l": {ITEM: {".": {}, "f:name": {}, "f:e": {}, "f:i": {}}}},
            {"l": [{"name": "main", "i": 2}]},
            {"l": [{"name": "main", "i": 2}, {"name": "other"}]},
        ),
        ({"l": [{"name": "main"}]}, {"f:l": {ITEM: {".": {}, "f:name": {}}}}, {"l": []}, {"l": []}),
        ({"status": {"x": 1}}, {"f:status": {"f:x": {}}}, {}, {"status": {"x": 1}}),
    ],
)
def test_an_apply_leaves_what_is_desired_or_not_ours(
    live: dict[str, Any], fields: dict[str, Any], desired: dict[str, Any], left: dict[str, Any]
) -> None:
    others = managed({f"f:{name}": {} for name in live}, "kubectl")
    assert ownership.pruned(live, [managed(fields), others], desired) == left


def test_what_is_written_through_a_subresource_stays() -> None:
    status = {"manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
    kubectl = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:x": {}}}}
    found = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": [status, kubectl]}})
    assert found[1:] == [status]
    assert found[0]["fieldsV1"] == {"f:data": {"f:x": {}}}
