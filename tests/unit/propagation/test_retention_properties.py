"""What a member owns is kept once and for all, and nothing else of the live object."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.references import ObjectReference, ResourceType
from propagation.domain import rendering, retention
from propagation.domain.rendering import Spec, Target

Object = dict[str, Any]

KINDS = {
    "Service": ResourceType("", "v1", "Service", "services", True),
    "ServiceAccount": ResourceType("", "v1", "ServiceAccount", "serviceaccounts", True),
    "PersistentVolumeClaim": ResourceType("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
    "Job": ResourceType("batch", "v1", "Job", "jobs", True),
    "Deployment": ResourceType("apps", "v1", "Deployment", "deployments", True),
    "ConfigMap": ResourceType("", "v1", "ConfigMap", "configmaps", True),
}
NAMES = st.sampled_from(["a", "b", "c"])
LABELS = st.dictionaries(NAMES, NAMES, max_size=2)
SECRETS = st.lists(st.builds(lambda name: {"name": name}, NAMES), max_size=2)
PORTS = st.lists(
    st.fixed_dictionaries(
        {"port": st.integers(1, 3)},
        optional={
            "name": NAMES,
            "protocol": st.sampled_from(["TCP", "UDP"]),
            "nodePort": st.sampled_from([0, 30_001, 30_002]),
        },
    ),
    max_size=3,
    unique_by=lambda port: (port.get("name"), port.get("protocol", "TCP"), port["port"]),
)
PODS = st.fixed_dictionaries(
    {}, optional={"metadata": st.fixed_dictionaries({}, optional={"labels": LABELS})}
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(0, 9),
        "ports": PORTS,
        "clusterIP": st.sampled_from(["", "None", "10.0.0.9"]),
        "clusterIPs": st.sampled_from([[], ["10.0.0.9"]]),
        "healthCheckNodePort": st.sampled_from([0, 30_009]),
        "volumeName": NAMES,
        "selector": st.builds(lambda labels: {"matchLabels": labels}, LABELS),
        "template": PODS,
        "other": NAMES,
    },
)
BODIES = st.fixed_dictionaries({}, optional={"spec": SPECS, "secrets": SECRETS, "data": LABELS})
SCALED = {"manager": retention.AUTOSCALER, "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
LIVES = st.builds(
    lambda body, managed: {"metadata": {"managedFields": managed}, **body},
    BODIES,
    st.sampled_from([[], [SCALED]]),
)


@given(st.sampled_from(list(KINDS)), BODIES, LIVES, st.booleans())
def test_keeping_twice_is_keeping_once(kind: str, body: Object, live: Object, replicas: bool) -> None:
    desired = {"kind": kind, **body}
    before = deepcopy((desired, live))
    once = retention.retain(desired, live, replicas=replicas)
    assert retention.retain(once, live, replicas=replicas) == once
    assert (desired, live) == before


@given(st.sampled_from(list(KINDS)), BODIES, LIVES, st.booleans())
def test_what_was_kept_is_kept_when_it_is_live(kind: str, body: Object, live: Object, replicas: bool) -> None:
    """The object that was applied is read next time: nothing more may come of it."""
    once = retention.retain({"kind": kind, **body}, live, replicas=replicas)
    merged = {**live, **once, "spec": {**live.get("spec", {}), **once.get("spec", {})}}
    assert retention.retain(once, merged, replicas=replicas) == once


@given(BODIES, LIVES)
def test_a_kind_of_which_members_own_nothing_is_left_as_it_is(body: Object, live: Object) -> None:
    live["spec"] = {name: value for name, value in live.get("spec", {}).items() if name != "replicas"}
    desired = {"kind": "ConfigMap", **body}
    assert retention.retain(desired, live, replicas=True) == desired


@given(st.sampled_from(list(KINDS)), BODIES, LIVES)
def test_what_is_rendered_beside_a_live_object_shares_nothing_with_it(
    kind: str, body: Object, live: Object
) -> None:
    before = deepcopy((body, live))
    spec = Spec(ObjectReference(KINDS[kind], "shop", "web"), body)
    rendered = rendering.render(spec, Target("eu-1"), live)
    assert rendering.render(spec, Target("eu-1"), live) == rendered
    for part in (rendered.get("spec"), rendered.get("metadata")):
        (part or {}).clear()
    assert (body, live) == before
