"""Which cluster runs how many: the modes around KubeFed's planner."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import replicas
from propagation.domain.replicas import ReplicaFacts

THREE = [ReplicaFacts("a", free_cpu=8_000), ReplicaFacts("b", free_cpu=2_000), ReplicaFacts("c", free_cpu=0)]


def plan(data: dict[str, Any], clusters: list[ReplicaFacts] | None = None) -> dict[str, int]:
    assert replicas.validate(data) == []
    return replicas.plan(data, THREE if clusters is None else clusters, "shop/web")


@pytest.mark.parametrize(
    ("data", "planned"),
    [
        (
            {"totalReplicas": 9, "clusters": {"a": {"weight": 2}, "b": {"weight": 1}}},
            {"a": 6, "b": 3, "c": 0},
        ),
        ({"totalReplicas": 3}, {"a": 1, "b": 1, "c": 1}),
        ({"totalReplicas": 0}, {"a": 0, "b": 0, "c": 0}),
        ({"mode": "static", "clusters": {"a": {"replicas": 4}, "c": {}}}, {"a": 4, "c": 0}),
        ({"mode": "static", "clusters": {"*": {"replicas": 2}}}, {"a": 2, "b": 2, "c": 2}),
        ({"mode": "capacity", "totalReplicas": 10}, {"a": 8, "b": 2, "c": 0}),
        (
            {"mode": "capacity", "totalReplicas": 10, "clusters": {"*": {"maxReplicas": 6}}},
            {"a": 6, "b": 4, "c": 0},
        ),
        ({"mode": "aggregated", "totalReplicas": 5}, {"a": 5}),
        (
            {"mode": "aggregated", "totalReplicas": 5, "clusters": {"a": {"maxReplicas": 3}, "*": {}}},
            {"a": 3, "b": 2},
        ),
        (
            {"mode": "aggregated", "totalReplicas": 9, "clusters": {"*": {"maxReplicas": 2}}},
            {"a": 2, "b": 2, "c": 2},
        ),
    ],
)
def test_modes(data: dict[str, Any], planned: dict[str, int]) -> None:
    assert plan(data) == planned


def test_what_has_no_room_stays_pending_where_it_was_meant_for() -> None:
    full = [ReplicaFacts("a", capacity=1), ReplicaFacts("b", capacity=1)]
    assert sum(plan({"totalReplicas": 6}, full).values()) == 6


def test_what_no_cluster_has_room_for_stays_below_the_limits() -> None:
    full = [ReplicaFacts("a", capacity=1, free_cpu=9), ReplicaFacts("b", capacity=1)]
    limits = {"a": {"maxReplicas": 3}, "b": {}}
    data = {"mode": "aggregated", "totalReplicas": 6, "clusters": limits}
    assert plan(data, full) == {"a": 3, "b": 3}


def test_a_cluster_that_turned_pods_away_gets_no_more_than_it_runs() -> None:
    assert replicas.capacity(10, 4) == 6
    assert replicas.capacity(10, 0) is None
    clusters = [ReplicaFacts("a", current=2, capacity=2), ReplicaFacts("b")]
    assert plan({"totalReplicas": 10}, clusters) == {"a": 2, "b": 8}


def test_aggregation_moves_nothing_for_a_roomier_newcomer() -> None:
    clusters = [ReplicaFacts("old", current=4, free_cpu=10), ReplicaFacts("new", free_cpu=9_000)]
    assert plan({"mode": "aggregated", "totalReplicas": 4}, clusters) == {"old": 4}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], ""),
        ({"totalReplicas": -1}, "/totalReplicas"),
        ({}, None),
        ({"clusters": {}}, "/totalReplicas"),
        ({"totalReplicas": True}, "/totalReplicas"),
        ({"totalReplicas": 1, "mode": "best"}, "/mode"),
        ({"totalReplicas": 1, "speed": 2}, "/speed"),
        ({"totalReplicas": 1, "rebalance": "yes"}, "/rebalance"),
        ({"totalReplicas": 1, "clusters": ["a"]}, "/clusters"),
        ({"totalReplicas": 1, "clusters": {"a": 3}}, "/clusters/a"),
        ({"totalReplicas": 1, "clusters": {"a": {"weight": "x"}}}, "/clusters/a/weight"),
        (
            {"totalReplicas": 1, "clusters": {"a": {"minReplicas": 3, "maxReplicas": 2}}},
            "/clusters/a/minReplicas",
        ),
    ],
)
def test_problems_have_a_path(data: Any, path: str | None) -> None:
    assert [problem.path for problem in replicas.validate(data)] == ([] if path is None else [path])


COUNTS = st.integers(0, 40)
FACTS = st.lists(
    st.builds(
        ReplicaFacts,
        st.sampled_from("abcdefgh"),
        COUNTS,
        st.none() | COUNTS,
        st.none() | st.integers(0, 99_000),
    ),
    min_size=1,
    unique_by=lambda one: one.name,
)


@given(FACTS, COUNTS, st.sampled_from(["weighted", "capacity", "aggregated"]), st.booleans())
def test_a_total_is_never_exceeded_and_the_order_of_clusters_means_nothing(
    clusters: list[ReplicaFacts], total: int, mode: str, rebalance: bool
) -> None:
    data = {"mode": mode, "totalReplicas": total, "rebalance": rebalance}
    planned = plan(data, clusters)
    assert sum(planned.values()) <= total
    assert plan(data, clusters[::-1]) == planned
    assert all(count >= 0 for count in planned.values())
