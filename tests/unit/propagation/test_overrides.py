"""Overrides: what is refused, and RFC 6902 for the rest."""

import contextlib
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import overrides
from propagation.domain.overrides import OverrideError

TARGET = {"spec": {"replicas": 2, "args": ["a", "b"]}, "metadata": {"annotations": {"a/b": "1", "c~d": "2"}}}


def entry(*patches: dict[str, Any], cluster: str = "eu-1") -> list[dict[str, Any]]:
    return [{"clusterName": cluster, "clusterOverrides": list(patches)}]


def test_replicas_are_those_that_a_preference_wrote() -> None:
    count = {"path": "/spec/replicas", "value": 3}
    by_label = {"clusterSelector": {}, "clusterOverrides": [count]}
    nothing = {"clusterName": "eu-3", "clusterOverrides": None}
    odd = entry({"path": "/spec/replicas", "value": "many"}, cluster="eu-2")
    assert overrides.replicas([*entry(count), *odd, by_label, nothing]) == {"eu-1": 3}


@pytest.mark.parametrize(
    ("patch", "path", "value"),
    [
        ({"path": "/spec/replicas", "value": 5}, ("spec", "replicas"), 5),
        ({"op": "add", "path": "/spec/paused", "value": True}, ("spec", "paused"), True),
        ({"op": "remove", "path": "/spec/args/0"}, ("spec", "args"), ["b"]),
        ({"op": "add", "path": "/spec/args/-", "value": "c"}, ("spec", "args"), ["a", "b", "c"]),
        ({"path": "/metadata/annotations/a~1b", "value": "x"}, ("metadata", "annotations", "a/b"), "x"),
        ({"path": "/metadata/annotations/c~0d", "value": "x"}, ("metadata", "annotations", "c~d"), "x"),
    ],
)
def test_operations(patch: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    assert overrides.validate(entry(patch)) == []
    found: Any = overrides.apply(TARGET, overrides.for_cluster(entry(patch), "eu-1", {}))
    for key in path:
        found = found[key]
    assert found == value


@pytest.mark.parametrize(
    "patch",
    [
        {"path": "/spec/missing", "value": 1},
        {"op": "remove", "path": "/spec/args/9"},
        {"op": "add", "path": "/spec/replicas/deep", "value": 1},
    ],
)
def test_what_cannot_be_applied_is_said(patch: dict[str, Any]) -> None:
    before = deepcopy(TARGET)
    with pytest.raises(OverrideError) as caught:
        overrides.apply(TARGET, overrides.for_cluster(entry(patch), "eu-1", {}))
    assert caught.value.path == patch["path"]
    assert before == TARGET


@pytest.mark.parametrize(
    "value",
    [
        {},
        [1],
        [{"clusterName": "a", "clusterOverrides": {}}],
        [{"clusterName": "a"}, {"clusterName": "a"}],
        entry({"path": "/metadata/name", "value": "x"}),
        entry({"path": "/metadata/namespace", "value": "x"}),
        entry({"path": "/kind", "value": "x"}),
        entry({"path": "spec", "value": "x"}),
        entry({"path": "", "value": {}}),
        entry({"path": "/spec"}),
        entry({"op": "move", "path": "/spec", "from": "/x"}),
        entry({"path": "/spec", "valu": 1, "value": 1}),
        [{"clusterName": "a", "overrides": []}],
        entry({"path": "/a", "value": 1}, {"path": "/a", "value": 2}),
    ],
)
def test_refused(value: Any) -> None:
    assert overrides.validate(value)


def test_api_version_may_differ() -> None:
    assert overrides.validate(entry({"path": "/apiVersion", "value": "apps/v1beta1"})) == []


@given(st.text(max_size=12), st.sampled_from(["add", "remove", "replace"]))
def test_nothing_else_is_ever_raised(pointer: str, operation: str) -> None:
    patch = {"op": operation, "path": "/" + pointer, "value": 1}
    if not overrides.validate(entry(patch)):
        with contextlib.suppress(OverrideError):
            overrides.apply(TARGET, overrides.for_cluster(entry(patch), "eu-1", {}))


def test_other_clusters_are_left_alone() -> None:
    assert overrides.for_cluster(entry({"path": "/spec/replicas", "value": 5}), "us-1", {}) == []


def test_entries_by_label_and_by_name_apply_in_their_order() -> None:
    wanted = [
        {
            "clusterSelector": {"matchLabels": {"tier": "gold"}},
            "clusterOverrides": [{"path": "/a", "value": 1}],
        },
        {"clusterName": "eu-1", "clusterOverrides": [{"path": "/a", "value": 2}]},
        {"clusterSelector": {}, "clusterOverrides": [{"path": "/b", "value": 3}]},
    ]
    assert overrides.validate(wanted) == []
    found = [patch["value"] for patch in overrides.for_cluster(wanted, "eu-1", {"tier": "gold"})]
    assert found == [1, 2, 3]
    assert [patch["value"] for patch in overrides.for_cluster(wanted, "us-1", {})] == [3]
    (problem,) = overrides.validate([{"clusterSelector": {"matchLabels": 1}, "clusterOverrides": []}])
    assert problem.path == "/0/clusterSelector/matchLabels"
