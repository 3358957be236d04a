"""Taints and tolerations, as Kubernetes documents them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import taints
from clusters.domain.taints import Effect, InvalidTaint, Taint, Toleration

GPU = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
DOWN = {"key": "example.com/down", "value": "", "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" , \n", []),
        ("dedicated=gpu:NoSchedule", [GPU]),
        ("example.com/down:NoExecute", [DOWN]),
        ("example.com/down=:NoExecute", [DOWN]),
        (" dedicated = gpu : NoSchedule ,\r\nexample.com/down:NoExecute\n", [GPU, DOWN]),
        ("a:NoSchedule,a:NoExecute", [{**DOWN, "key": "a", "effect": effect} for effect in Effect]),
    ],
)
def test_reads_what_people_write(text: str, found: list[dict[str, str]]) -> None:
    assert taints.parse_text(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a=b",
        "a=b:",
        ":NoSchedule",
        "a:PreferNoSchedule",
        "a b:NoSchedule",
        "a:NoSchedule,a=b:NoSchedule",
    ],
)
def test_refuses_what_is_no_taint(text: str) -> None:
    with pytest.raises(InvalidTaint):
        taints.parse_text(text)


@pytest.mark.parametrize(
    "data", [None, {}, ["a:NoSchedule"], [{}], [{**GPU, "value": 1}], [{**GPU, "x": ""}]]
)
def test_refuses_what_is_not_a_list_of_taints(data: Any) -> None:
    with pytest.raises(InvalidTaint):
        taints.validate(data)


WORDS = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?", fullmatch=True)
TAINTS = st.lists(
    st.fixed_dictionaries(
        {"key": WORDS, "value": WORDS | st.just(""), "effect": st.sampled_from([str(one) for one in Effect])}
    ),
    unique_by=lambda entry: (entry["key"], entry["effect"]),
)


@given(TAINTS)
def test_reads_what_it_has_written(data: list[dict[str, str]]) -> None:
    assert taints.parse_text(taints.write_text(data)) == data


@given(TAINTS)
def test_one_toleration_puts_up_with_everything(data: list[dict[str, str]]) -> None:
    every = taints.parse_tolerations([{"operator": "Exists"}])
    assert taints.untolerated(taints.parse_taints(data), every) == []


@pytest.mark.parametrize(
    ("toleration", "tolerates"),
    [
        ({"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "gpu"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"operator": "Exists"}, True),
        ({"operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "dedicated"}, False),
        ({"key": "dedicated", "value": "ssd"}, False),
        ({"key": "dedicated", "value": "gpu", "effect": "NoExecute"}, False),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_tolerations(toleration: dict[str, str], tolerates: bool) -> None:
    (parsed,) = taints.parse_tolerations([toleration])
    assert parsed.tolerates(Taint("dedicated", "gpu", Effect.NO_SCHEDULE)) is tolerates


@pytest.mark.parametrize(
    "data",
    [
        {},
        ["dedicated"],
        [{"key": "a", "operator": "In"}],
        [{"value": "gpu"}],
        [{}],
        [{"key": "a", "operator": "Exists", "value": "x"}],
        [{"key": "a", "effect": "PreferNoSchedule"}],
        [{"key": "a b"}],
        [{"key": "a", "tolerationSeconds": 3}],
    ],
)
def test_refuses_tolerations_that_mean_nothing(data: Any) -> None:
    with pytest.raises(InvalidTaint):
        taints.parse_tolerations(data)


def test_names_the_taints_that_nothing_puts_up_with() -> None:
    found = taints.parse_taints([GPU, DOWN])
    left = taints.untolerated(found, [Toleration("dedicated", "Exists")])
    assert [str(taint) for taint in left] == ["example.com/down:NoExecute"]
