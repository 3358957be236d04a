"""Kinds: where they are served, adding what members serve, switching on and off."""

from typing import Any

import pytest
from celery.signals import before_task_publish
from django.contrib.auth.models import Group
from django.test import Client, override_settings
from django.urls import reverse

from clusters.domain import served
from clusters.domain.references import ResourceType
from clusters.models import Phase, Preset
from propagation.models import Activity, FederatedType, NamespaceScope, Propagation
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

VIEW = ("propagation.view_federatedtype", "clusters.view_cluster")
CHANGE = (*VIEW, "propagation.change_federatedtype")
WIDGET = ResourceType("example.com", "v1", "Widget", "widgets", namespaced=True)
GADGET = ResourceType("example.com", "v1beta1", "Gadget", "gadgets", namespaced=False)
OTHER_SERVICE = ResourceType("serving.example.com", "v1", "Service", "services", namespaced=True)

LIST, DISCOVER = "/types/", "/types/discover/"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*VIEW))
    return client


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(factories.user(*CHANGE, name="ada"))
    return client


def serving(name: str, *types: ResourceType, **values: Any) -> None:
    texts = [served.write(kind, served.KEEPING) for kind in types]
    factories.cluster(name, **{"api_resources": texts, "preset": Preset.ADMIN, **values})


def feed() -> list[tuple[str, str, str]]:
    lines = Activity.objects.select_related("actor")
    return [(line.actor.username if line.actor else "", line.verb, line.subject) for line in lines]


def switch(name: str, pk: int) -> str:
    return reverse(f"propagation:{name}_type", args=[pk])


def deployments() -> FederatedType:
    return factories.deployment_type()


def page(client: Client, url: str = LIST) -> str:
    return " ".join(client.get(url).content.decode().split())


# What there is


def test_a_kind_says_where_it_is_served_and_where_not(viewer: Client) -> None:
    FederatedType.objects.exclude(name="cronjobs.batch").delete()
    serving("amsterdam", ResourceType("batch", "v1", "CronJob", "cronjobs", namespaced=True))
    serving("boston", ResourceType("batch", "v1beta1", "CronJob", "cronjobs", namespaced=True))
    serving("lima", WIDGET)
    serving("tokyo")
    serving("left", WIDGET, phase=Phase.DETACHING)
    text = page(viewer)
    assert "2 of 4" in text
    for exception in ("as v1beta1 in boston", "not in lima", "not known yet of tokyo"):
        assert exception in text


def test_long_lists_of_clusters_are_cut(viewer: Client) -> None:
    FederatedType.objects.exclude(name="cronjobs.batch").delete()
    for number in range(8):
        serving(f"member-{number}", WIDGET)
    assert "not in member-0, member-1, member-2, member-3, member-4 and 3 more" in page(viewer)


def test_resources_are_counted_and_found(client: Client) -> None:
    client.force_login(factories.user(*VIEW, *factories.VIEW))
    factories.workload()
    factories.workload()
    assert '<a href="/workloads/?kind=Deployment">2</a>' in page(client)


def test_viewers_see_no_switches(viewer: Client) -> None:
    text = page(viewer)
    assert switch("disable", deployments().pk) not in text
    assert DISCOVER not in text
    assert f'href="{LIST}"' in text


def test_the_navigation_leads_there_only_for_those_who_may_look(client: Client) -> None:
    client.force_login(factories.user(*factories.VIEW))
    assert f'href="{LIST}"' not in page(client, "/workloads/")


@pytest.mark.parametrize("size", [1, 12])
@pytest.mark.parametrize("url", [LIST, DISCOVER])
def test_takes_few_queries_whatever_the_size(
    administrator: Client, django_assert_max_num_queries: Any, url: str, size: int
) -> None:
    for number in range(size):
        kind = ResourceType("example.com", "v1", f"Kind{number}", f"kinds{number}", namespaced=True)
        serving(f"member-{number}", kind, WIDGET)
    with django_assert_max_num_queries(8):
        administrator.get(url)


# Adding


def test_custom_resources_are_found_and_added(administrator: Client) -> None:
    serving("amsterdam", WIDGET, GADGET)
    serving("boston", WIDGET)
    text = page(administrator, DISCOVER)
    assert "Widget" in text
    assert "2 of 2" in text
    assert "1 of 2" in text
    response = administrator.post(DISCOVER, {"kinds": ["widgets.example.com", "gadgets.example.com"]})
    assert response["Location"] == LIST
    widget = FederatedType.objects.get(name="widgets.example.com")
    assert widget.enabled
    assert widget.resource_type == WIDGET
    assert not FederatedType.objects.get(name="gadgets.example.com").namespaced
    assert ("ada", "enabled", "Widget") in feed()
    assert "No other kind was found" in page(administrator, DISCOVER)


@pytest.mark.parametrize("chosen", [[], ["pods"], ["widgets.example.com", "x"]])
def test_only_what_was_found_is_added(administrator: Client, chosen: list[str]) -> None:
    serving("amsterdam", WIDGET)
    response = administrator.post(DISCOVER, {"kinds": chosen})
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not FederatedType.objects.filter(name="widgets.example.com").exists()


def test_a_kind_whose_name_is_taken_cannot_be_added(administrator: Client) -> None:
    serving("amsterdam", OTHER_SERVICE)
    assert "FederatedService means services already" in page(administrator, DISCOVER)
    response = administrator.post(DISCOVER, {"kinds": [OTHER_SERVICE.name]})
    assert response.status_code == 422


def test_custom_resources_come_first(administrator: Client) -> None:
    quota = ResourceType("", "v1", "ResourceQuota", "resourcequotas", namespaced=True)
    sets = ResourceType("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", namespaced=False)
    serving("amsterdam", quota, sets, WIDGET)
    rows = administrator.get(DISCOVER).context["discovery"].rows
    assert [row.found.type.kind for row in rows] == ["Widget", "DeviceClass", "ResourceQuota"]


def test_finding_can_be_narrowed(administrator: Client) -> None:
    serving("amsterdam", WIDGET, GADGET)
    text = page(administrator, f"{DISCOVER}?q=wIdg")
    assert "widgets.example.com" in text
    assert "gadgets.example.com" not in text
    assert "No other kind matches" in page(administrator, f"{DISCOVER}?q=nothing")


def test_tells_where_the_console_has_no_right_to_more_kinds(administrator: Client) -> None:
    serving("amsterdam", WIDGET)
    serving("boston", WIDGET, preset=Preset.DEPLOY)
    assert "The role of the console in boston covers" in page(administrator, DISCOVER)


def test_tells_of_clusters_that_are_not_known_yet(administrator: Client) -> None:
    serving("amsterdam")
    assert "What 1 cluster serves is not known yet." in page(administrator, DISCOVER)


# Switching


def test_a_kind_without_resources_is_switched_off_at_once_and_on_again(administrator: Client) -> None:
    kind = deployments()
    assert administrator.post(switch("disable", kind.pk))["Location"] == LIST
    kind.refresh_from_db()
    assert not kind.enabled
    assert "Disabled" in page(administrator)
    assert administrator.post(switch("enable", kind.pk))["Location"] == LIST
    kind.refresh_from_db()
    assert kind.enabled
    assert feed() == [("ada", "enabled", "Deployment"), ("ada", "disabled", "Deployment")]


def test_switching_twice_is_told_once(administrator: Client) -> None:
    kind = deployments()
    for _ in range(2):
        administrator.post(switch("disable", kind.pk))
    assert len(feed()) == 1
    assert Activity.objects.get().resource is None


def test_a_kind_that_is_used_is_disabled_only_after_a_question(administrator: Client) -> None:
    resource = factories.workload()
    row = factories.propagation(resource, factories.cluster())
    url = switch("disable", resource.type.pk)
    for answer, status in ((administrator.get(url), 200), (administrator.post(url), 422)):
        assert answer.status_code == status
        assert "1 object of the kind Deployment is federated." in answer.content.decode()
    assert FederatedType.objects.get(pk=resource.type.pk).enabled
    assert administrator.post(url, {"confirmed": "1"}).status_code == 302
    assert not FederatedType.objects.get(pk=resource.type.pk).enabled
    assert Propagation.objects.filter(pk=row.pk).exists()


def test_a_disabled_kind_is_not_read_in_documents(client: Client) -> None:
    client.force_login(factories.user(*factories.EDIT))
    FederatedType.objects.filter(name="configmaps").update(enabled=False)
    text = """
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: settings}
"""
    response = client.post(reverse("propagation:yaml"), {"text": text, "action": "check"})
    assert response.status_code == 422
    assert "not a kind that is federated here" in response.content.decode()


def test_what_waited_is_looked_at_when_a_kind_is_enabled(
    administrator: Client, django_capture_on_commit_callbacks: Any
) -> None:
    sent = {}

    def note(sender: str, body: Any, **_: Any) -> None:
        sent[sender] = body[0][0]

    resource = factories.workload()
    member = factories.cluster()
    factories.propagation(resource, member, desired_generation=2)
    FederatedType.objects.update(enabled=False)
    before_task_publish.connect(note)
    with django_capture_on_commit_callbacks(execute=True):
        administrator.post(switch("enable", resource.type.pk))
    assert sent == {"propagation.tasks.schedule": [resource.pk], "propagation.tasks.drain": [member.pk]}


# Who may what


def test_people_who_are_limited_to_namespaces_only_look(client: Client) -> None:
    person = factories.user(*CHANGE)
    group = Group.objects.create(name="shop")
    NamespaceScope.objects.create(group=group, namespaces=["shop"])
    person.groups.add(group)
    factories.workload(namespace="bank")
    client.force_login(person)
    text = page(client)
    assert DISCOVER not in text
    assert switch("disable", deployments().pk) not in text
    assert 'data-label="Resources">1' not in text
    assert client.get(DISCOVER).status_code == 403
    assert client.post(switch("disable", deployments().pk), {"confirmed": "1"}).status_code == 403


@override_settings(NAMESPACES=["shop"])
def test_administrators_of_a_limited_installation_switch_kinds(administrator: Client) -> None:
    assert administrator.post(switch("disable", deployments().pk)).status_code == 302


URLS = {
    "list": (LIST, 200, 200, 405),
    "discover": (DISCOVER, 403, 200, 422),
    "again": (f"{DISCOVER}again/", 403, 405, 302),
    "enable": ("enable", 403, 405, 302),
    "disable": ("disable", 403, 200, 302),
}
every_url = pytest.mark.parametrize("name", URLS)


def url_of(name: str) -> str:
    return switch(name, deployments().pk) if name in ("enable", "disable") else URLS[name][0]


@every_url
def test_sends_strangers_to_the_login(client: Client, name: str) -> None:
    assert client.get(url_of(name))["Location"].startswith(reverse("login"))


@every_url
def test_refuses_people_without_permission(client: Client, name: str) -> None:
    client.force_login(factories.user(*factories.EDIT))
    assert client.get(url_of(name)).status_code == 403
    assert client.post(url_of(name)).status_code == 403


@every_url
def test_viewers_only_look(viewer: Client, name: str) -> None:
    assert viewer.get(url_of(name)).status_code == URLS[name][1]
    assert viewer.post(url_of(name)).status_code == (405 if name == "list" else 403)


@every_url
def test_administrators_may(administrator: Client, name: str) -> None:
    assert administrator.get(url_of(name)).status_code == URLS[name][2]
    assert administrator.post(url_of(name)).status_code == URLS[name][3]
    assert administrator.put(url_of(name)).status_code == 405


@pytest.mark.parametrize("name", ["enable", "disable"])
def test_does_not_know_a_bad_id(administrator: Client, name: str) -> None:
    assert administrator.post(switch(name, 99_999)).status_code == 404
