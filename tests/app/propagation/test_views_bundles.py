"""Texts of several kinds of documents, and everything taken away and pasted again."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from propagation.models import Activity, FederatedResource, FederatedType, Revision
from tests import factories_propagation as factories
from tests.app.propagation.test_views_documents import CONFIG, GUIDE, SECRET, post
from tests.unit.propagation.test_bundles import MEMBER, PREFERENCE, WIDGET, WIDGETS

pytestmark = pytest.mark.django_db

KINDS = (*factories.EDIT, "propagation.change_federatedtype")


@pytest.fixture
def person() -> User:
    return factories.user(*KINDS)


@pytest.fixture
def editor(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def test_a_preference_goes_to_its_target_in_the_same_text(editor: Client) -> None:
    assert post(editor, f"{PREFERENCE}---{GUIDE}").status_code == 302
    resource = FederatedResource.objects.get()
    assert resource.replica_scheduling == {
        "totalReplicas": 9,
        "clusters": {"*": {"weight": 1, "maxReplicas": 5}},
    }
    assert (
        "FederatedDeployment, ReplicaSchedulingPreference"
        in post(editor, f"{PREFERENCE}---{GUIDE}", "check").content.decode()
    )


def test_a_preference_goes_to_its_stored_target(editor: Client) -> None:
    post(editor, GUIDE)
    resource = FederatedResource.objects.get()
    page = post(editor, PREFERENCE).content.decode()
    assert "changed: replica_scheduling" in page
    assert post(editor, PREFERENCE, confirmed=f"{resource.pk}:1").status_code == 302
    resource.refresh_from_db()
    assert (resource.generation, resource.replica_scheduling["totalReplicas"]) == (2, 9)
    # The workload alone says nothing about its preference.
    assert "changes nothing" in post(editor, GUIDE, "check").content.decode()


def test_a_preference_without_a_target_has_its_line(editor: Client) -> None:
    response = post(editor, PREFERENCE)
    page = response.content.decode()
    assert response.status_code == 422
    assert "line 4, column 12" in page
    assert "There is no FederatedDeployment nginx-federated in the namespace default" in page


def test_a_kind_is_added_with_its_first_workload(editor: Client) -> None:
    page = post(editor, f"{WIDGET}---{WIDGETS}", "check").content.decode()
    assert "adds this kind" in page
    assert not FederatedType.objects.filter(kind="Widget").exists()
    assert post(editor, f"{WIDGET}---{WIDGETS}").status_code == 302
    resource = FederatedResource.objects.select_related("type").get()
    assert (resource.type.name, resource.type.enabled) == ("widgets.example.com", True)
    assert Activity.objects.filter(verb=Activity.Verb.ENABLED).count() == 1


def test_a_kind_is_switched_off_and_on_once_that_was_confirmed(editor: Client) -> None:
    post(editor, WIDGETS)
    disabled = WIDGETS.replace("Enabled", "Disabled")
    assert "federates it no longer" in post(editor, disabled).content.decode()
    assert FederatedType.objects.get(kind="Widget").enabled
    assert post(editor, disabled, confirmed="widgets.example.com:False").status_code == 302
    assert not FederatedType.objects.get(kind="Widget").enabled
    assert "not a kind that is federated here" in post(editor, WIDGET).content.decode()
    assert post(editor, f"{WIDGETS}---{WIDGET}", confirmed="widgets.example.com:True").status_code == 302
    assert FederatedType.objects.get(kind="Widget").enabled


def test_the_version_of_a_known_kind_stays(editor: Client) -> None:
    post(editor, WIDGETS)
    assert (
        "the document has v2"
        in post(editor, WIDGETS.replace("version: v1,", "version: v2,"), "check").content.decode()
    )


def test_two_kinds_of_one_name_are_refused(editor: Client) -> None:
    other = WIDGETS.replace("example.com", "example.org")
    post(editor, WIDGETS)
    response = post(editor, other)
    assert response.status_code == 422
    assert "Widget is federated as widgets.example.com here" in response.content.decode()


def test_kinds_need_a_permission_of_their_own(client: Client) -> None:
    client.force_login(factories.user(*factories.EDIT))
    response = post(client, WIDGETS)
    assert response.status_code == 422
    assert "You may not change which kinds are federated" in response.content.decode()
    assert not FederatedType.objects.filter(kind="Widget").exists()


def test_what_changes_no_kind_needs_no_permission_for_kinds(client: Client, editor: Client) -> None:
    post(editor, WIDGETS)
    client.force_login(factories.user(*factories.EDIT))
    assert post(client, WIDGETS).status_code == 302


def test_a_failure_stores_neither_kinds_nor_workloads(editor: Client) -> None:
    response = post(editor, f"{WIDGETS}---{WIDGET}---{PREFERENCE}")
    assert response.status_code == 422
    assert not FederatedType.objects.filter(kind="Widget").exists()


def test_a_cluster_is_compared_and_nothing_else(editor: Client) -> None:
    page = post(editor, MEMBER, "check").content.decode()
    assert "import it first, with its kubeconfig" in page
    factories.cluster("eu-1", labels={"env": "dev", "tier": "1"})
    page = post(editor, MEMBER, "check").content.decode()
    assert "env is prod there and dev here; tier is nothing there and 1 here" in page
    assert post(editor, MEMBER).status_code == 302
    assert Cluster.objects.get().labels == {"env": "dev", "tier": "1"}


def test_options_travel_as_annotations(editor: Client) -> None:
    annotated = GUIDE.replace(
        "  namespace: default",
        "  namespace: default\n  annotations:\n"
        '    {fedconsole.io/conflict-policy: refuse, fedconsole.io/suspend-repair: "true"}',
    )
    post(editor, annotated)
    resource = FederatedResource.objects.get()
    assert (resource.conflict_policy, resource.suspend_repair, resource.annotations) == ("refuse", True, {})
    exported = editor.get(reverse("propagation:export_many")).content.decode()
    assert yaml.safe_load(exported)["metadata"]["annotations"] == {
        "fedconsole.io/conflict-policy": "refuse",
        "fedconsole.io/suspend-repair": "true",
    }


@pytest.mark.parametrize("name", ["export_everything", "export_many"])
@pytest.mark.parametrize(
    "query", [{}, {"format": "json"}, {"with": "status"}, {"format": "json", "with": "status"}]
)
def test_there_is_nothing_to_do_after_pasting_what_was_exported(
    editor: Client, name: str, query: dict[str, str]
) -> None:
    member = factories.cluster("eu-1", labels={"env": "prod"}, ca_bundle="-----BEGIN CERTIFICATE-----")
    post(editor, "---".join([GUIDE, PREFERENCE, CONFIG, SECRET, WIDGETS, WIDGET]))
    for resource in FederatedResource.objects.all():
        factories.propagation(resource, member)
    exported = editor.get(reverse(f"propagation:{name}"), query).content.decode()
    assert ("observedGeneration" in exported) == ("with" in query)
    page = post(editor, exported, "check").content.decode()
    documents = 7 if name == "export_everything" else 5
    rows = documents - 1  # a preference stands in the row of its workload
    assert f"{documents} valid documents" in page
    assert page.count("changes nothing") == rows
    assert "its labels" not in page
    assert post(editor, exported).status_code == 302
    assert not Revision.objects.filter(generation__gt=1).exists()


def test_everything_holds_no_credential(editor: Client) -> None:
    factories.cluster("eu-1", credential={"token": "very-secret"})
    exported = editor.get(reverse("propagation:export_everything"), {"with": "status"})
    (cluster,) = yaml.safe_load_all(exported.content)
    assert exported["Content-Disposition"] == 'attachment; filename="fedconsole.yaml"'
    assert cluster["spec"] == {"apiEndpoint": "https://member.example:6443"}
    assert [one["type"] for one in cluster["status"]["conditions"]] == ["Ready", "Offline"]
    assert "secret" not in exported.content.decode()


def test_a_namespace_is_exported_alone(editor: Client) -> None:
    post(editor, f"{GUIDE}---{CONFIG}")
    exported = editor.get(reverse("propagation:export_many"), {"namespace": "shop", "format": "json"})
    assert exported["Content-Type"] == "application/json"
    listed = json.loads(exported.content)
    assert (listed["kind"], [item["metadata"]["name"] for item in listed["items"]]) == ("List", ["settings"])


def test_one_is_exported_with_its_preference(editor: Client) -> None:
    post(editor, f"{GUIDE}---{PREFERENCE}")
    (resource,) = FederatedResource.objects.all()
    url = reverse("propagation:export", args=[resource.pk])
    workload, preference = yaml.safe_load_all(editor.get(url).content)
    assert "status" in workload
    assert preference["spec"]["totalReplicas"] == 9
    assert "status" not in yaml.safe_load_all(editor.get(url, {"with": "spec"}).content).__next__()


def hidden_export(client: Client, editor: Callable[[], None]) -> str:
    """What somebody exports who may only look."""
    client.force_login(factories.user(*factories.VIEW))
    exported = client.get(reverse("propagation:export_many")).content.decode()
    editor()
    assert "(hidden)" in exported
    return exported


def test_hidden_values_keep_what_is_stored(client: Client, editor: Client, person: User) -> None:
    post(editor, SECRET)
    before = FederatedResource.objects.get()
    exported = hidden_export(client, lambda: client.force_login(person))
    assert "changes nothing" in post(editor, exported, "check").content.decode()
    moved = exported.replace("type: Opaque", "type: Other")
    assert post(editor, moved, confirmed=f"{before.pk}:1").status_code == 302
    after = FederatedResource.objects.get()
    assert after.template == {**before.template, "type": "Other"}
    assert after.overrides == before.overrides


def test_hidden_values_of_nothing_are_refused(client: Client, editor: Client, person: User) -> None:
    post(editor, SECRET)
    exported = hidden_export(client, lambda: client.force_login(person))
    FederatedResource.objects.all().delete()
    response = post(editor, exported)
    assert response.status_code == 422
    assert response.content.decode().count("This value is hidden") >= 2
    assert not FederatedResource.objects.exists()


def test_the_number_of_queries_does_not_grow(editor: Client, django_assert_max_num_queries: Any) -> None:
    member = factories.cluster("eu-1")
    for _number in range(30):
        factories.propagation(factories.workload(), member)
    with django_assert_max_num_queries(12):
        assert editor.get(reverse("propagation:export_everything"), {"with": "status"}).status_code == 200


def test_the_list_offers_its_exports_in_every_form(editor: Client) -> None:
    post(editor, f"{GUIDE}---{CONFIG}")
    page = editor.get(reverse("propagation:list"), {"namespace": "shop"}).content.decode()
    links = re.findall(r'href="(/workloads/export/[^"]*)"', page)
    assert len(links) == 4
    for link in links:
        exported = editor.get(link.replace("&amp;", "&")).content.decode()
        assert "settings" in exported
        assert "nginx" not in exported
        assert ("observedGeneration" in exported) == ("with=status" in link)
        assert exported.startswith("{") == ("json" in link)
