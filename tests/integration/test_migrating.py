"""From KubeFed to this console, on real API servers: what is well in the members is not written to."""

from collections.abc import Iterator
from typing import Any

import pytest

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from propagation.domain import types
from propagation.models import FederatedResource
from tests.deadlines import until
from tests.integration import kubefed
from tests.integration.federation import Federation, Member, template
from tests.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

Object = dict[str, Any]

NAMESPACE = "inherited"
KINDS = {kind.kind: kind for kind in types.BUILT_IN}
NAMES = ("boston", "singapore")
BOTH = {"clusters": [{"name": name} for name in NAMES]}


def two_replicas_in_singapore() -> list[Object]:
    return [{"clusterName": "singapore", "clusterOverrides": [{"path": "/spec/replicas", "value": 2}]}]


def web() -> Object:
    """A Deployment with a variable, which somebody will take out later."""
    found = template("web")
    found["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODE", "value": "fast"}]
    return found


#: By kind and name. A preference writes the placement and the replicas of its target.
FEDERATED: dict[tuple[str, str], Object] = {
    ("Namespace", NAMESPACE): {"placement": BOTH},
    ("Deployment", "web"): {
        "template": web(),
        "placement": {"clusters": [*BOTH["clusters"], {"name": "ghost"}]},
        "overrides": two_replicas_in_singapore(),
    },
    ("Deployment", "shared"): {
        "template": template("shared", replicas=5),
        "placement": BOTH,
        "overrides": [
            {"clusterName": name, "clusterOverrides": [{"path": "/spec/replicas", "value": count}]}
            for name, count in zip(NAMES, (3, 1), strict=True)
        ],
    },
    ("ConfigMap", "settings"): {"template": {"data": {"mode": "fast", "more": "1"}}, "placement": BOTH},
    ("ConfigMap", "drifted"): {"template": {"data": {"mode": "fast"}}, "placement": BOTH},
}


class Old:
    """The host and its members, as KubeFed left them."""

    def __init__(self, sandbox: Fleet) -> None:
        self.host = kubefed.Host(
            sandbox[0], [KINDS[name] for name in ("Namespace", "Deployment", "ConfigMap")]
        )
        self.members = [sandbox[name] for name in NAMES]

    def build(self) -> None:
        self.host.install()
        for member in self.members:
            self.host.join(member)
        self.host.know("ghost", "https://127.0.0.1:1", self.members[0].ca, "a-token")
        for (kind, name), spec in FEDERATED.items():
            until(lambda kind=kind: self._serves(kind), 30, "The kinds are not served")
            self.host.federate(kind, NAMESPACE, name, **spec)
            for member in self.members:
                kubefed.put(member, KINDS[kind], NAMESPACE, name, spec)
        self.host.federate("ConfigMap", "nowhere", "lost", template={"data": {}}, placement=BOTH)
        self.host.prefer(NAMESPACE, "shared", totalReplicas=4, clusters={"*": {"weight": 1}})
        path = KINDS["ConfigMap"].path(NAMESPACE, "drifted")
        self.members[1].request(
            "PATCH", path, {"data": {"mode": "slow"}}, content_type="application/merge-patch+json"
        )
        until(self._settled, 60, "What KubeFed left does not come up")

    def _serves(self, kind: str) -> bool:
        listed = self.host.cluster.request("GET", "/apis/types.kubefed.io/v1beta1")
        return any(item["kind"] == f"Federated{kind}" for item in listed["resources"])

    def _settled(self) -> bool:
        path = KINDS["Deployment"].path(NAMESPACE)
        listed = [item for member in self.members for item in member.request("GET", path)["items"]]
        return len(listed) == 4 and all(
            item["status"].get("readyReplicas") == item["spec"]["replicas"]
            and any(one.get("reason") == "NewReplicaSetAvailable" for one in item["status"]["conditions"])
            for item in listed
        )

    def clear(self) -> None:
        self.host.remove()
        for member in self.members:
            kubefed.leave(member, self.host.cluster.name)
            member.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")


def versions(member: SandboxCluster) -> dict[str, str]:
    """What is there, in which version: any write changes it."""
    found = {}
    for kind, name in FEDERATED:
        item = member.request("GET", KINDS[kind].path(NAMESPACE, name))
        found[f"{kind} {name}"] = item["metadata"]["resourceVersion"]
    return found


@pytest.fixture(scope="module")
def old(sandbox: Fleet) -> Iterator[Old]:
    made = Old(sandbox)
    made.build()
    yield made
    made.clear()


@pytest.fixture(scope="module")
def federation(live_stack: Stack, sandbox: Fleet) -> Federation:
    found = Federation(live_stack, sandbox)
    for member in found.members:
        member.release()
    return found


def migrate(federation: Federation, old: Old, *options: str) -> str:
    return federation.stack.manage(
        "migratekubefed", "--kubeconfig", str(old.host.cluster.kubeconfig_path), *options
    )


def standings(report: str) -> dict[str, str]:
    """The first words of the report's lines by what they are about."""
    words = ("Does not come", "Unreachable", "Differs", "Joining", "Comes", "Is here")
    found = {}
    for line in report.splitlines():
        word = next((one for one in words if line.strip().startswith(one)), "")
        if word:
            found[line.strip().removeprefix(word).strip().partition("  ")[0]] = word
    return found


@pytest.fixture(scope="module")
def before(federation: Federation, old: Old) -> dict[str, dict[str, str]]:
    """What the members held before the console knew of them."""
    return {member.name: versions(member) for member in old.members}


def test_the_report_tells_what_comes_and_what_does_not(
    federation: Federation, old: Old, before: dict[str, dict[str, str]]
) -> None:
    report = migrate(federation, old, "--dry-run")
    assert standings(report) == {
        "boston": "Comes",
        "singapore": "Comes",
        "ghost": "Unreachable",
        "namespaces": "Is here",
        "deployments.apps": "Is here",
        "configmaps": "Is here",
        f"Namespace {NAMESPACE}": "Comes",
        f"Deployment {NAMESPACE}/web": "Comes",
        f"Deployment {NAMESPACE}/shared": "Comes",
        f"ConfigMap {NAMESPACE}/settings": "Comes",
        f"ConfigMap {NAMESPACE}/drifted": "Comes",
        "ConfigMap nowhere/lost": "Does not come",
    }
    assert "Check the port" in report
    assert {member.name: versions(member) for member in old.members} == before


def resource(federation: Federation, kind: str, name: str) -> FederatedResource:
    with federation.stack.database():
        return FederatedResource.objects.select_related("type").get(type__kind=kind, name=name)


def live(member: SandboxCluster, kind: str, name: str) -> Object:
    found: Object = member.request("GET", KINDS[kind].path(NAMESPACE, name))
    return found


@pytest.fixture(scope="module")
def imported(
    federation: Federation, old: Old, before: dict[str, dict[str, str]]
) -> dict[str, FederatedResource]:
    """The same federated objects here."""
    migrate(federation, old)
    return {f"{kind} {name}": resource(federation, kind, name) for kind, name in FEDERATED}


def test_nothing_is_written_where_nothing_differs(
    federation: Federation,
    old: Old,
    before: dict[str, dict[str, str]],
    imported: dict[str, FederatedResource],
) -> None:
    federation.wait_settled(*imported.values(), clusters=2)
    after = {member.name: versions(member) for member in old.members}
    assert after["boston"] == before["boston"]
    changed = {name for name in after["singapore"] if after["singapore"][name] != before["singapore"][name]}
    assert changed == {"ConfigMap drifted"}
    assert live(old.members[1], "ConfigMap", "drifted")["data"] == {"mode": "fast"}
    rows = federation.rows(imported["Deployment web"])
    assert [(row.delivery, row.ready_replicas) for row in rows] == [("Applied", 1), ("Applied", 2)]
    assert [row.replicas for row in federation.rows(imported["Deployment shared"])] == [3, 1]


def test_what_is_taken_over_is_still_watched(
    federation: Federation, old: Old, imported: dict[str, FederatedResource]
) -> None:
    federation.wait_settled(*imported.values(), clusters=2)
    path = KINDS["ConfigMap"].path(NAMESPACE, "settings")
    patch = {"data": {"mode": "slow"}}

    def repaired() -> bool:
        return bool(live(old.members[0], "ConfigMap", "settings")["data"]["mode"] == "fast")

    old.members[0].request("PATCH", path, patch, content_type="application/merge-patch+json")
    federation.wait_for(repaired, "The change was not repaired")
    labels = live(old.members[0], "ConfigMap", "settings")["metadata"]["labels"]
    assert labels.get(MANAGED) == "true"
    assert KUBEFED_MANAGED in live(old.members[1], "ConfigMap", "settings")["metadata"]["labels"]


def test_the_first_change_hands_it_over(
    federation: Federation, old: Old, imported: dict[str, FederatedResource]
) -> None:
    """What is taken out of the template goes from the members, although KubeFed had put it there."""
    federation.wait_settled(*imported.values(), clusters=2)
    federation.edit(imported["Deployment web"], template=template("web", image="nginx:1.28"))

    def handed_over(member: SandboxCluster) -> bool:
        found = live(member, "Deployment", "web")
        container = found["spec"]["template"]["spec"]["containers"][0]
        labels = found["metadata"]["labels"]
        ours = MANAGED in labels and KUBEFED_MANAGED not in labels
        return container["image"] == "nginx:1.28" and "env" not in container and ours

    federation.wait_for(lambda: all(map(handed_over, old.members)), "The change did not arrive as a whole")
    federation.wait_settled(imported["Deployment web"], clusters=2)


def test_deleting_it_here_removes_it_there(
    federation: Federation, old: Old, imported: dict[str, FederatedResource]
) -> None:
    federation.wait_settled(imported["Deployment shared"], clusters=2)
    federation.delete(imported["Deployment shared"])
    members = [Member(member) for member in old.members]
    federation.wait_for(
        lambda: all(one.deployment("shared", NAMESPACE) is None for one in members), "It stays"
    )
    federation.wait_for(lambda: not federation.exists(imported["Deployment shared"]))


def test_a_second_run_finds_everything_here(
    federation: Federation, old: Old, imported: dict[str, FederatedResource]
) -> None:
    found = standings(migrate(federation, old, "--dry-run"))
    assert (found["boston"], found["singapore"]) == ("Is here", "Is here")
    assert found[f"ConfigMap {NAMESPACE}/settings"] == "Is here"
    assert found[f"Deployment {NAMESPACE}/web"] == "Differs"
