"""The decision: its table, and that carrying it out settles the matter."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from propagation.domain import operations
from propagation.domain.operations import (
    Adopt,
    Blocked,
    Create,
    Delete,
    Gone,
    Nothing,
    Overwrite,
    Release,
    Situation,
    Update,
)
from propagation.domain.statuses import PropagationStatus

DESIRED = {"kind": "ConfigMap", "metadata": {"name": "a", "labels": {MANAGED: "true"}}, "data": {"k": "v"}}


def live(
    managed: str | None = "true", *, data: str = "v", leaving: bool = False, key: str = MANAGED
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "a", "uid": "u1", "labels": {key: managed} if managed else {}}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"k": data}}


WANTED = Situation(
    selected=True,
    ready=True,
    deleting=False,
    orphan=False,
    desired=DESIRED,
    live=None,
    applied_before=True,
    up_to_date_hash=True,
)
UNWANTED = replace(WANTED, selected=False, desired=None)
FIRST = replace(WANTED, applied_before=False, up_to_date_hash=False)
KUBEFEDS = live(key=KUBEFED_MANAGED)
IN_PLACE = replace(FIRST, in_place=True, live=KUBEFEDS)


@pytest.mark.parametrize(
    ("situation", "decision"),
    [
        (WANTED, Create()),
        (FIRST, Create()),
        (replace(WANTED, live=live()), Nothing()),
        (replace(WANTED, live=live(data="other")), Update()),
        (replace(WANTED, live=live(), up_to_date_hash=False), Update()),
        (replace(WANTED, live=live(managed=None)), Update()),
        (replace(FIRST, live=live(managed=None)), Adopt()),
        (replace(FIRST, live=live(key=KUBEFED_MANAGED)), Update()),
        (replace(FIRST, live=live(managed=None), policy="overwrite"), Overwrite()),
        (IN_PLACE, Nothing()),
        (replace(IN_PLACE, applied_before=True, up_to_date_hash=True), Nothing()),
        (replace(IN_PLACE, applied_before=True), Update()),
        (replace(IN_PLACE, live=live(key=KUBEFED_MANAGED, data="other")), Update()),
        (replace(IN_PLACE, live=live(managed=None)), Adopt()),
        (replace(IN_PLACE, live=None), Create()),
        (UNWANTED, Gone()),
        (replace(UNWANTED, ready=False, joined=False), Gone()),
        (replace(UNWANTED, live=KUBEFEDS), Gone()),
        (replace(UNWANTED, live=KUBEFEDS, in_place=True), Delete("u1")),
        (replace(UNWANTED, live=KUBEFEDS, in_place=True, deleting=True, orphan=True), Release()),
        (replace(UNWANTED, live=live()), Delete("u1")),
        (replace(UNWANTED, live=live(managed=None)), Gone()),
        (replace(UNWANTED, live=live(managed="false")), Gone()),
        (replace(UNWANTED, live=live(), deleting=True, orphan=True), Release()),
        (replace(UNWANTED, live=live(), orphan=True), Delete("u1")),
    ],
)
def test_decisions(situation: Situation, decision: operations.Decision) -> None:
    assert operations.decide(situation) == decision


@pytest.mark.parametrize(
    ("situation", "status"),
    [
        (replace(WANTED, ready=False), PropagationStatus.CLUSTER_NOT_READY),
        (replace(UNWANTED, ready=False), PropagationStatus.CLUSTER_NOT_READY),
        (replace(WANTED, ready=False, joined=False), PropagationStatus.CLUSTER_NOT_READY),
        (replace(WANTED, live=live(managed="false")), PropagationStatus.MANAGED_LABEL_FALSE),
        (
            replace(FIRST, live=live(managed="false", key=KUBEFED_MANAGED)),
            PropagationStatus.MANAGED_LABEL_FALSE,
        ),
        (replace(FIRST, live=live(managed=None), policy="refuse"), PropagationStatus.ALREADY_EXISTS),
        (replace(WANTED, live=live(leaving=True)), PropagationStatus.WAITING_FOR_REMOVAL),
        (replace(UNWANTED, live=live(leaving=True)), PropagationStatus.WAITING_FOR_REMOVAL),
    ],
)
def test_blocked(situation: Situation, status: PropagationStatus) -> None:
    decision = operations.decide(situation)
    assert isinstance(decision, Blocked)
    assert decision.status == status
    assert decision.message


LIVES = st.none() | st.builds(
    live,
    st.sampled_from([None, "true", "false"]),
    data=st.sampled_from(["v", "other"]),
    leaving=st.booleans(),
    key=st.sampled_from([MANAGED, KUBEFED_MANAGED]),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    selected = draw(st.booleans())
    applied = draw(st.booleans())
    return Situation(
        selected=selected,
        ready=draw(st.booleans()),
        deleting=draw(st.booleans()),
        orphan=draw(st.booleans()),
        desired=DESIRED if selected else None,
        live=draw(LIVES),
        applied_before=applied,
        up_to_date_hash=applied and draw(st.booleans()),
        policy=draw(st.sampled_from(["adopt", "refuse", "overwrite"])),
        in_place=draw(st.booleans()),
    )


def carried_out(situation: Situation, decision: operations.Decision) -> Situation:
    """The situation after a member did as it was told."""
    match decision:
        case Create() | Update() | Adopt() | Overwrite():
            return replace(situation, live=DESIRED, applied_before=True, up_to_date_hash=True)
        case Delete():
            return replace(situation, live=None)
        case Release():
            return replace(situation, live=live(managed=None))
    return situation


@given(situations())
def test_carrying_it_out_settles_it(situation: Situation) -> None:
    after = carried_out(situation, operations.decide(situation))
    assert isinstance(operations.decide(after), Nothing | Gone | Blocked)


@given(situations())
def test_nothing_that_is_not_ours_is_deleted(situation: Situation) -> None:
    if isinstance(operations.decide(situation), Delete | Release):
        assert situation.live is not None
        labels = situation.live["metadata"]["labels"]
        assert labels.get(MANAGED) == "true" or (situation.in_place and labels == {KUBEFED_MANAGED: "true"})
