"""A replica preference as the form shows it, both ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import replicas, sharing
from propagation.domain.replicas import Mode
from propagation.domain.sharing import COLUMNS, Sharing

PREFERENCES: list[tuple[dict[str, Any], Sharing]] = [
    ({}, Sharing()),
    ({"totalReplicas": 9}, Sharing(Mode.WEIGHTED, 9, heed=False)),
    (
        {
            "totalReplicas": 9,
            "rebalance": True,
            "intersectWithClusterSelector": True,
            "clusters": {"*": {"weight": 1}, "a": {"minReplicas": 2, "maxReplicas": 5}},
        },
        Sharing(
            Mode.WEIGHTED,
            9,
            rebalance=True,
            shares={
                "*": {"weight": 1, "minReplicas": None, "maxReplicas": None},
                "a": {"weight": None, "minReplicas": 2, "maxReplicas": 5},
            },
        ),
    ),
    (
        {"mode": "capacity", "totalReplicas": 9, "rebalance": False, "clusters": {"*": {}}},
        Sharing(Mode.CAPACITY, 9, heed=False, shares={"*": {"minReplicas": None, "maxReplicas": None}}),
    ),
    ({"mode": "aggregated", "totalReplicas": 0}, Sharing(Mode.AGGREGATED, 0, heed=False)),
    (
        {"mode": "static", "clusters": {"a": {"replicas": 3}}},
        Sharing(Mode.STATIC, heed=False, shares={"a": {"replicas": 3}}),
    ),
]


@pytest.mark.parametrize(("data", "read"), PREFERENCES)
def test_reads_and_writes_back_what_it_has_read(data: dict[str, Any], read: Sharing) -> None:
    assert replicas.validate(data) == []
    assert sharing.read(data) == read
    assert sharing.write(data, read) == data


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ({}, Sharing(Mode.WEIGHTED, 9), {"totalReplicas": 9, "intersectWithClusterSelector": True}),
        (
            {"mode": "capacity", "totalReplicas": 9, "rebalance": True},
            Sharing(Mode.WEIGHTED, 9, heed=False),
            {"totalReplicas": 9},
        ),
        ({"totalReplicas": 9}, Sharing(), {}),
        (
            {"totalReplicas": 9, "clusters": {"a": {"weight": 1, "maxReplicas": 3}, "b": {"weight": 2}}},
            Sharing(Mode.WEIGHTED, 9, heed=False, shares={"a": {"weight": 4, "maxReplicas": None}}),
            {"totalReplicas": 9, "clusters": {"a": {"weight": 4}, "b": {"weight": 2}}},
        ),
        (
            {"totalReplicas": 9, "clusters": {"a": {"weight": 1}}},
            Sharing(Mode.WEIGHTED, 9, heed=False, shares={"a": {"weight": None}, "b": {"weight": None}}),
            {"totalReplicas": 9},
        ),
        # What a mode does not show stays for when another one is chosen again.
        (
            {"totalReplicas": 9, "clusters": {"a": {"weight": 2, "maxReplicas": 3}}},
            Sharing(Mode.CAPACITY, 9, heed=False, shares={"a": {"maxReplicas": 5}}),
            {"mode": "capacity", "totalReplicas": 9, "clusters": {"a": {"weight": 2, "maxReplicas": 5}}},
        ),
        # A limit for one cluster is no wish to keep off the others.
        (
            {},
            Sharing(Mode.AGGREGATED, 9, heed=False, shares={"a": {"maxReplicas": 5}}),
            {"mode": "aggregated", "totalReplicas": 9, "clusters": {"a": {"maxReplicas": 5}, "*": {}}},
        ),
        # Shares do not become numbers.
        (
            {"totalReplicas": 9, "clusters": {"*": {"weight": 2}}},
            Sharing(Mode.STATIC, 9, heed=False, shares={"a": {"replicas": 5}, "*": {"replicas": None}}),
            {"mode": "static", "totalReplicas": 9, "clusters": {"a": {"replicas": 5}}},
        ),
    ],
)
def test_writes_what_is_wanted_and_keeps_the_rest(
    before: dict[str, Any], wanted: Sharing, after: dict[str, Any]
) -> None:
    assert sharing.write(before, wanted) == after


COUNTS = st.none() | st.integers(0, 9)
MODES = st.sampled_from(list(Mode))


@st.composite
def sharings(draw: st.DrawFn) -> Sharing:
    mode = draw(MODES)
    share = st.fixed_dictionaries(dict.fromkeys(COLUMNS[mode], COUNTS)).filter(
        lambda one: (
            (one.get("minReplicas") or 0) <= (9 if one.get("maxReplicas") is None else one["maxReplicas"])
        )
    )
    shares = draw(st.dictionaries(st.sampled_from(["*", "a", "b"]), share))
    return Sharing(mode, draw(st.integers(0, 99)), draw(st.booleans()), draw(st.booleans()), shares)


@given(sharings())
def test_a_new_preference_is_valid_and_reads_as_what_was_wanted(wanted: Sharing) -> None:
    written = sharing.write({}, wanted)
    assert replicas.validate(written) == []
    found = sharing.read(written)
    assert (found.mode, found.total, found.rebalance, found.heed) == (
        wanted.mode,
        wanted.total,
        wanted.rebalance,
        wanted.heed,
    )
    given_shares = {name: share for name, share in wanted.shares.items() if set(share.values()) != {None}}
    assert {
        name: share for name, share in found.shares.items() if set(share.values()) != {None}
    } == given_shares
    assert sharing.write(written, found) == written
