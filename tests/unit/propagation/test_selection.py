"""A placement as the form shows it, both ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.taints import Toleration
from propagation.domain import placement as placements
from propagation.domain import selection
from propagation.domain.selection import Choice, Mode, Narrowing, Requirement

PLACEMENTS = [
    ({"clusterSelector": {}}, Choice(Mode.ALL)),
    ({"clusterSelector": {"matchLabels": {}}}, Choice(Mode.ALL)),
    ({}, Choice(Mode.PICK)),
    ({"clusters": []}, Choice(Mode.PICK)),
    ({"clusters": [{"name": "b"}, {"name": "a", "weight": 3}]}, Choice(Mode.PICK, names=("b", "a"))),
    ({"clusters": [{"name": "a"}], "clusterSelector": {}}, Choice(Mode.PICK, names=("a",))),
    (
        {
            "clusterSelector": {
                "matchLabels": {"env": "prod"},
                "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "old", "operator": "DoesNotExist"},
                ],
            }
        },
        Choice(
            Mode.LABELS,
            requirements=(
                Requirement("env", "Equals", ("prod",)),
                Requirement("tier", "In", ("a", "b")),
                Requirement("old", "DoesNotExist"),
            ),
        ),
    ),
    ({"regions": ["us", "eu"]}, Choice(Mode.ALL, narrowing=Narrowing(regions=frozenset({"eu", "us"})))),
    (
        {
            "clusters": [{"name": "a"}],
            "zones": ["z"],
            "providers": ["own"],
            "versions": ">=1.25, <1.31",
            "tolerations": [
                {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
                {"operator": "Exists"},
                {"key": "down", "operator": "Exists"},
            ],
            "spread": {"maxClusters": 3, "by": "region"},
        },
        Choice(
            Mode.PICK,
            names=("a",),
            narrowing=Narrowing(
                zones=frozenset({"z"}),
                providers=frozenset({"own"}),
                versions=">=1.25, <1.31",
                tolerations=(
                    Toleration("gpu", "Equal", "yes", "NoSchedule"),
                    Toleration("", "Exists"),
                    Toleration("down", "Exists"),
                ),
                most=3,
                by="region",
            ),
        ),
    ),
    (
        {"clusterSelector": {}, "spread": {"maxClusters": 1}},
        Choice(Mode.ALL, narrowing=Narrowing(most=1)),
    ),
]


@pytest.mark.parametrize(("placement", "choice"), PLACEMENTS)
def test_reads(placement: dict[str, object], choice: Choice) -> None:
    assert selection.read(placement) == choice


@pytest.mark.parametrize(("placement", "choice"), PLACEMENTS[:2] + PLACEMENTS[3:])
def test_writing_what_was_read_changes_nothing(placement: dict[str, object], choice: Choice) -> None:
    assert selection.write(placement, choice) is placement


@pytest.mark.parametrize(("placement", "choice"), PLACEMENTS)
def test_a_new_placement_reads_as_the_choice(placement: dict[str, object], choice: Choice) -> None:
    assert selection.read(selection.write({}, choice)) == choice


def test_picking_the_same_in_another_order_changes_nothing() -> None:
    placement = {"clusters": [{"name": "b"}, {"name": "a", "weight": 3}]}
    assert selection.write(placement, Choice(Mode.PICK, names=("a", "b"))) is placement


def test_a_picked_cluster_keeps_what_else_it_holds() -> None:
    placement = {"clusters": [{"name": "b"}, {"name": "a", "weight": 3}]}
    written = selection.write(placement, Choice(Mode.PICK, names=("a", "c")))
    assert written == {"clusters": [{"name": "a", "weight": 3}, {"name": "c"}]}


def test_another_filter_leaves_the_rest_as_it_is_written() -> None:
    placement: dict[str, Any] = {
        "clusters": [{"name": "a", "weight": 3}],
        "clusterSelector": {"matchLabels": {}},
        "regions": ["us", "eu"],
        "tolerations": [{"key": "gpu", "value": "yes"}],
        "spread": {"maxClusters": 2, "by": None},
    }
    narrowing = Narrowing(
        regions=frozenset({"us", "eu", "af"}),
        tolerations=(Toleration("gpu", "Equal", "yes"), Toleration("ssd", "Exists")),
        most=2,
    )
    written = selection.write(placement, Choice(Mode.PICK, names=("a",), narrowing=narrowing))
    assert written == {
        **placement,
        "regions": ["us", "eu", "af"],
        "tolerations": [{"key": "gpu", "value": "yes"}, {"key": "ssd", "operator": "Exists"}],
    }


def test_without_its_last_filter_a_placement_still_means_all() -> None:
    assert selection.write({"regions": ["eu"]}, Choice(Mode.ALL)) == {"clusterSelector": {}}


def test_tolerations_alone_select_nothing() -> None:
    assert selection.read({"tolerations": [{"operator": "Exists"}]}).mode is Mode.PICK


WORDS = st.sampled_from(["a", "b", "c"])
NARROWINGS = st.builds(
    Narrowing,
    regions=st.frozensets(WORDS),
    zones=st.frozensets(WORDS),
    providers=st.frozensets(WORDS),
    versions=st.sampled_from(["", ">=1.25"]),
    tolerations=st.lists(
        st.builds(
            Toleration, key=WORDS, operator=st.just("Exists"), effect=st.sampled_from(["", "NoExecute"])
        ),
        unique=True,
    ).map(tuple),
    most=st.none() | st.integers(1, 5),
)
CHOICES = st.one_of(
    st.builds(Choice, st.just(Mode.ALL), narrowing=NARROWINGS),
    st.builds(
        Choice, st.just(Mode.PICK), names=st.lists(WORDS, unique=True).map(tuple), narrowing=NARROWINGS
    ),
    st.builds(
        Choice,
        st.just(Mode.LABELS),
        requirements=st.just((Requirement("env", "Exists"),)),
        narrowing=NARROWINGS,
    ),
)


@given(CHOICES, CHOICES)
def test_what_is_written_over_anything_is_valid_and_reads_as_the_choice(
    before: Choice, choice: Choice
) -> None:
    written = selection.write(selection.write({}, before), choice)
    assert placements.validate(written) == []
    found = selection.read(written)
    assert (found.mode, set(found.names), found.requirements, found.narrowing) == (
        choice.mode,
        set(choice.names),
        choice.requirements,
        choice.narrowing,
    )
