"""Federate what exists: choose, look, store; and what is refused."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client, override_settings
from django.urls import reverse

from clusters.models import Cluster, Phase
from propagation import federating
from propagation.models import Activity, FederatedResource, FederatedType, NamespaceScope, Revision
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

URL = "/workloads/federate/"
MAY = ("propagation.add_federatedresource", *factories.VIEW)

PASSWORD = "aHVudGVyMg=="

Objects = dict[str, list[dict[str, Any]]]


def live(name: str, **values: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-of-{name}", "labels": {"app": "shop"}}
    return {"metadata": metadata | values.pop("metadata", {}), **values}


def shop() -> Objects:
    """What the namespace holds, by the plural of the kind."""
    return {
        "configmaps": [live("settings", data={"mode": "fast"}), live("kube-root-ca.crt", data={"ca": "x"})],
        "secrets": [live("keys", type="Opaque", data={"password": PASSWORD})],
        "deployments": [live("web", spec=factories.template("web")["spec"], status={"replicas": 2})],
        "replicasets": [live("web-7f", metadata={"ownerReferences": [{"kind": "Deployment"}]})],
        "services": [live("web", spec={"clusterIP": "10.0.0.7", "ports": [{"port": 80}]})],
    }


class Member:
    """An API server with one namespace; ``failing`` plurals answer with a status of their own."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.failing: dict[str, int] = {}
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        plural = path.rpartition("/")[2]
        self.asked.append(plural)
        if plural in self.failing:
            return self.failing[plural], {"kind": "Status", "message": f"{plural} is forbidden"}
        if path == "/api/v1/namespaces":
            return 200, {"items": [{"metadata": {"name": name}} for name in ("shop", "kube-system")]}
        if path == "/api/v1/namespaces/shop":
            return 200, {"metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}}}
        if not path.endswith(f"/namespaces/shop/{plural}"):
            return 404, {"kind": "Status", "details": {"kind": "namespaces", "name": plural}}
        return self._page(self.objects.get(plural, []), query)

    def _page(self, items: list[dict[str, Any]], query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        more = str(start + limit) if len(items) > start + limit else ""
        return 200, {"metadata": {"continue": more}, "items": items[start : start + limit]}


@contextmanager
def serving(member: Member) -> Iterator[Member]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = member.answer(parts.path, parse_qs(parts.query))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # all kinds are asked for at once

    server = Server(("127.0.0.1", 0), Handler)
    member.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield member
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def member() -> Iterator[Member]:
    with serving(Member(shop())) as one:
        yield one


@pytest.fixture
def boston(member: Member) -> Cluster:
    return factories.cluster("boston", server=member.url, labels={"env": "prod"})


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(factories.user(*MAY, "propagation.change_federatedresource", name="olga"))
    return client


def choose(client: Client, **values: Any) -> Any:
    return client.get(URL, {"cluster": "boston", "namespace": "shop", **values})


def post(client: Client, *objects: str, action: str = "preview", **values: Any) -> Any:
    base = {"cluster": "boston", "namespace": "shop", "where": "all", "objects": objects, "action": action}
    return client.post(URL, base | values)


def seal_of(response: Any) -> str:
    seal: str = response.context["seal"]
    return seal


def federate(client: Client, *objects: str, **values: Any) -> Any:
    seal = seal_of(post(client, *objects, **values))
    return post(client, *objects, action="save", seal=seal, **values)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


ALL = ("configmaps/settings", "secrets/keys", "deployments.apps/web", "services/web")


# Choosing


def test_asks_for_a_cluster_then_for_a_namespace(operator: Client, boston: Cluster, member: Member) -> None:
    factories.cluster("leaving", phase=Phase.DETACHING)
    page = text(operator.get(URL))
    assert '<option value="boston">' in page
    assert "leaving" not in page
    assert not member.asked
    page = text(operator.get(URL, {"cluster": "boston"}))
    assert '<option value="shop">' in page
    assert "kube-system" not in page


def test_without_clusters_it_leads_to_importing_one(operator: Client, client: Client) -> None:
    assert "No cluster has joined yet" in text(operator.get(URL))


def test_everything_that_can_is_ticked_and_the_rest_has_its_reason(operator: Client, boston: Cluster) -> None:
    response = choose(operator)
    assert set(response.context["form"].ticked) == set(ALL)
    page = text(response)
    for reason in ("Every cluster makes one of its own.", "A controller made it"):
        assert reason in page
    assert 'value="configmaps/kube-root-ca.crt"' not in page
    assert PASSWORD not in page


def test_the_namespace_itself_is_offered_and_needed_only_by_the_strict_rule(
    operator: Client, boston: Cluster
) -> None:
    assert 'value="namespaces/shop"' in text(choose(operator))
    with override_settings(STRICT_NAMESPACES=True):
        assert "namespaces/shop" in choose(operator).context["form"].ticked


def test_what_is_there_already_leads_to_it(operator: Client, boston: Cluster) -> None:
    kind = FederatedType.objects.get(name="configmaps")
    resource = factories.workload("settings", type=kind, namespace="shop", template={})
    page = text(choose(operator))
    assert "There is a federated object of this kind, namespace and name already." in page
    assert f'href="{resource.get_absolute_url()}"' in page
    assert 'value="configmaps/settings"' not in page


def test_disabled_kinds_are_not_read(operator: Client, boston: Cluster, member: Member) -> None:
    FederatedType.objects.filter(name="secrets").update(enabled=False)
    assert "secrets/keys" not in text(choose(operator))
    assert "secrets" not in member.asked


def test_a_kind_that_cannot_be_read_is_told_and_hides_no_other(
    operator: Client, boston: Cluster, member: Member
) -> None:
    member.failing = {"secrets": 403, "services": 500}
    page = text(choose(operator))
    assert "<strong>Secret</strong> secrets is forbidden" in page
    assert "<strong>Service</strong>" in page
    assert 'value="deployments.apps/web"' in page


def test_a_kind_in_another_version_is_told(operator: Client, boston: Cluster) -> None:
    boston.api_resources = ["apps/v1beta2/deployments", "v1/configmaps"]
    boston.save()
    page = text(choose(operator))
    assert "It is served as v1beta2, and federated as v1." in page
    assert 'value="configmaps/settings"' in page
    assert 'value="services/web"' not in page


def test_long_lists_are_read_page_by_page_and_cut(operator: Client, boston: Cluster, member: Member) -> None:
    member.objects["configmaps"] = [live(f"settings-{number:04}") for number in range(1_200)]
    response = choose(operator)
    assert member.asked.count("configmaps") == 3
    assert len(response.context["form"].shown) == 500
    assert "more are shown once these are federated" in text(response)
    member.objects["configmaps"] *= 2
    page = text(choose(operator))
    assert f"There are more than {federating.PER_KIND:,}; these are the first." in page


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cluster": "nowhere"}, "There is no such cluster that has joined."),
        ({"namespace": "nowhere"}, "There is no such namespace."),
        ({"namespace": "kube-system"}, "Every cluster has a namespace of this name for itself."),
        ({"namespace": "x" * 64}, "at most 63 characters"),
        ({"namespace": "\x00"}, "Null characters are not allowed."),
        ({"namespace": "../.."}, "There is no such namespace."),
    ],
)
def test_nonsense_is_refused(operator: Client, boston: Cluster, values: dict[str, str], message: str) -> None:
    response = choose(operator, **values)
    assert response.status_code == 200
    assert message in text(response)
    response = post(operator, "configmaps/settings", **values)
    assert response.status_code == 422
    assert message in text(response)


def test_a_dead_cluster_is_told(operator: Client) -> None:
    factories.cluster("boston", server="http://127.0.0.1:1")
    page = text(choose(operator))
    assert "ConnectionRefused" in page


# Looking


def test_the_preview_has_the_documents_as_they_would_be_stored(operator: Client, boston: Cluster) -> None:
    page = text(post(operator, *ALL))
    for part in ("kind: FederatedDeployment", "kind: FederatedService", "clusterSelector: {}", "(hidden)"):
        assert part in page
    for part in ("uid-of", "10.0.0.7", "status:", PASSWORD):
        assert part not in page
    assert not FederatedResource.objects.exists()


def test_the_values_of_secrets_are_not_shown_and_stored_all_the_same(client: Client, boston: Cluster) -> None:
    client.force_login(factories.user(*MAY))
    page = text(post(client, "secrets/keys"))
    assert "(hidden)" in page
    assert PASSWORD not in page
    assert federate(client, "secrets/keys").status_code == 302
    assert FederatedResource.objects.get().template["data"] == {"password": PASSWORD}


@pytest.mark.parametrize(
    ("where", "placement"),
    [
        ("all", {"clusterSelector": {}}),
        ("only", {"clusters": [{"name": "boston"}]}),
        ("labels", {"clusterSelector": {"matchLabels": {"env": "prod"}}}),
    ],
)
def test_where_they_go(operator: Client, boston: Cluster, where: str, placement: dict[str, Any]) -> None:
    assert federate(operator, "configmaps/settings", where=where).status_code == 302
    assert FederatedResource.objects.get().placement == placement


def test_a_cluster_without_labels_offers_none(operator: Client, boston: Cluster) -> None:
    Cluster.objects.update(labels={})
    assert "Clusters with all labels" not in text(choose(operator))
    assert post(operator, "configmaps/settings", where="labels").status_code == 422


@pytest.mark.parametrize("objects", [[], ["configmaps/kube-root-ca.crt"], ["x"], ["configmaps/gone"]])
def test_only_what_can_be_is_chosen(operator: Client, boston: Cluster, objects: list[str]) -> None:
    response = post(operator, *objects)
    assert response.status_code == 422
    assert 'role="alert"' in text(response)


def test_goes_back_with_what_was_ticked(operator: Client, boston: Cluster) -> None:
    response = post(operator, "configmaps/settings", action="choose", where="only")
    assert response.context["form"].ticked == ["configmaps/settings"]
    assert response.context["form"]["where"].value() == "only"


def test_the_clusters_can_be_asked_what_would_happen(operator: Client, boston: Cluster) -> None:
    response = post(operator, "configmaps/settings", action="ask", seal="old")
    assert response.status_code == 200
    fields = response.context["fields"]
    assert [value for name, value in fields if name == "seal"] != ["old"]
    assert operator.post(URL, dict(fields) | {"action": "save"}).status_code == 302


# Storing


def test_stores_everything_at_once_and_tells_of_it(operator: Client, boston: Cluster) -> None:
    response = federate(operator, *ALL)
    assert response["Location"] == reverse("propagation:list")
    found = FederatedResource.objects.select_related("type")
    assert {f"{one.type.name}/{one.name}" for one in found} == set(ALL)
    assert {one.namespace for one in found} == {"shop"}
    assert found.get(type__name="services").template["spec"] == {"ports": [{"port": 80}]}
    assert {line.verb for line in Activity.objects.all()} == {"imported"}
    assert {line.note for line in Revision.objects.all()} == {"Federated from boston."}


def test_what_an_autoscaler_scales_keeps_its_number(
    operator: Client, boston: Cluster, member: Member
) -> None:
    scaler = live("web", spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}})
    member.objects["horizontalpodautoscalers"] = [scaler]
    federate(operator, "deployments.apps/web", "configmaps/settings")
    assert set(FederatedResource.objects.values_list("type__name", "retain_replicas")) == {
        ("deployments.apps", True),
        ("configmaps", False),
    }


def test_what_changed_since_it_was_shown_is_shown_again(
    operator: Client, boston: Cluster, member: Member
) -> None:
    seal = seal_of(post(operator, "configmaps/settings"))
    member.objects["configmaps"][0]["data"]["mode"] = "slow"
    response = post(operator, "configmaps/settings", action="save", seal=seal)
    assert response.status_code == 409
    assert "mode: slow" in text(response)
    assert not FederatedResource.objects.exists()
    assert post(operator, "configmaps/settings", action="save", seal=seal_of(response)).status_code == 302


@pytest.mark.parametrize("seal", ["", "x", "é"])
def test_nothing_is_stored_that_was_not_shown(operator: Client, boston: Cluster, seal: str) -> None:
    response = post(operator, "configmaps/settings", action="save", seal=seal)
    assert response.status_code == 409
    assert not FederatedResource.objects.exists()


def test_a_name_that_was_taken_meanwhile_is_named(operator: Client, boston: Cluster) -> None:
    seal = seal_of(post(operator, *ALL))
    kind = FederatedType.objects.get(name="configmaps")
    factories.workload("settings", type=kind, namespace="shop", template={})
    response = post(operator, *ALL, action="save", seal=seal)
    assert response.status_code == 422
    assert "configmaps/settings is not there any more, or cannot be federated any more." in text(response)
    assert FederatedResource.objects.count() == 1


def test_takes_few_queries_whatever_the_number(
    operator: Client, boston: Cluster, member: Member, django_assert_max_num_queries: Any
) -> None:
    member.objects["configmaps"] = [live(f"settings-{number}") for number in range(100)]
    for number in range(5):
        factories.cluster(f"other-{number}")
    objects = [f"configmaps/settings-{number}" for number in range(100)]
    with django_assert_max_num_queries(12):
        assert post(operator, *objects).status_code == 200


# Ways in, and who may


def test_the_list_leads_there(operator: Client) -> None:
    assert text(operator.get(reverse("propagation:list"))).count(f'href="{URL}"') == 2
    factories.workload()
    assert text(operator.get(reverse("propagation:list"))).count(f'href="{URL}"') == 1


def test_the_list_leads_viewers_nowhere(client: Client) -> None:
    client.force_login(factories.user(*factories.VIEW))
    assert URL not in text(client.get(reverse("propagation:list")))


def test_sends_strangers_to_the_login(client: Client) -> None:
    assert client.get(URL)["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("missing", MAY)
def test_refuses_people_without_permission(client: Client, missing: str) -> None:
    client.force_login(factories.user(*(set(MAY) - {missing})))
    assert client.get(URL).status_code == 403
    assert client.post(URL).status_code == 403


def test_people_who_are_limited_to_namespaces_see_no_others(
    client: Client, boston: Cluster, member: Member
) -> None:
    person = factories.user(*MAY)
    group = Group.objects.create(name="bank")
    NamespaceScope.objects.create(group=group, namespaces=["bank"])
    person.groups.add(group)
    client.force_login(person)
    assert '<option value="shop">' not in text(client.get(URL, {"cluster": "boston"}))
    member.asked.clear()
    assert "The namespace shop is not open to you here" in text(choose(client))
    assert post(client, "configmaps/settings").status_code == 422
    assert not member.asked
    NamespaceScope.objects.update(namespaces=["shop"])
    assert federate(client, "configmaps/settings", "namespaces/shop").status_code == 302


def test_refuses_other_methods(operator: Client) -> None:
    assert operator.put(URL).status_code == 405
