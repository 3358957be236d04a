"""Texts of several documents: in any order, of every kind, in lists, as they come from an API server."""

import base64
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.references import ResourceType
from propagation.domain import bundles, kubefed_clusters, manifests, preferences, type_configs, types
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.preferences import SchedulingPreference
from propagation.domain.type_configs import TypeConfig
from tests.unit.propagation.test_manifests import GUIDE, from_a_server, names, pairs

Object = dict[str, Any]

PREFERENCE = """
apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: nginx-federated, namespace: default}
spec:
  targetKind: FederatedDeployment
  totalReplicas: 9
  clusters:
    "*": {weight: 1, maxReplicas: 5}
"""
WIDGETS = """
apiVersion: core.kubefed.io/v1beta1
kind: FederatedTypeConfig
metadata: {name: widgets.example.com, namespace: kube-federation-system}
spec:
  federatedType:
    group: types.kubefed.io
    version: v1beta1
    kind: FederatedWidget
    pluralName: federatedwidgets
    scope: Namespaced
  propagation: Enabled
  targetType: {group: example.com, version: v1, kind: Widget, pluralName: widgets, scope: Namespaced}
"""
WIDGET = """
apiVersion: types.kubefed.io/v1beta1
kind: FederatedWidget
metadata: {name: one}
spec: {template: {spec: {size: 1}}, placement: {clusterSelector: {}}}
"""
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
MEMBER = f"""
apiVersion: core.kubefed.io/v1beta1
kind: KubeFedCluster
metadata: {{name: eu-1, namespace: kube-federation-system, labels: {{env: prod}}}}
spec:
  apiEndpoint: https://eu-1.example.com:6443
  caBundle: {base64.b64encode(PEM.encode()).decode()}
  secretRef: {{name: eu-1-x7k2p}}
  disabledTLSValidations: ["*"]
"""
WIDGET_TYPE = ResourceType("example.com", "v1", "Widget", "widgets", namespaced=True)


def parse(*texts: str) -> bundles.Parsed:
    return bundles.parse("\n---\n".join(texts), types.BUILT_IN)


def refusals(text: str) -> list[str]:
    return [error.message for error in parse(text).errors]


def test_documents_come_in_any_order() -> None:
    for texts in ((PREFERENCE, WIDGET, GUIDE, MEMBER, WIDGETS), (WIDGETS, MEMBER, GUIDE, WIDGET, PREFERENCE)):
        parsed = parse(*texts)
        assert parsed.errors == []
        assert {one.type.kind for one in parsed.manifests} == {"Deployment", "Widget"}
        assert [one.scheduling["totalReplicas"] for one in parsed.preferences] == [9]
        assert [one.type for one in parsed.type_configs] == [WIDGET_TYPE]
        assert [one.name for one in parsed.clusters] == ["eu-1"]


def test_a_kind_that_the_text_disables_is_not_federated() -> None:
    disabled = WIDGETS.replace("Enabled", "Disabled")
    parsed = bundles.parse(f"{WIDGET}---{disabled}", [*types.BUILT_IN, WIDGET_TYPE])
    assert [error.message for error in parsed.errors] == [
        "FederatedWidget is not a kind that is federated here."
    ]


def test_a_cluster_is_read_without_a_credential() -> None:
    (cluster,) = parse(MEMBER).clusters
    assert cluster == KubeFedCluster(
        "eu-1", "https://eu-1.example.com:6443", PEM, "eu-1-x7k2p", ("*",), "", {"env": "prod"}
    )
    assert "MIIB" not in repr(cluster)


@pytest.mark.parametrize("text", [GUIDE, PREFERENCE, WIDGETS, MEMBER])
def test_what_a_server_adds_is_ignored_in_every_kind(text: str) -> None:
    document = yaml.safe_load(text)
    assert parse(yaml.safe_dump(from_a_server(document))) == parse(text)


@pytest.mark.parametrize("text", [GUIDE, PREFERENCE, WIDGETS, MEMBER])
@pytest.mark.parametrize("path", ["", "metadata", "spec"])
def test_unknown_fields_are_errors_with_their_name_and_place(text: str, path: str) -> None:
    document = yaml.safe_load(text)
    (document[path] if path else document)["surplus"] = 1
    dumped = yaml.safe_dump(document)
    (error,) = parse(dumped).errors
    assert "surplus" in error.message
    assert "surplus" in dumped.splitlines()[error.line - 1]


def listed(*texts: str, kind: str = "List") -> Object:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"resourceVersion": "", "selfLink": ""},
        "items": [yaml.safe_load(text) for text in texts],
    }


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps])
def test_lists_are_read_as_what_they_list(write: Any) -> None:
    parsed = parse(write(listed(GUIDE, PREFERENCE, WIDGETS, MEMBER, WIDGET)))
    assert parsed.errors == []
    assert (len(parsed.manifests), len(parsed.preferences), len(parsed.clusters)) == (2, 1, 1)


def test_json_may_be_written_in_ascii() -> None:
    document = yaml.safe_load(GUIDE)
    document["metadata"]["annotations"] = {"note": "\N{ROCKET} \\ud83d grüß"}
    (manifest,) = parse(json.dumps(document)).manifests
    assert manifest.annotations == document["metadata"]["annotations"]


def test_the_items_of_a_servers_own_list_do_without_their_kind() -> None:
    found = listed(WIDGET, kind="FederatedWidgetList") | {"apiVersion": manifests.API_VERSION}
    for item in found["items"]:
        del item["kind"], item["apiVersion"]
    parsed = parse(WIDGETS, yaml.safe_dump(found))
    assert [one.name for one in parsed.manifests] == ["one"]


def test_errors_inside_a_list_have_their_place() -> None:
    text = yaml.safe_dump(listed(GUIDE, PREFERENCE)).replace("totalReplicas: 9", "totalReplicas: many")
    (error,) = parse(text).errors
    assert text.splitlines()[error.line - 1].strip() == "totalReplicas: many"
    assert error.document == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: List\napiVersion: v1\nitems: 3", "A List has items"),
        ("kind: List\napiVersion: v1\nitems: []\nmore: 1", "no field more"),
        (
            "kind: List\napiVersion: v1\nitems: [{kind: List, apiVersion: v1, items: []}]",
            "Only types.kubefed.io",
        ),
        (PREFERENCE.replace("FederatedDeployment", "FederatedJob"), "targetKind is one of"),
        (PREFERENCE.replace("scheduling.kubefed.io/v1alpha1", "v1"), "Only scheduling.kubefed.io/v1alpha1"),
        (PREFERENCE.replace("  totalReplicas: 9\n", ""), "totalReplicas"),
        (PREFERENCE.replace("weight", "wait"), "no field wait"),
        (PREFERENCE.replace("spec:", "spec: {}\nstatus:"), "totalReplicas"),
        (PREFERENCE + "\n---\n" + PREFERENCE, "already"),
        (WIDGETS.replace("widgets.example.com", "widgets"), "called widgets.example.com"),
        (
            WIDGETS.replace("widgets, scope: Namespaced", "widgets, scope: Everywhere"),
            "scope is Namespaced or Cluster",
        ),
        (WIDGETS.replace("Enabled", "Perhaps"), "propagation is Enabled or Disabled"),
        (WIDGETS.replace("kind: Widget,", "kind: a b,"), "not the kind of a kind"),
        (WIDGETS.replace("  targetType:", "  statusType:"), "A type has group"),
        (WIDGETS + "\n---\n" + WIDGETS, "already"),
        (MEMBER.replace("https://", "ftp://"), "http or https URL"),
        (MEMBER.replace('"*"', "Everything"), "disabledTLSValidations are of"),
        (MEMBER.replace('"*"', '"*", SubjectName'), "stands alone"),
        (MEMBER.replace("caBundle: ", "caBundle: -"), "PEM text in base64"),
        (MEMBER + "  proxyURL: gopher://x\n", "socks5"),
        (MEMBER + "\n---\n" + MEMBER, "already"),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert any(message in refusal for refusal in refusals(text)), refusals(text)


scheduling = st.fixed_dictionaries(
    {"totalReplicas": st.integers(0, 1000)},
    optional={
        "mode": st.sampled_from(["weighted", "capacity", "aggregated"]),
        "rebalance": st.booleans(),
        "intersectWithClusterSelector": st.booleans(),
        "clusters": st.dictionaries(
            names | st.just("*"), st.fixed_dictionaries({"weight": st.integers(0, 9)}), max_size=3
        ),
    },
)
some_preferences = st.builds(
    SchedulingPreference, st.sampled_from(list(preferences.TARGETS.values())), names, names, scheduling
)
some_types = st.builds(
    ResourceType,
    st.just("") | names,
    st.just("v1"),
    st.from_regex(r"[A-Z][a-z]{0,8}", fullmatch=True),
    names,
    namespaced=st.booleans(),
)
some_configs = st.builds(type_configs.of, some_types, enabled=st.booleans())
some_clusters = st.builds(
    KubeFedCluster,
    names,
    names.map("https://{}.example.com:6443".format),
    st.sampled_from(["", PEM]),
    st.just("") | names,
    st.sampled_from([(), ("*",), ("SubjectName", "ValidityPeriod")]),
    st.sampled_from(["", "http://proxy:3128", "socks5://proxy:1080"]),
    pairs,
)


@given(some_preferences, some_configs, some_clusters, st.booleans())
def test_reading_what_was_written_gives_the_same(
    preference: SchedulingPreference, config: TypeConfig, cluster: KubeFedCluster, as_json: bool
) -> None:
    written = [
        preferences.document(preference),
        type_configs.document(config),
        kubefed_clusters.document(cluster),
    ]
    parsed = parse(manifests.dump_json(written) if as_json else manifests.dump(written))
    assert parsed == bundles.Parsed([], [preference], [config], [cluster], [])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc*:/", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.sampled_from([PREFERENCE, WIDGETS, MEMBER]), st.data())
def test_whatever_a_field_holds_nothing_is_raised(text: str, data: st.DataObject) -> None:
    document = yaml.safe_load(text)
    inside = data.draw(st.sampled_from([document, document["metadata"], document["spec"]]))
    inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(values)
    parsed = parse(manifests.dump([document]))
    assert parsed != bundles.Parsed()


def test_a_namespaces_federated_kind_lives_in_it() -> None:
    namespace = next(kind for kind in types.BUILT_IN if kind.kind == "Namespace")
    assert type_configs.of(namespace).federated.namespaced
    assert not namespace.namespaced
