"""Kinds other than Deployment: found, begun, and, where they are secret, shown on request alone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from propagation.models import Activity, FederatedResource, FederatedType
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

YAML = "/workloads/yaml/"
PASSWORD = "aHVudGVyMg=="


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*factories.VIEW))
    return client


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT, name="mary"))
    return client


def made(kind: str, name: str = "thing", **values: Any) -> FederatedResource:
    return factories.workload(name, type=FederatedType.objects.get(kind=kind), **values)


@pytest.fixture
def secret() -> FederatedResource:
    overrides = [
        {"clusterName": "eu-1", "clusterOverrides": [{"path": "/data/password", "value": "c2VjcmV0"}]}
    ]
    return made("Secret", template={"data": {"password": PASSWORD}}, overrides=overrides)


def test_the_menu_leads_to_every_kind_that_is_enabled(editor: Client) -> None:
    FederatedType.objects.filter(kind="Job").update(enabled=False)
    page = editor.get("/workloads/").content.decode()
    for name in FederatedType.objects.filter(enabled=True).values_list("name", flat=True):
        assert (f'{YAML}?kind={name}"' in page) is (name != "deployments.apps")
    assert "?kind=jobs.batch" not in page
    assert 'href="/workloads/new/"' in page


def test_viewers_have_no_menu(viewer: Client) -> None:
    assert "?kind=" not in viewer.get("/workloads/").content.decode()


def test_a_kind_begins_with_a_skeleton_that_is_valid(editor: Client) -> None:
    for kind in FederatedType.objects.all():
        text = editor.get(YAML, {"kind": kind.name}).context["form"]["text"].value()
        assert f"kind: Federated{kind.kind}" in text
        response = editor.post(YAML, {"text": text, "action": "check"})
        assert response.status_code == 200, kind


@pytest.mark.parametrize("kind", ["", "nonsense", "Secret", "\0", "x" * 3000, "jobs.batch"])
def test_an_unknown_kind_begins_with_nothing(editor: Client, kind: str) -> None:
    FederatedType.objects.filter(name="jobs.batch").update(enabled=False)
    response = editor.get(YAML, {"kind": kind})
    assert response.status_code == 200
    assert response.context["form"]["text"].value() == ""


@pytest.mark.parametrize("path", ["/", "/workloads/"])
def test_workloads_are_filtered_by_kind(viewer: Client, path: str) -> None:
    factories.cluster("eu-1")
    made("ConfigMap", "settings")
    made("Service", "front")
    page = viewer.get(path).content.decode()
    assert '<option value="ConfigMap">ConfigMap</option>' in page
    assert '<option value="Job"' not in page
    page = viewer.get(path, {"kind": "ConfigMap"}).content.decode()
    assert '<option value="ConfigMap" selected>' in page
    assert "settings" in page
    assert "front</a>" not in page


def test_the_values_of_a_secret_are_shown_on_request_alone(editor: Client, secret: FederatedResource) -> None:
    address = f"{secret.get_absolute_url()}?tab=yaml"
    page = editor.get(address).content.decode()
    assert "Show values" in page
    for value in (PASSWORD, "c2VjcmV0"):
        assert value not in page
    assert not Activity.objects.exists()
    response = editor.post(address)
    page = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "Show values" not in page
    for value in (PASSWORD, "c2VjcmV0"):
        assert value in page
    (line,) = Activity.objects.all()
    assert (line.verb, line.resource, str(line.actor), line.message) == ("revealed", secret, "mary", "")


def test_viewers_are_not_shown_them_on_request_either(viewer: Client, secret: FederatedResource) -> None:
    address = f"{secret.get_absolute_url()}?tab=yaml"
    assert "Show values" not in viewer.get(address).content.decode()
    assert viewer.post(address).status_code == 403
    assert not Activity.objects.exists()


def test_only_a_secret_has_values_to_show(editor: Client) -> None:
    resource = made("ConfigMap", template={"data": {"a": "b"}})
    assert "Show values" not in editor.get(f"{resource.get_absolute_url()}?tab=yaml").content.decode()
    assert editor.post(resource.get_absolute_url()).status_code == 404
    assert editor.post(reverse("propagation:detail", args=[999])).status_code == 404
    assert not Activity.objects.exists()
