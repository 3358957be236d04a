"""KubeFed's precedence of placements, with a reason for every cluster that is not selected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import placement
from propagation.domain.placement import ClusterFacts

CLUSTERS = [
    ClusterFacts("eu-1", {"env": "prod", "region": "eu"}),
    ClusterFacts("eu-2", {"env": "dev", "region": "eu"}),
    ClusterFacts("us-1", {"env": "prod", "region": "us"}),
]


def selected(wanted: dict[str, Any]) -> list[str]:
    return [verdict.name for verdict in placement.evaluate(wanted, CLUSTERS) if verdict.selected]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, []),
        ({"clusterSelector": {}}, ["eu-1", "eu-2", "us-1"]),
        ({"clusters": []}, []),
        ({"clusters": [], "clusterSelector": {}}, []),
        ({"clusters": [{"name": "eu-2"}], "clusterSelector": {}}, ["eu-2"]),
        ({"clusters": [{"name": "us-1"}, {"name": "nowhere"}]}, ["us-1"]),
        ({"clusterSelector": {"matchLabels": {"env": "prod"}}}, ["eu-1", "us-1"]),
        ({"clusterSelector": {"matchLabels": {"env": "prod", "region": "us"}}}, ["us-1"]),
        (
            {
                "clusterSelector": {
                    "matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]
                }
            },
            ["eu-2"],
        ),
        ({"clusterSelector": {"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}}, selected),
    ],
)
def test_precedence(wanted: dict[str, Any], names: Any) -> None:
    assert selected(wanted) == (["eu-1", "eu-2", "us-1"] if callable(names) else names)


@pytest.mark.parametrize(
    "wanted", [{}, {"clusters": []}, {"clusterSelector": {"matchLabels": {"env": "test"}}}]
)
def test_everything_that_is_not_selected_has_a_reason(wanted: dict[str, Any]) -> None:
    assert all(verdict.reason for verdict in placement.evaluate(wanted, CLUSTERS))


def test_unknown_names_are_told() -> None:
    verdicts = placement.evaluate({"clusters": [{"name": "nowhere"}]}, CLUSTERS)
    assert verdicts[-1].name == "nowhere"
    assert "No cluster" in verdicts[-1].reason


def test_a_mismatch_says_what_is_wanted_and_what_is_there() -> None:
    (verdict,) = placement.evaluate({"clusterSelector": {"matchLabels": {"env": "prod"}}}, CLUSTERS[1:2])
    assert verdict.reason == "env=prod is wanted, it has env=dev"


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ([], ""),
        ({"clusters": "eu-1"}, "/clusters"),
        ({"clusters": ["eu-1"]}, "/clusters/0"),
        ({"clusterSelector": {"matchLabels": {"env": 1}}}, "/clusterSelector/matchLabels/env"),
        ({"clusterSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}, None),
        ({"regions": "eu"}, "/regions"),
        ({"planets": ["earth"]}, "/planets"),
        ({"versions": "new"}, "/versions"),
        ({"versions": 1.30}, "/versions"),
        ({"tolerations": [{"operator": "Equal"}]}, "/tolerations"),
        ({"spread": {"maxClusters": 0}}, "/spread/maxClusters"),
        ({"spread": {"maxClusters": 2, "by": "planet"}}, "/spread/by"),
    ],
)
def test_problems_have_a_path(wanted: Any, path: str | None) -> None:
    (problem,) = placement.validate(wanted)
    assert path is None or problem.path == path
    assert problem.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "clusters",
                    "clusterSelector",
                    "name",
                    "matchLabels",
                    "matchExpressions",
                    "key",
                    "operator",
                    "values",
                    "x",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_what_validates_can_be_evaluated(wanted: Any) -> None:
    if not placement.validate(wanted):
        assert len(placement.evaluate(wanted, CLUSTERS)) >= len(CLUSTERS)


def test_a_spread_chooses_among_the_clusters_of_the_namespace() -> None:
    wanted = {"clusterSelector": {}, "spread": {"maxClusters": 1}}
    for name in ("eu-1", "eu-2", "us-1"):
        verdicts = placement.evaluate(wanted, CLUSTERS, within=[name])
        assert [one.name for one in verdicts if one.selected] == [name]
        assert all("namespace" in one.reason for one in verdicts if not one.selected)
