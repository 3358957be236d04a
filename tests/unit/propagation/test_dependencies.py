"""What a workload names."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import dependencies

POD = {
    "serviceAccountName": "runner",
    "imagePullSecrets": [{"name": "registry"}],
    "volumes": [
        {"name": "a", "configMap": {"name": "settings"}},
        {"name": "b", "secret": {"secretName": "certificate"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "disk"}},
        {
            "name": "d",
            "projected": {"sources": [{"configMap": {"name": "more"}}, {"secret": {"name": "key"}}]},
        },
    ],
    "initContainers": [{"envFrom": [{"configMapRef": {"name": "early"}}]}],
    "containers": [
        {
            "env": [
                {"name": "X", "valueFrom": {"secretKeyRef": {"name": "password", "key": "x"}}},
                {"name": "Y"},
            ]
        }
    ],
}
NAMES = [
    "configmaps/early",
    "configmaps/more",
    "configmaps/settings",
    "persistentvolumeclaims/disk",
    "secrets/certificate",
    "secrets/key",
    "secrets/password",
    "secrets/registry",
    "serviceaccounts/runner",
]


def test_everything_that_pods_name() -> None:
    assert dependencies.named({"spec": {"template": {"spec": POD}}}) == NAMES
    assert dependencies.named({"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}}) == NAMES


def test_overrides_name_things_too() -> None:
    volume = {"name": "x", "secret": {"secretName": "of-eu"}}
    entry = {"clusterName": "eu", "clusterOverrides": [{"op": "add", "path": "/spec/x/0", "value": volume}]}
    assert dependencies.named({}, [entry]) == ["secrets/of-eu"]


def test_kinds_without_pods_name_nothing() -> None:
    assert dependencies.named({"data": {"a": "b"}}) == []
    account = {"spec": {"template": {"spec": {"serviceAccountName": "default"}}}}
    assert dependencies.named(account) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*POD, "spec", "template"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["spec", "data"]), JSON))
def test_whatever_is_stored_does_no_harm(template: dict[str, Any]) -> None:
    assert isinstance(dependencies.named(template), list)
