"""Diffs: nothing for what is the same, every field for what is not, and never a secret."""

import base64
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import confidential, diffs
from propagation.domain.diffs import Item, Mark, Owner

names = st.text("abcxyz", min_size=1, max_size=4)
scalars = st.none() | st.integers(-5, 5) | st.text("abc: -\n#", max_size=6)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(names, values, max_size=4)


def deployment(**changes: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "nginx:1"}, {"name": "log", "image": "log:1"}]
    spec = {"replicas": 2, "template": {"spec": {"containers": containers}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}},
        "spec": spec,
        **changes,
    }


@given(objects)
def test_nothing_differs_from_itself(item: dict[str, Any]) -> None:
    for kind in ("Secret", "Deployment"):
        assert not diffs.compare(kind, item, deepcopy(item))


@given(objects, objects)
def test_lines_and_fields_agree_that_something_differs(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = diffs.between(before, after)
    assert bool(found.fields) == (before != after) == bool(found)


#: Long enough to occur nowhere by chance.
secrets = st.dictionaries(names, st.text("QWERTZ0123", min_size=8, max_size=12), min_size=1, max_size=3)


@given(secrets, secrets, st.sampled_from(["data", "stringData"]))
def test_no_secret_is_in_a_diff(before: dict[str, str], after: dict[str, str], field: str) -> None:
    one, other = (
        {
            "kind": "Secret",
            "metadata": {"name": "s", "annotations": {confidential.LAST_APPLIED: str(data)}},
            field: data,
        }
        for data in (before, after)
    )
    found = diffs.compare("Secret", one, other)
    text = "\n".join([*(line.text for line in found.lines), *found.fields])
    assert not any(value in text for value in [*before.values(), *after.values()])
    assert bool(found) == (before != after)


@given(secrets, secrets)
def test_no_secret_is_in_overrides(before: dict[str, str], after: dict[str, str]) -> None:
    veil = confidential.Veil("Secret")
    hidden = [
        veil.conceal_overrides(
            [
                {
                    "clusterName": "eu-1",
                    "clusterOverrides": [
                        {"path": "/data", "value": values},
                        *({"path": f"/stringData/{name}", "value": value} for name, value in values.items()),
                    ],
                }
            ]
        )
        for values in (before, after)
    ]
    assert not any(value in str(hidden) for value in [*before.values(), *after.values()])
    assert (hidden[0] == hidden[1]) == (before == after)


def test_markers_tell_changed_from_same_alone() -> None:
    before = {"kind": "Secret", "data": {"a": "b25l", "b": "dHdv", "gone": "eA=="}}
    after = {"kind": "Secret", "data": {"a": "b25l", "b": "b25l", "new": "eA=="}}
    found = diffs.compare("Secret", before, after)
    changed = [(line.mark, line.text.strip()) for line in found.lines if line.mark is not Mark.SAME]
    assert changed == [
        (Mark.REMOVED, "b: (hidden)"),
        (Mark.REMOVED, "gone: (hidden)"),
        (Mark.ADDED, "b: (hidden, value 2)"),
        (Mark.ADDED, "new: (hidden)"),
    ]
    assert found.fields == ("data.b", "data.gone", "data.new")


def test_what_the_server_writes_by_itself_is_no_difference() -> None:
    live = deployment(status={"replicas": 2})
    live["metadata"] |= {"uid": "1", "resourceVersion": "7", "generation": 3, "managedFields": [{}]}
    assert not diffs.compare("Deployment", deployment(), live)


def test_fields_are_named_as_people_write_them() -> None:
    after = deployment()
    after["metadata"]["labels"]["app.kubernetes.io/name"] = "other"
    after["spec"]["replicas"] = 3
    after["spec"]["template"]["spec"]["containers"][1]["image"] = "log:2"
    found = diffs.compare("Deployment", deployment(), after)
    assert found.fields == (
        "metadata.labels[app.kubernetes.io/name]",
        "spec.replicas",
        "spec.template.spec.containers[log].image",
    )
    changed = [(line.mark, line.text.strip()) for line in found.lines if line.mark is not Mark.SAME]
    assert (Mark.REMOVED, "replicas: 2") in changed
    assert (Mark.ADDED, "replicas: 3") in changed
    assert len(changed) == 6


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ([{"name": "a"}], [{"name": "a"}, {"name": "b"}], ["l[b]"]),
        ([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}], ["l"]),
        ([1, 2], [1, 3], ["l[1]"]),
        ([1, 2], [1], ["l"]),
        ([{"name": "a", "x": 1}, {"name": "a", "x": 2}], [{"name": "a", "x": 1}] * 2, ["l[1].x"]),
        ({"a": 1}, [1], ["l"]),
        ({"a": {"b": 1}}, {}, ["l.a"]),
    ],
)
def test_lists_are_matched_by_what_identifies_their_items(before: Any, after: Any, fields: list[str]) -> None:
    assert list(map(diffs.spell, diffs.differences({"l": before}, {"l": after}))) == fields


def test_what_is_new_comes_whole() -> None:
    found = diffs.compare("Deployment", None, deployment())
    assert {line.mark for line in found.lines} == {Mark.ADDED}
    assert found.lines[0].text == "apiVersion: apps/v1"
    assert found.fields == ("apiVersion", "kind", "metadata", "spec")


def test_what_is_too_long_says_so() -> None:
    before, after = ({"kind": "ConfigMap", "data": {str(n): value for n in range(6_000)}} for value in "ab")
    found = diffs.compare("ConfigMap", before, after)
    assert found.cut
    assert not found.lines
    assert found
    few = {"kind": "ConfigMap", "data": {str(n): "a" for n in range(1_000)}}
    found = diffs.compare("ConfigMap", None, few)
    assert found.cut
    assert len(found.lines) == diffs.SHOWN


MANAGED_FIELDS = [
    {
        "manager": "fedconsole",
        "operation": "Apply",
        "time": "2026-01-01T00:00:00Z",
        "fieldsV1": {
            "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}}}}}}
        },
    },
    {
        "manager": "kubectl-scale",
        "operation": "Update",
        "time": "2026-01-02T00:00:00Z",
        "fieldsV1": {
            "f:spec": {
                "f:replicas": {},
                "f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {"f:image": {}}}}},
                "f:selector": {},
            }
        },
    },
]


@pytest.mark.parametrize(
    ("path", "managers"),
    [
        (("spec", "replicas"), ["kubectl-scale"]),
        (("spec", "selector", "matchLabels", "app"), ["kubectl-scale"]),
        (("spec", "template", "spec", "containers", Item("name", "main"), "image"), ["kubectl-scale"]),
        (("spec", "template", "spec", "containers", Item("name", "main")), ["fedconsole", "kubectl-scale"]),
        (("spec", "template", "spec", "containers", Item("name", "log")), []),
        (("spec", "paused"), []),
        (("spec", "list", 0), []),
    ],
)
def test_the_owners_of_a_field(path: diffs.Path, managers: list[str]) -> None:
    live = {"metadata": {"managedFields": MANAGED_FIELDS}}
    assert [owner.manager for owner in diffs.owners(live, path)] == managers


def test_owners_say_since_when() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    live = {"metadata": {"managedFields": MANAGED_FIELDS}}
    assert diffs.owners(live, ("spec", "replicas")) == [Owner("kubectl-scale", moment)]
    assert diffs.owners({}, ("spec",)) == []


def test_messages_are_rid_of_secrets() -> None:
    encoded = base64.b64encode(b"hunter22").decode()
    item = {"kind": "Secret", "data": {"password": encoded}, "stringData": {"pin": "4711-0815", "n": "x"}}
    message = f"data: {encoded} is hunter22, pin 4711-0815, near ...|ter22 and|... it"
    assert (
        confidential.redact(message, item)
        == "data: (hidden) is (hidden), pin (hidden), near ...(hidden)... it"
    )
    assert confidential.redact(message, deployment()) == message
    assert confidential.redact("as it is", {"kind": "Secret", "data": "not a mapping"}) == "as it is"
