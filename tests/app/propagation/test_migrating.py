"""Migrating from KubeFed by the page and the shell, from a server that answers like a host."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from propagation import migrating
from propagation.domain import type_configs, types
from propagation.models import Activity, FederatedResource, Revision
from tests import factories as cluster_factories
from tests import factories_propagation as factories
from tests.app.propagation.members import Stub, status, stub
from tests.unit.propagation.test_bundles import PREFERENCE
from tests.unit.propagation.test_manifests import GUIDE, from_a_server

pytestmark = pytest.mark.django_db

Object = dict[str, Any]

SYSTEM = "kube-federation-system"
CORE = f"/apis/core.kubefed.io/v1beta1/namespaces/{SYSTEM}"
TYPES = "/apis/types.kubefed.io/v1beta1"
PREFERENCES = "/apis/scheduling.kubefed.io/v1alpha1/replicaschedulingpreferences"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
RIGHTS = (
    *factories.EDIT,
    "clusters.add_cluster",
    "propagation.change_federatedtype",
)
URL = "/migrate/"


def listed(*items: Object) -> Object:
    return {"metadata": {"resourceVersion": "1"}, "items": [from_a_server(item) for item in items]}


def kubefed_cluster(name: str, server: str, **labels: str) -> Object:
    return {
        "metadata": {"name": name, "namespace": SYSTEM, "labels": labels},
        "spec": {"apiEndpoint": server, "secretRef": {"name": f"{name}-secret"}},
    }


@pytest.fixture
def member() -> Iterator[Stub]:
    """A member that can be reached with KubeFed's token."""
    with stub() as made:
        made.there = {
            REVIEWS: {"status": {}},
            "/version": {"gitVersion": "v1.33.1"},
            "/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": "uid-1"}},
        }
        yield made


@pytest.fixture
def host(member: Stub) -> Iterator[Stub]:
    """A host with one member and one federated Deployment with a preference."""
    kinds = [
        type_configs.document(type_configs.of(kind)) for kind in types.BUILT_IN if kind.kind == "Deployment"
    ]
    secret = {"data": {"token": base64.b64encode(b"kubefeds-token").decode()}}
    with stub() as made:
        made.there = {
            f"{CORE}/kubefedclusters": listed(kubefed_cluster("member-cluster", member.url, env="prod")),
            f"/api/v1/namespaces/{SYSTEM}/secrets/member-cluster-secret": secret,
            f"{CORE}/federatedtypeconfigs": listed(*kinds),
            f"{TYPES}/federateddeployments": listed(yaml.safe_load(GUIDE)),
            PREFERENCES: listed(yaml.safe_load(PREFERENCE)),
        }
        yield made


@pytest.fixture
def person(client: Client) -> Client:
    client.force_login(factories.user(*RIGHTS))
    return client


def post(client: Client, server: str, action: str = "look", **fields: Any) -> Any:
    data = {
        "kubeconfig": cluster_factories.kubeconfig(server),
        "context": "first",
        "namespace": SYSTEM,
        "preset": "deploy",
        "action": action,
        **fields,
    }
    return client.post(URL, data)


def seen(response: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', response.content.decode())
    assert found
    return found[1]


def words(response: Any) -> str:
    """The text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_kubeconfig_is_read_first(person: Client) -> None:
    page = person.post(URL, {"kubeconfig": cluster_factories.kubeconfig(), "read": "1"}).content.decode()
    assert 'value="first"' in page
    assert "Show what would come" in page
    assert "tok-secret-1" not in page


def test_the_report_tells_what_comes(person: Client, host: Stub) -> None:
    response = post(person, host.url)
    page = words(response)
    assert response.status_code == 200
    assert "member-cluster Comes" in page
    assert "Deployment default/nginx-federated Comes" in page
    assert "Join 1 cluster" in page
    assert "kubefeds-token" not in response.content.decode()
    assert not Cluster.objects.exists()
    assert not FederatedResource.objects.exists()


def test_clusters_are_joined_first(person: Client, host: Stub) -> None:
    response = post(person, host.url, "join")
    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.labels, cluster.preset) == ("member-cluster", {"env": "prod"}, "deploy")
    assert cluster.credential == {"token": "kubefeds-token", "client_certificate": "", "client_key": ""}
    assert "1 cluster is being joined" in words(response)
    assert "member-cluster Joining" in words(response)


def test_everything_is_stored_with_its_preference(person: Client, host: Stub) -> None:
    response = post(person, host.url, "import", seen=seen(post(person, host.url)))
    assert response["Location"] == reverse("propagation:list")
    resource = FederatedResource.objects.get()
    assert resource.adopt_in_place
    assert resource.replica_scheduling["totalReplicas"] == 9
    assert Activity.objects.get().verb == Activity.Verb.IMPORTED
    assert Revision.objects.get().note == "Imported from KubeFed."
    again = post(person, host.url)
    assert "Deployment default/nginx-federated Is here" in words(again)
    assert post(person, host.url, "import", seen=seen(again)).status_code == 302
    assert FederatedResource.objects.get().generation == 1


def test_what_was_not_seen_is_not_stored(person: Client, host: Stub) -> None:
    before = seen(post(person, host.url))
    host.there[f"{TYPES}/federateddeployments"] = listed()
    response = post(person, host.url, "import", seen=before)
    assert response.status_code == 409
    assert "has changed since this report" in words(response)
    assert not FederatedResource.objects.exists()


def test_what_differs_stays_unless_it_is_to_be_overwritten(person: Client, host: Stub) -> None:
    mine = factories.workload("nginx-federated")
    response = post(person, host.url)
    assert "Deployment default/nginx-federated Differs It differs in: template" in words(response)
    assert post(person, host.url, "import", seen=seen(response)).status_code == 302
    mine.refresh_from_db()
    assert mine.generation == 1
    assert post(person, host.url, "import", seen=seen(response), overwrite="on").status_code == 302
    mine.refresh_from_db()
    assert mine.generation == 2
    assert mine.placement == {"clusters": [{"name": "member-cluster"}]}


def test_a_member_that_is_here_keeps_its_name(person: Client, host: Stub) -> None:
    factories.cluster("eu-1", uid="uid-1", labels={"env": "dev"})
    response = post(person, host.url)
    assert "It is here as eu-1" in words(response)
    assert "env is prod there and dev here" in words(response)
    post(person, host.url, "import", seen=seen(response))
    assert FederatedResource.objects.get().placement == {"clusters": [{"name": "eu-1"}]}


def test_another_cluster_of_the_name_blocks_the_import(person: Client, host: Stub) -> None:
    factories.cluster("member-cluster", uid="another")
    response = post(person, host.url)
    assert "Other clusters bear these names here" in words(response)
    assert post(person, host.url, "import", seen=seen(response)).status_code == 409
    assert not FederatedResource.objects.exists()


def test_a_member_that_cannot_be_reached_is_diagnosed(person: Client, host: Stub) -> None:
    host.there[f"{CORE}/kubefedclusters"] = listed(kubefed_cluster("member-cluster", "http://127.0.0.1:1"))
    page = words(post(person, host.url))
    assert "member-cluster Unreachable" in page
    assert "Check the port" in page
    assert "Join 1 cluster" not in page


def test_a_member_without_its_secret_does_not_come(person: Client, host: Stub) -> None:
    del host.there[f"/api/v1/namespaces/{SYSTEM}/secrets/member-cluster-secret"]
    page = words(post(person, host.url))
    assert "member-cluster Does not come Its Secret member-cluster-secret holds no token" in page


def test_a_host_that_cannot_be_reached_says_why(person: Client) -> None:
    response = post(person, "http://127.0.0.1:1")
    assert response.status_code == 422
    assert "Check the port" in words(response)


def test_a_host_that_refuses_says_what(person: Client, host: Stub) -> None:
    host.answers["GET"] = [(403, status("Forbidden", "kubefedclusters is forbidden: User x cannot list"))]
    response = post(person, host.url)
    assert response.status_code == 422
    assert "User x cannot list" in words(response)


def test_a_cluster_that_is_no_host_says_so(person: Client) -> None:
    with stub() as made:
        made.answers["GET"] = [(404, status("NotFound", "the server could not find the requested resource"))]
        response = post(person, made.url)
    assert response.status_code == 422
    assert "not the host of a KubeFed control plane" in words(response)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kubeconfig": "nonsense"}, "kubeconfig is one YAML document"),
        ({"context": "program"}, "runs a program"),
        ({"namespace": "A B"}, "The name of a namespace"),
        ({"preset": "everything"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_refused(person: Client, fields: Object, message: str) -> None:
    response = post(person, "http://127.0.0.1:1", **fields)
    assert response.status_code == 422
    assert message in words(response)


def test_sends_strangers_to_the_login(client: Client) -> None:
    assert client.get(URL)["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("missing", RIGHTS[2:4] + RIGHTS[5:])
def test_needs_every_right(client: Client, missing: str) -> None:
    client.force_login(factories.user(*(one for one in RIGHTS if one != missing)))
    assert client.get(URL).status_code == 403
    assert client.post(URL).status_code == 403


def test_shows_the_page(person: Client) -> None:
    assert person.get(URL).status_code == 200
    assert person.put(URL).status_code == 405


@pytest.fixture
def kubeconfig(host: Stub, tmp_path: Path) -> str:
    path = tmp_path / "config"
    path.write_text(cluster_factories.kubeconfig(host.url))
    return str(path)


def test_the_shell_tells_without_doing(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migratekubefed", "--kubeconfig", kubeconfig, "--context", "first", "--dry-run")
    told = capsys.readouterr().out
    assert re.search(r"Comes +Deployment default/nginx-federated", told)
    assert re.search(r"Comes +member-cluster", told)
    assert not Cluster.objects.exists()


def test_the_shell_imports(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    factories.cluster("member-cluster", uid="uid-1")
    call_command("migratekubefed", "--kubeconfig", kubeconfig)
    assert "1 workloads were imported" in capsys.readouterr().out
    assert FederatedResource.objects.get().adopt_in_place


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--context", "program"], "runs a program"),
        (["--kubeconfig", "/nowhere"], "Cannot read"),
    ],
)
def test_the_shell_says_what_is_wrong(kubeconfig: str, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("migratekubefed", "--kubeconfig", kubeconfig, *arguments)


def test_no_credential_is_shown_by_accident(host: Stub, person: Client) -> None:
    from clusters import joining

    connection = joining.chosen(cluster_factories.kubeconfig(host.url), "first", insecure=False)
    migration = migrating.examine(connection, SYSTEM)
    assert "kubefeds-token" not in repr(migration)
