"""What of a KubeFed host comes, and what does not."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from clusters.domain import kubeconfig
from clusters.domain.references import ResourceType
from propagation.domain import manifests, migrating, type_configs, types
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.migrating import Host, Sorted, Standing
from propagation.domain.preferences import SchedulingPreference
from tests.unit.propagation.test_bundles import MEMBER, PREFERENCE, WIDGETS
from tests.unit.propagation.test_manifests import GUIDE, from_a_server

Object = dict[str, Any]

KNOWN = {kind.name: kind for kind in types.BUILT_IN}
DEPLOYMENTS = type_configs.document(type_configs.of(KNOWN["deployments.apps"]))
NAMESPACES = type_configs.document(type_configs.of(KNOWN["namespaces"]))
WEB: Object = from_a_server(yaml.safe_load(GUIDE))
NAMESPACE = {
    "apiVersion": manifests.API_VERSION,
    "kind": "FederatedNamespace",
    "metadata": {"name": "default", "namespace": "default"},
    "spec": {"placement": {"clusterSelector": {}}},
}
HOST = Host(
    clusters=[from_a_server(yaml.safe_load(MEMBER))],
    type_configs=[DEPLOYMENTS, NAMESPACES],
    resources={"deployments.apps": [WEB], "namespaces": [NAMESPACE]},
    preferences=[from_a_server(yaml.safe_load(PREFERENCE))],
)


def sort_out(**changes: Any) -> Sorted:
    return migrating.sort_out(replace(HOST, **changes), KNOWN)


def refusals(found: Sorted) -> dict[str, str]:
    lines = [*found.clusters, *found.kinds, *found.resources, *found.preferences]
    assert all(line.standing is Standing.REFUSED for line in lines)
    notes: dict[str, str] = {}
    for line in lines:
        notes[line.subject] = f"{notes.get(line.subject, '')} {line.note}".strip()
    return notes


def test_everything_comes_that_can() -> None:
    found = sort_out()
    assert refusals(found) == {}
    assert [one.name for one in found.parsed.clusters] == ["eu-1"]
    assert not any(one.follow_dependencies for one in found.parsed.manifests)
    assert [one.type.kind for one in found.parsed.manifests] == ["Deployment", "Namespace"]
    assert [one.scheduling["totalReplicas"] for one in found.parsed.preferences] == [9]


def changed(item: Object, **metadata: Any) -> Object:
    return {**item, "metadata": {**item["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("changes", "subject", "reason"),
    [
        ({"clusters": [{"metadata": {"name": "bad"}, "spec": {}}]}, "bad", "spec.apiEndpoint"),
        (
            {"resources": {"deployments.apps": [WEB], "namespaces": []}},
            "Deployment default/nginx-federated",
            "namespace default is not federated",
        ),
        (
            {
                "resources": {
                    "deployments.apps": [changed(WEB, deletionTimestamp="2024-01-01T00:00:00Z")],
                    "namespaces": [NAMESPACE],
                }
            },
            "Deployment default/nginx-federated",
            "KubeFed is deleting it",
        ),
        (
            {"resources": {"deployments.apps": [{**WEB, "spec": {}}], "namespaces": [NAMESPACE]}},
            "Deployment default/nginx-federated",
            "spec.template.spec",
        ),
        ({"unread": {"deployments.apps": "No rights."}}, "deployments.apps", "No rights."),
        (
            {"resources": {"namespaces": [NAMESPACE]}},
            "Deployment default/nginx-federated",
            "Its FederatedDeployment does not come.",
        ),
        ({"preferences": [{"metadata": {"name": "x"}}]}, "x", "targetKind"),
    ],
)
def test_what_does_not_come_has_a_reason(changes: Object, subject: str, reason: str) -> None:
    assert reason in refusals(sort_out(**changes))[subject]


def kinds(document: Object) -> dict[str, str]:
    return refusals(sort_out(type_configs=[document], resources={}, preferences=[]))


def test_a_disabled_kind_does_not_come() -> None:
    disabled = {**DEPLOYMENTS, "spec": {**DEPLOYMENTS["spec"], "propagation": "Disabled"}}
    assert "Disabled" in kinds(disabled)["deployments.apps"]


def test_templates_of_another_version_do_not_come() -> None:
    old = replace(KNOWN["ingresses.networking.k8s.io"], version="v1beta1")
    refused = kinds(type_configs.document(type_configs.of(old)))["ingresses.networking.k8s.io"]
    assert "written for networking.k8s.io/v1beta1" in refused


def test_a_second_kind_of_one_name_does_not_come() -> None:
    other = ResourceType("extensions", "v1beta1", "Ingress", "ingresses", namespaced=True)
    assert (
        "federated as ingresses.networking.k8s.io"
        in kinds(type_configs.document(type_configs.of(other)))["ingresses.extensions"]
    )


def test_a_kind_of_ones_own_comes() -> None:
    assert kinds(yaml.safe_load(WIDGETS)) == {}


def test_without_federated_namespaces_there_is_one_namespace_only() -> None:
    found = sort_out(type_configs=[DEPLOYMENTS], resources={"deployments.apps": [WEB]})
    assert refusals(found) == {}


def test_namespaces_that_cannot_be_read_let_nothing_through() -> None:
    found = sort_out(resources={"deployments.apps": [WEB]}, unread={"namespaces": "No rights."})
    assert "not federated" in refusals(found)["Deployment default/nginx-federated"]


def test_other_names_are_used_everywhere() -> None:
    parsed = sort_out().parsed
    manifest = replace(
        parsed.manifests[0],
        overrides=[{"clusterName": "member-cluster"}, {"clusterSelector": {}}],
    )
    preference = SchedulingPreference(
        "Deployment", "d", "n", {"clusters": {"*": {}, "member-cluster": {"weight": 2}}}
    )
    names = {"member-cluster": "eu-1"}
    renamed = migrating.renamed(replace(parsed, manifests=[manifest], preferences=[preference]), names)
    assert renamed.manifests[0].placement == {"clusters": [{"name": "eu-1"}]}
    assert renamed.manifests[0].overrides == [{"clusterName": "eu-1"}, {"clusterSelector": {}}]
    assert renamed.preferences[0].scheduling["clusters"] == {"*": {}, "eu-1": {"weight": 2}}
    assert migrating.renamed(parsed, {}) == parsed


def test_a_members_access_is_a_kubeconfig() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    cluster = KubeFedCluster("eu-1", "https://eu-1:6443", pem, "s", ("*",), "http://proxy:3128")
    written = yaml.safe_dump(migrating.kubeconfig(cluster, "tok"))
    context = kubeconfig.parse(written).context()
    assert (context.connection.server, context.connection.ca_bundle) == ("https://eu-1:6443", pem)
    assert (context.connection.proxy_url, context.connection.credential.token) == ("http://proxy:3128", "tok")
    assert context.insecure


@pytest.mark.parametrize(
    ("cluster", "reason"),
    [
        (KubeFedCluster("a", "https://a", proxy_url="socks5://p:1"), "https://"),
        (KubeFedCluster("a", "https://169.254.169.254"), "metadata"),
    ],
)
def test_what_no_kubeconfig_may_have_no_member_may(cluster: KubeFedCluster, reason: str) -> None:
    written = yaml.safe_dump(migrating.kubeconfig(cluster, "tok"))
    assert reason in kubeconfig.parse(written).context().refused


def test_a_report_changes_with_what_would_be_stored() -> None:
    line = migrating.Line("Deployment a/b", Standing.COMES)
    report = migrating.Report(resources=[line])
    assert report.digest == replace(report, clusters=[line]).digest
    assert report.digest != replace(report, resources=[]).digest
