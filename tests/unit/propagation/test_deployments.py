"""What the form reads of a Deployment and writes into it, and that the rest stays as it was."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import deployments
from propagation.domain.deployments import IMAGE, REPLICAS, Basics, Override

RICH = {
    "metadata": {"labels": {"team": "shop"}, "annotations": {"note": "kept"}},
    "spec": {
        "replicas": 3,
        "revisionHistoryLimit": 4,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "initContainers": [{"name": "wait", "image": "busybox:1.36"}],
                "containers": [
                    {
                        "name": "web",
                        "image": "nginx:1.25.3",
                        "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 9090}],
                        "env": [
                            {"name": "MODE", "value": "fast"},
                            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                            {"name": "EMPTY"},
                        ],
                    },
                    {"name": "sidecar", "image": "proxy:2"},
                ],
            },
        },
    },
}

OVERRIDES = [
    {
        "clusterName": "eu-1",
        "clusterOverrides": [
            {"path": REPLICAS, "value": 5},
            {"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}},
        ],
    },
    {"clusterName": "us-1", "clusterOverrides": [{"op": "remove", "path": "/spec/paused"}]},
]

names = st.text("abcXYZ_", min_size=1, max_size=5)
basics = st.builds(
    Basics,
    image=st.sampled_from(["nginx:1", "registry.example/app@sha256:0"]),
    replicas=st.none() | st.integers(0, 9),
    port=st.none() | st.integers(1, 65_535),
    environment=st.dictionaries(names, st.text(max_size=5), max_size=4).map(
        lambda pairs: tuple(pairs.items())
    ),
    labels=st.dictionaries(names, names, max_size=3).map(lambda pairs: tuple(pairs.items())),
)


def test_reads_what_it_shows() -> None:
    assert deployments.read(RICH) == Basics(
        image="nginx:1.25.3",
        replicas=3,
        port=80,
        environment=(("MODE", "fast"), ("EMPTY", "")),
        labels=(("team", "shop"),),
    )
    assert deployments.referenced_variables(RICH) == ["TOKEN"]
    assert deployments.containers(RICH) == 2


def test_writing_what_was_read_changes_nothing() -> None:
    assert deployments.write(RICH, deployments.read(RICH)) == RICH


@given(basics)
def test_a_new_template_reads_as_what_was_written(wanted: Basics) -> None:
    template = deployments.new("web", wanted)
    assert deployments.read(template) == wanted
    assert deployments.unrepresentable(template) == ""
    assert template["spec"]["selector"]["matchLabels"].items() <= {"app": "web"}.items()


@given(basics)
def test_writing_touches_only_what_it_knows(wanted: Basics) -> None:
    before = deepcopy(RICH)
    written = deployments.write(RICH, wanted)
    assert before == RICH
    back = deployments.write(written, deployments.read(RICH))
    assert (
        back["spec"]["template"]["spec"]["initContainers"]
        == before["spec"]["template"]["spec"]["initContainers"]
    )
    assert written["metadata"]["annotations"] == {"note": "kept"}
    assert written["spec"]["template"]["spec"]["containers"][1] == {"name": "sidecar", "image": "proxy:2"}
    kept = [one for one in written["spec"]["template"]["spec"]["containers"][0]["env"] if "valueFrom" in one]
    assert [one["name"] for one in kept] == ["TOKEN"]


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"spec": {"template": {"spec": {"containers": []}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": 7}]}}}},
        {"spec": {"replicas": "2", "template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}},
        {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "A"}, {"name": "A"}]}]}}}},
        {"spec": {"template": {"spec": {"containers": [{"ports": [{"name": "http"}]}]}}}},
    ],
)
def test_says_what_it_cannot_represent(template: dict[str, object]) -> None:
    assert deployments.unrepresentable(template)


def test_reads_overrides_and_the_rest() -> None:
    assert deployments.read_overrides(OVERRIDES) == {"eu-1": Override(replicas=5)}
    assert set(deployments.raw_overrides(OVERRIDES)) == {"eu-1", "us-1"}


def test_writing_an_override_leaves_the_other_clusters_alone() -> None:
    wanted = {"eu-1": Override(replicas=7, image="nginx:2"), "ap-1": Override(replicas=1)}
    written = deployments.write_overrides(OVERRIDES, wanted, RICH)
    assert written[0]["clusterOverrides"] == [
        {"path": REPLICAS, "value": 7},
        OVERRIDES[0]["clusterOverrides"][1],
        {"path": IMAGE, "value": "nginx:2"},
    ]
    assert written[1] is OVERRIDES[1]
    assert written[2] == {"clusterName": "ap-1", "clusterOverrides": [{"path": REPLICAS, "value": 1}]}


def test_emptying_an_override_removes_it() -> None:
    only = [{"clusterName": "eu-1", "clusterOverrides": [{"path": REPLICAS, "value": 5}]}]
    assert deployments.write_overrides(only, {"eu-1": Override()}, RICH) == []


def test_replicas_are_added_where_the_template_has_none() -> None:
    template = deployments.new("web", Basics(image="nginx:1"))
    (entry,) = deployments.write_overrides([], {"eu-1": Override(replicas=2)}, template)
    assert entry["clusterOverrides"] == [{"op": "add", "path": REPLICAS, "value": 2}]


def test_unchanged_overrides_are_written_back_as_they_were() -> None:
    shown = deployments.read_overrides(OVERRIDES)
    assert deployments.write_overrides(OVERRIDES, shown, RICH) == OVERRIDES
