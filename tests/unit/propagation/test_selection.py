"""A placement as the form shows it, both ways."""

import pytest

from propagation.domain import selection
from propagation.domain.selection import Choice, Mode, Requirement

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
