"""Labels and selectors, as API servers read them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import labels
from clusters.domain.labels import InvalidLabel, InvalidSelector


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        ("a=b, c=d", {"a": "b", "c": "d"}),
        ("a=b\nc=\n", {"a": "b", "c": ""}),
        ("example.com/a=B.c_d-e", {"example.com/a": "B.c_d-e"}),
    ],
)
def test_pairs(text: str, pairs: dict[str, str]) -> None:
    assert labels.parse_pairs(text) == pairs


@pytest.mark.parametrize(
    "text", ["a", "=b", "a=b c", "a=b,a=c", "-a=b", "a=-b", "/a=b", "A.B/a=b", f"a={'b' * 64}"]
)
def test_wrong_pairs(text: str) -> None:
    with pytest.raises(InvalidLabel):
        labels.parse_pairs(text)


def expression(operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": "env", "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "given", "matches"),
    [
        ({}, {}, True),
        ({"matchLabels": {"env": "prod"}}, {"env": "prod", "x": "y"}, True),
        ({"matchLabels": {"env": "prod"}}, {"env": "dev"}, False),
        ({"matchLabels": {"env": "prod"}}, {}, False),
        (expression("In", "prod", "dev"), {"env": "dev"}, True),
        (expression("In", "prod"), {}, False),
        (expression("NotIn", "prod"), {}, True),
        (expression("NotIn", "prod"), {"env": "prod"}, False),
        (expression("Exists"), {"env": ""}, True),
        (expression("Exists"), {}, False),
        (expression("DoesNotExist"), {}, True),
        (expression("DoesNotExist"), {"env": ""}, False),
    ],
)
def test_selectors(selector: dict[str, Any], given: dict[str, str], matches: bool) -> None:
    parsed = labels.parse_selector(selector)
    assert parsed.matches(given) is matches
    assert bool(parsed.mismatches(given)) is not matches


@pytest.mark.parametrize(
    "selector",
    [
        None,
        [],
        {"matchlabels": {}},
        {"matchLabels": []},
        {"matchLabels": {"env": True}},
        {"matchLabels": {"a b": "c"}},
        {"matchExpressions": {}},
        {"matchExpressions": [{}]},
        expression("Is", "x"),
        expression("In"),
        expression("Exists", "x"),
    ],
)
def test_wrong_selectors(selector: Any) -> None:
    with pytest.raises(InvalidSelector):
        labels.parse_selector(selector)


WORDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))


@given(WORDS, WORDS)
def test_a_selector_of_labels_matches_their_supersets(wanted: dict[str, str], more: dict[str, str]) -> None:
    assert labels.parse_selector({"matchLabels": wanted}).matches({**more, **wanted})
