"""Placement: one verdict per cluster, filters only narrow, and order means nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.taints import Effect, Taint
from propagation.domain import placement
from propagation.domain.placement import ClusterFacts

Placement = dict[str, Any]

NAMES = ["a", "b", "c", "d", "e"]
PLACES = st.sampled_from(["eu", "us", ""])
TAINTS = st.sampled_from(
    [(), (Taint("gpu", "yes", Effect.NO_SCHEDULE),), (Taint("old", "", Effect.NO_EXECUTE),)]
)
CLUSTERS = st.lists(
    st.builds(
        ClusterFacts,
        st.sampled_from(NAMES),
        st.dictionaries(st.sampled_from(["env", "tier"]), st.sampled_from(["x", "y"])),
        region=PLACES,
        zones=st.sampled_from([(), ("eu-a",), ("eu-a", "eu-b")]),
        provider=PLACES,
        version=st.sampled_from(["v1.20.2", "v1.33.1", ""]),
        cordoned=st.booleans(),
        taints=TAINTS,
    ),
    unique_by=lambda one: one.name,
)
HOLDING = st.sets(st.sampled_from(NAMES))
SELECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "clusters": st.lists(st.builds(lambda name: {"name": name}, st.sampled_from([*NAMES, "nowhere"]))),
        "clusterSelector": st.sampled_from([{}, {"matchLabels": {"env": "x"}}]),
    },
).filter(bool)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "regions": st.lists(PLACES),
        "zones": st.lists(st.sampled_from(["eu-a", "eu-b"])),
        "providers": st.lists(PLACES),
        "versions": st.just(">=1.25"),
        "spread": st.fixed_dictionaries(
            {"maxClusters": st.integers(1, 4)}, optional={"by": st.sampled_from(placement.GROUPS)}
        ),
    },
)
TOLERATIONS = st.sampled_from([{}, {"tolerations": [{"operator": "Exists"}]}])
PLACEMENTS = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, SELECTIONS, FILTERS)


def selected(wanted: Placement, clusters: list[ClusterFacts], holding: set[str]) -> set[str]:
    return {one.name for one in placement.evaluate(wanted, clusters, holding, "ns/x") if one.selected}


@given(PLACEMENTS, CLUSTERS, HOLDING)
def test_every_cluster_has_one_verdict_and_every_refusal_a_reason(
    wanted: Placement, clusters: list[ClusterFacts], holding: set[str]
) -> None:
    assert placement.validate(wanted) == []
    verdicts = placement.evaluate(wanted, clusters, holding)
    names = [one.name for one in verdicts]
    assert names[: len(clusters)] == [one.name for one in clusters]
    assert len(names) == len(set(names))
    assert all(one.selected or one.reason for one in verdicts)
    assert not any(one.selected for one in verdicts[len(clusters) :])


@given(PLACEMENTS, CLUSTERS, HOLDING, st.randoms())
def test_the_order_of_clusters_means_nothing(
    wanted: Placement, clusters: list[ClusterFacts], holding: set[str], random: Any
) -> None:
    shuffled = random.sample(clusters, len(clusters))
    assert selected(wanted, shuffled, holding) == selected(wanted, clusters, holding)


@given(SELECTIONS, FILTERS, CLUSTERS, HOLDING)
def test_filters_only_narrow(
    selection: Placement, filters: Placement, clusters: list[ClusterFacts], holding: set[str]
) -> None:
    narrowed = selected({**selection, **filters}, clusters, holding)
    assert narrowed <= selected(selection, clusters, holding)
    if spread := filters.get("spread"):
        assert len(narrowed) <= spread["maxClusters"]


@given(SELECTIONS, CLUSTERS, HOLDING)
def test_tolerations_only_widen(
    selection: Placement, clusters: list[ClusterFacts], holding: set[str]
) -> None:
    tolerant = {**selection, "tolerations": [{"operator": "Exists"}]}
    assert selected(selection, clusters, holding) <= selected(tolerant, clusters, holding)


@given(st.lists(st.sampled_from(NAMES)), CLUSTERS, HOLDING)
def test_names_alone_decide(names: list[str], clusters: list[ClusterFacts], holding: set[str]) -> None:
    named: Placement = {"clusters": [{"name": name} for name in names]}
    everywhere = {**named, "clusterSelector": {}}
    assert selected(everywhere, clusters, holding) == selected(named, clusters, holding) <= set(names)


@given(PLACEMENTS, CLUSTERS)
def test_what_was_placed_stays_where_it_is(wanted: Placement, clusters: list[ClusterFacts]) -> None:
    """Placing again with nothing changed moves nothing, whatever a spread could choose else."""
    once = selected(wanted, clusters, set())
    assert selected(wanted, clusters, once) == once


@given(PLACEMENTS, CLUSTERS, HOLDING, st.sets(st.sampled_from(NAMES)))
def test_nothing_is_placed_outside_its_namespace(
    wanted: Placement, clusters: list[ClusterFacts], holding: set[str], within: set[str]
) -> None:
    verdicts = placement.evaluate(wanted, clusters, holding, "ns/x", within)
    assert {one.name for one in verdicts if one.selected} <= within
