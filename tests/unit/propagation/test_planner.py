"""The replica planner against KubeFed's own tables, and its properties."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import planner
from propagation.domain.planner import Preference

CASES = Path(os.environ.get("PLANNER_CASES") or Path(__file__).parent.parent / "cases" / "planner.json")


def preferences(data: dict[str, Any]) -> dict[str, Preference]:
    return {
        name: Preference(one.get("weight", 0), one.get("minReplicas", 0), one.get("maxReplicas"))
        for name, one in data.items()
    }


@pytest.mark.parametrize("case", json.loads(CASES.read_text())["cases"])
def test_kubefed_tables(case: dict[str, Any]) -> None:
    planned = planner.plan(
        preferences(case["clusters_preferences"]),
        case["clusters"],
        case["totalReplicas"],
        rebalance=case["rebalance"],
        current=case["current"],
        capacity=case["capacity"],
    )
    assert planned.replicas == case["plan"]
    assert planned.overflow == case["overflow"]


NAMES = st.lists(st.sampled_from("ABCDEFGH"), unique=True, min_size=1)
COUNTS = st.integers(0, 60)
PREFERENCES = st.builds(
    lambda weight, low, extra: Preference(weight, low, None if extra is None else low + extra),
    st.integers(0, 9),
    st.integers(0, 15),
    st.none() | st.integers(0, 20),
)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(NAMES)
    return {
        "preferences": {name: draw(PREFERENCES) for name in names},
        "clusters": names,
        "total": draw(COUNTS),
        "rebalance": draw(st.booleans()),
        "current": draw(st.dictionaries(st.sampled_from(names), COUNTS)),
        "capacity": draw(st.dictionaries(st.sampled_from(names), COUNTS)),
        "key": draw(st.text(max_size=4)),
    }


@given(situations())
def test_limits_hold(situation: dict[str, Any]) -> None:
    planned = planner.plan(**situation).replicas
    assert sum(planned.values()) <= situation["total"]
    for name, count in planned.items():
        limit = situation["preferences"][name].max_replicas
        assert 0 <= count <= situation["capacity"].get(name, count)
        assert limit is None or count <= max(limit, situation["preferences"][name].min_replicas)


@given(situations(), st.randoms())
def test_order_of_the_clusters_does_not_matter(situation: dict[str, Any], random: Any) -> None:
    before = planner.plan(**situation)
    random.shuffle(situation["clusters"])
    assert planner.plan(**situation) == before
