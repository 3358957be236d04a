"""Hidden values that come back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import markers
from propagation.domain.confidential import HIDDEN, LAST_APPLIED, Veil

Object = dict[str, Any]

SELECTED = {"clusterSelector": {"matchLabels": {"env": "prod"}}}
TEMPLATE: Object = {"type": "Opaque", "data": {"a": "MQ==", "b": "Mg=="}}
OVERRIDES: list[Object] = [
    {"clusterName": "eu", "clusterOverrides": [{"path": "/data/a", "value": "Mw=="}]},
    {
        **SELECTED,
        "clusterOverrides": [{"path": "/data", "value": {"a": "NA=="}}, {"op": "remove", "path": "/type"}],
    },
]


def hidden(kind: str, template: Object, overrides: list[Object]) -> tuple[Object, list[Object]]:
    veil = Veil(kind)
    return veil.conceal(template), veil.conceal_overrides(overrides)


def test_what_was_hidden_comes_back() -> None:
    template, overrides = hidden("Secret", TEMPLATE, OVERRIDES)
    assert template["data"] == {"a": HIDDEN, "b": HIDDEN}
    restored = markers.restore("Secret", template, overrides, TEMPLATE, OVERRIDES)
    assert restored == markers.Restored(TEMPLATE, OVERRIDES, [])


def test_a_new_value_beside_hidden_ones_is_taken() -> None:
    template = {**TEMPLATE, "data": {"a": HIDDEN, "b": "OQ=="}}
    restored = markers.restore("Secret", template, [], TEMPLATE)
    assert restored.template["data"] == {"a": "MQ==", "b": "OQ=="}


def test_all_of_them_may_be_hidden_by_one_marker() -> None:
    assert markers.restore("Secret", {"data": HIDDEN}, [], TEMPLATE).template["data"] == TEMPLATE["data"]


def test_a_marker_of_nothing_is_missing() -> None:
    template, overrides = hidden("Secret", TEMPLATE, OVERRIDES)
    missing = ["/template/data/a", "/template/data/b"]
    patches = ["/overrides/0/clusterOverrides/0/value", "/overrides/1/clusterOverrides/0/value/a"]
    assert markers.restore("Secret", template, overrides).missing == missing + patches


def test_a_marker_that_tells_versions_apart_has_no_value() -> None:
    template = {"data": {"a": "(hidden, value 2)"}}
    assert markers.restore("Secret", template, [], TEMPLATE).missing == ["/template/data/a"]


def test_a_text_like_a_marker_is_a_text_elsewhere() -> None:
    template: Object = {"data": {"a": HIDDEN}, "metadata": {"annotations": {"note": HIDDEN}}}
    assert markers.restore("ConfigMap", template, []) == markers.Restored(template, [], [])


def test_a_copy_of_the_whole_comes_back_too() -> None:
    template: Object = {"metadata": {"annotations": {LAST_APPLIED: '{"data": "x"}'}}}
    concealed, _ = hidden("ConfigMap", template, [])
    assert markers.restore("ConfigMap", concealed, [], template).template == template


data = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["MQ==", "Mg==", "", "Mw=="]))


@given(data, data, st.booleans())
def test_hiding_and_restoring_changes_nothing(one: Object, other: Object, as_text: bool) -> None:
    template = {"data": one, "stringData" if as_text else "type": other}
    overrides = [
        {
            "clusterName": "eu",
            "clusterOverrides": [{"path": f"/data/{key}", "value": other[key]} for key in other],
        }
    ]
    concealed = hidden("Secret", template, overrides)
    restored = markers.restore("Secret", *concealed, template, overrides)
    assert restored == markers.Restored(template, overrides, [])
