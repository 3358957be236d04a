"""The replica planner beside an oracle: KubeFed's rules as its documentation states them, spelt out slowly.

The oracle shares nothing with the planner but the hash. What follows from the rules is tested on its own.
"""

import math
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import planner
from propagation.domain.hashing import fnv1
from propagation.domain.planner import Preference

Case = dict[str, Any]

NAMES = st.lists(st.sampled_from("ABCDEFGH"), unique=True)
COUNTS = st.integers(0, 60)
#: Also a maximum below the minimum: a form refuses that, KubeFed's own objects may have it.
PREFERENCES = st.builds(
    Preference,
    weight=st.integers(0, 9) | st.just(10_000),
    min_replicas=st.integers(0, 20),
    max_replicas=st.none() | st.integers(0, 40),
)
SENSIBLE = PREFERENCES.filter(lambda one: one.max_replicas is None or one.min_replicas <= one.max_replicas)


@st.composite
def cases(draw: st.DrawFn, preferences: st.SearchStrategy[Preference] = PREFERENCES) -> Case:
    """Clusters, some of them without a preference of their own; counts also of clusters that are away."""
    known = st.sampled_from("ABCDEFGHZ")
    return {
        "preferences": draw(st.dictionaries(known | st.just(planner.ANY), preferences, max_size=5)),
        "clusters": draw(NAMES),
        "total": draw(COUNTS),
        "rebalance": draw(st.booleans()),
        "current": draw(st.dictionaries(known, COUNTS)),
        "capacity": draw(st.dictionaries(known, COUNTS)),
        "key": draw(st.text("ab/", max_size=4)),
    }


def terms(case: Case) -> dict[str, Preference]:
    """What holds for each cluster that is there: its own preference, or that for all others."""
    preferences: dict[str, Preference] = case["preferences"]
    found = {name: preferences.get(name, preferences.get(planner.ANY)) for name in case["clusters"]}
    return {name: one for name, one in found.items() if one is not None}


def most(case: Case) -> dict[str, float]:
    """What each cluster can hold by its preference and its capacity."""
    return {
        name: min(
            math.inf if one.max_replicas is None else one.max_replicas, case["capacity"].get(name, math.inf)
        )
        for name, one in terms(case).items()
    }


def oracle(case: Case) -> tuple[dict[str, int], dict[str, int]]:
    """The steps one after the other, with one book of replicas for all of them."""
    wanted, room, capacity, left = terms(case), most(case), case["capacity"], case["total"]
    plan = dict.fromkeys(case["clusters"], 0)
    sharing = sorted(wanted, key=lambda name: (-wanted[name].weight, fnv1(name + case["key"])))
    for name in sharing:
        plan[name] = int(min(wanted[name].min_replicas, left, capacity.get(name, math.inf)))
        left -= plan[name]
    kept = dict.fromkeys(sharing, 0)
    for name in [] if case["rebalance"] else sharing:
        target = min(case["current"].get(name, 0), room[name])
        kept[name] = int(max(0, min(target - plan[name], left)))
        plan[name] += kept[name]
        left -= kept[name]
    overflow = dict.fromkeys(sharing, 0)
    changed = True
    while changed and left > 0 and (weights := sum(wanted[name].weight for name in sharing)):
        changed, at_start = False, left
        for name in list(sharing):
            share = min(math.ceil(at_start * wanted[name].weight / weights), left)
            used = min(kept[name], share)
            kept[name] -= used
            wish = plan[name] + share - used
            after = wish
            if (limit := wanted[name].max_replicas) is not None:
                after = min(after, limit)
            if after > capacity.get(name, math.inf):
                overflow[name] += after - capacity[name]
                after = capacity[name]
            if after < wish:
                sharing.remove(name)
            changed = changed or used > 0 or after > plan[name]
            left -= after - plan[name]
            plan[name] = after
    if not case["rebalance"]:
        overflow = {name: min(count, left) for name, count in overflow.items()}
    return plan, {name: count for name, count in overflow.items() if count > 0}


@given(cases())
def test_the_planner_does_as_the_oracle(case: Case) -> None:
    planned = planner.plan(**case)
    assert (planned.replicas, planned.overflow) == oracle(case)


@given(cases())
def test_no_limit_is_exceeded(case: Case) -> None:
    planned, wanted, room = planner.plan(**case).replicas, terms(case), most(case)
    assert list(planned) == case["clusters"]
    assert sum(planned.values()) <= case["total"]
    for name, count in planned.items():
        if name not in wanted:
            assert count == 0
        else:
            assert 0 <= count <= case["capacity"].get(name, count)
            assert count <= max(room[name], wanted[name].min_replicas)


@given(cases())
def test_what_is_left_finds_no_place(case: Case) -> None:
    planned, room = planner.plan(**case).replicas, most(case)
    if sum(planned.values()) < case["total"]:
        assert all(planned[name] >= room[name] for name, one in terms(case).items() if one.weight)


@given(cases())
def test_minima_come_first(case: Case) -> None:
    """Where all minima have a place, each cluster gets its own, as far as it may hold that much."""
    planned, room = planner.plan(**case).replicas, most(case)
    least = {name: one.min_replicas for name, one in terms(case).items()}
    if sum(least.values()) <= case["total"]:
        assert all(planned[name] >= min(count, room[name]) for name, count in least.items())


@given(cases(SENSIBLE))
def test_what_runs_stays_unless_there_is_to_be_balance(case: Case) -> None:
    case |= {"rebalance": False}
    case["preferences"] = {name: replace(one, min_replicas=0) for name, one in case["preferences"].items()}
    stay = {name: min(case["current"].get(name, 0), room) for name, room in most(case).items()}
    planned = planner.plan(**case).replicas
    if sum(stay.values()) <= case["total"]:
        assert all(planned[name] >= count for name, count in stay.items())


@given(cases(SENSIBLE))
def test_a_plan_that_was_carried_out_is_planned_again(case: Case) -> None:
    planned = planner.plan(**case).replicas
    assert planner.plan(**{**case, "current": planned}).replicas == planned


@given(cases())
def test_balance_does_not_ask_what_runs(case: Case) -> None:
    case |= {"rebalance": True}
    assert planner.plan(**case) == planner.plan(**{**case, "current": {}})


@given(cases(), st.randoms())
def test_neither_order_nor_a_second_time_matters(case: Case, random: Any) -> None:
    before = planner.plan(**case)
    assert planner.plan(**case) == before
    shuffled = {**case, "clusters": random.sample(case["clusters"], len(case["clusters"]))}
    for name in ("preferences", "current", "capacity"):
        items = list(case[name].items())
        shuffled[name] = dict(random.sample(items, len(items)))
    assert planner.plan(**shuffled) == before


@given(NAMES, COUNTS, st.text(max_size=4), st.text(max_size=4))
def test_a_key_only_decides_who_gets_the_odd_replica(
    names: list[str], total: int, one: str, other: str
) -> None:
    equal = {planner.ANY: Preference(1)}
    first, second = (planner.plan(equal, names, total, key=key).replicas for key in (one, other))
    assert sorted(first.values()) == sorted(second.values())


def test_a_thousand_clusters_are_no_matter() -> None:
    """KubeFed's authors gave theirs a hundred; rounds, not clusters times clusters."""
    names = [f"c{number}" for number in range(1_000)]
    planned = planner.plan({planner.ANY: Preference(1, 1, 7)}, names, 5_500, current=dict.fromkeys(names, 6))
    assert sum(planned.replicas.values()) == 5_500
    assert set(planned.replicas.values()) <= set(range(1, 8))
