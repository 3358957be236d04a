"""Overrides change what they name, in a copy."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import overrides
from propagation.domain.overrides import OverrideError

Object = dict[str, Any]

KEYS = st.sampled_from(["a", "b", "a/b", "c~d", "0"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)
POINTERS = st.lists(KEYS | st.sampled_from(["1", "-"]), min_size=1, max_size=3).map(
    lambda steps: "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
)
OPERATIONS = st.builds(
    lambda op, path, value: {"op": op, "path": path, "value": value},
    st.sampled_from(overrides.OPERATIONS),
    POINTERS,
    VALUES,
)


def applied(target: Object, operations: list[Object]) -> Object | str:
    """The patched object, or the path at which it could not be patched."""
    try:
        return overrides.apply(target, operations)
    except OverrideError as error:
        return error.path


@given(OBJECTS, st.lists(OPERATIONS, max_size=4))
def test_neither_the_target_nor_the_operations_change(target: Object, operations: list[Object]) -> None:
    before = deepcopy((target, operations))
    result = applied(target, operations)
    assert (target, operations) == before
    if operations and isinstance(result, dict):
        _scribble(result)
        assert (target, operations) == before


def _scribble(value: Any) -> None:
    """Write into every container of a value."""
    inner = list(value.values()) if isinstance(value, dict) else list(value)
    for one in inner:
        if isinstance(one, dict | list):
            _scribble(one)
    if isinstance(value, dict):
        value["scribbled"] = True
    else:
        value.append("scribbled")


@given(OBJECTS, st.lists(OPERATIONS, max_size=3), st.lists(OPERATIONS, max_size=3))
def test_operations_apply_one_after_the_other(
    target: Object, first: list[Object], then: list[Object]
) -> None:
    step = applied(target, first)
    assert applied(target, first + then) == (applied(step, then) if isinstance(step, dict) else step)


@given(OBJECTS, POINTERS, VALUES)
def test_replacing_twice_is_replacing_once(target: Object, path: str, value: Any) -> None:
    operation = {"op": "replace", "path": path, "value": value}
    once = applied(target, [operation])
    assert applied(target, [operation, operation]) == once


@given(OBJECTS, st.sampled_from(["new", "a"]), VALUES)
def test_what_is_added_can_be_removed_again(target: Object, name: str, value: Any) -> None:
    added = overrides.apply(target, [{"op": "add", "path": f"/{name}", "value": value}])
    assert added[name] == value
    left = overrides.apply(added, [{"op": "remove", "path": f"/{name}"}])
    assert left == {key: one for key, one in target.items() if key != name}


@given(
    st.lists(
        st.tuples(st.sampled_from(["eu-1", "us-1", "all"]), st.lists(OPERATIONS, max_size=2)), max_size=4
    )
)
def test_a_cluster_gets_what_is_for_it_in_order(entries: list[tuple[str, list[Object]]]) -> None:
    wanted: list[Object] = [
        {"clusterSelector": {}, "clusterOverrides": patches}
        if name == "all"
        else {"clusterName": name, "clusterOverrides": patches}
        for name, patches in entries
    ]
    concerned = [patch for name, patches in entries if name in ("eu-1", "all") for patch in patches]
    assert overrides.for_cluster(wanted, "eu-1", {}) == concerned
