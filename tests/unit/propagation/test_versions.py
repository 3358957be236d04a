"""Is the live object what we applied?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import versions


def managed(*entries: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    fields = [{"manager": m, "operation": o, "fieldsV1": f} for m, o, f in entries]
    return {"metadata": {"managedFields": fields}}


def test_owned_changes_when_somebody_takes_a_field_and_only_then() -> None:
    ours = ("fedconsole", "Apply", {"f:spec": {"f:replicas": {}, "f:paused": {}}})
    before = versions.owned(managed(ours))
    assert before
    assert versions.owned(managed(ours, ("kubectl", "Update", {"f:status": {}}))) == before
    taken = ("fedconsole", "Apply", {"f:spec": {"f:paused": {}}})
    assert versions.owned(managed(taken, ("kubectl", "Update", {"f:spec": {"f:replicas": {}}}))) != before
    assert versions.owned(managed(("fedconsole", "Update", {}))) == ""
    assert versions.owned({}) == ""


@pytest.mark.parametrize(
    ("live", "desired", "covered"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, True),
        ({"a": [1, 2, 3]}, {"a": [1, 2]}, False),
        ({"a": [{"name": "x", "v": 1, "d": 0}, {"name": "y"}]}, {"a": [{"name": "x", "v": 1}]}, True),
        ({"a": [{"name": "x", "v": 2}]}, {"a": [{"name": "x", "v": 1}]}, False),
        ({"spec": {"limits": {"cpu": "1"}}}, {"spec": {"limits": {"cpu": "1000m"}}}, True),
        ({"spec": {"limits": {"cpu": "500m"}}}, {"spec": {"limits": {"cpu": 0.5}}}, True),
        ({"spec": {"requests": {"memory": "1Gi"}}}, {"spec": {"requests": {"memory": "1024Mi"}}}, True),
        ({"spec": {"requests": {"memory": "1G"}}}, {"spec": {"requests": {"memory": "1Gi"}}}, False),
        ({"spec": {"e": [{"sizeLimit": "1k"}]}}, {"spec": {"e": [{"sizeLimit": "1e3"}]}}, True),
        ({"spec": {"env": [{"value": "1.1"}]}}, {"spec": {"env": [{"value": "1.10"}]}}, False),
        ({"data": {"version": "1.1"}}, {"data": {"version": "1.10"}}, False),
        ({"data": {"limits": "1.1"}}, {"data": {"limits": "1.10"}}, False),
        (
            {"metadata": {"annotations": {"limits": "7"}}},
            {"metadata": {"annotations": {"limits": "007"}}},
            False,
        ),
        ({"a": True}, {"a": 1}, True),
        ({}, {"a": {}}, True),
        (
            {"p": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}]},
            {"p": [{"port": 80, "protocol": "UDP"}]},
            True,
        ),
    ],
)
def test_covers(live: Any, desired: Any, covered: bool) -> None:
    assert versions.covers(live, desired) is covered


OBJECTS = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "port", "a", "b"]), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(OBJECTS)
def test_everything_covers_itself(value: Any) -> None:
    assert versions.covers(value, value)


@given(
    st.dictionaries(st.text(max_size=3), OBJECTS, max_size=4), st.dictionaries(st.text(max_size=3), OBJECTS)
)
def test_more_fields_do_no_harm(desired: dict[str, Any], others: dict[str, Any]) -> None:
    assert versions.covers(others | desired, desired)
