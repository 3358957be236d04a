"""At most so many clusters, over different places, and stable."""

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import placement, spreading
from propagation.domain.placement import ClusterFacts

GROUPS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.sampled_from(["eu", "us", "ap"]))
MOST = st.integers(1, 8)


@given(GROUPS, MOST, st.text(max_size=4))
def test_as_many_as_there_may_be_and_evenly(groups: dict[str, str], most: int, key: str) -> None:
    chosen = spreading.choose(groups, most, (), key)
    assert len(chosen) == min(most, len(groups))
    taken = {group: sum(groups[name] == group for name in chosen) for group in groups.values()}
    free = [group for group in taken if taken[group] < sum(one == group for one in groups.values())]
    assert all(taken[group] + 1 >= max(taken.values()) for group in free)


@given(GROUPS, MOST, st.text(max_size=4), st.text("xyz", min_size=1, max_size=3))
def test_a_newcomer_moves_nothing(groups: dict[str, str], most: int, key: str, newcomer: str) -> None:
    before = spreading.choose(groups, most, (), key)
    after = spreading.choose({**groups, newcomer: "eu"}, most, before, key)
    assert before <= after


def test_filters_tolerations_and_maintenance_say_why() -> None:
    clusters = [
        ClusterFacts("eu", region="eu-west", version="v1.30.1"),
        ClusterFacts("us", region="us-east", version="v1.30.1"),
        ClusterFacts("old", region="eu-west", version="v1.20.2"),
        ClusterFacts("closed", region="eu-west", version="v1.30.1", cordoned=True),
    ]
    wanted = {"clusterSelector": {}, "regions": ["eu-west"], "versions": ">=1.25, <1.31"}
    reasons = {one.name: one.reason for one in placement.evaluate(wanted, clusters)}
    assert reasons["eu"] == ""
    assert "us-east" in reasons["us"]
    assert "1.20.2" in reasons["old"]
    assert "maintenance" in reasons["closed"]
    kept = placement.evaluate(wanted, clusters, holding={"closed"})
    assert [one.name for one in kept if one.selected] == ["eu", "closed"]
