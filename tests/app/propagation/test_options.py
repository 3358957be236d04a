"""The options of a workload: in its form, on a page of their own, and told when they are not the usual."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from propagation.models import FederatedResource, FederatedType
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

USUAL = {"conflict_policy": "adopt", "follow_dependencies": "on"}
OTHER = {"conflict_policy": "refuse", "suspend_repair": "on", "retain_replicas": "on"}
SENTENCES = (
    "is left alone",
    "What others change in the clusters is left as it is.",
    "What it needs is not brought along.",
    "keep their own number",
)


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


def made(kind: str, **values: Any) -> FederatedResource:
    """A federated object of this kind, with nothing in it unless a template is given."""
    type_ = FederatedType.objects.get(kind=kind)
    namespace = "shop" if type_.namespaced else ""
    given: dict[str, Any] = {"template": {}, **values}
    return factories.workload("shop", type=type_, namespace=namespace, **given)


def options(resource: FederatedResource) -> dict[str, Any]:
    names = ("conflict_policy", "suspend_repair", "follow_dependencies", "retain_replicas")
    resource.refresh_from_db()
    return {name: getattr(resource, name) for name in names}


def form(resource: FederatedResource, **changes: str) -> dict[str, str]:
    """The form of a Deployment, with the options that are given."""
    blank = {
        f"{rows}-{name}": "0"
        for rows in ("variables", "requirements", "tolerations")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    usual = {
        "image": "nginx:1.25.3",
        "replicas": "2",
        "placement": "all",
        "sharing": "same",
        "heed": "on",
        "generation": str(resource.generation),
    }
    return blank | usual | changes


def test_the_form_of_a_deployment_has_them_folded_away_until_one_is_another(editor: Client) -> None:
    resource = factories.workload("shop")
    url = reverse("propagation:edit", args=[resource.pk])
    folded, open_ = '<details class="fc-section">', '<details class="fc-section" open>'
    page = editor.get(url).content.decode()
    assert page.index("conflict_policy") > page.rindex(folded)
    assert editor.post(url, form(resource, **OTHER)).status_code == 302
    assert options(resource) == {
        "conflict_policy": "refuse",
        "suspend_repair": True,
        "follow_dependencies": False,
        "retain_replicas": True,
    }
    assert resource.generation == 2
    page = editor.get(url).content.decode()
    assert page.index("conflict_policy") > page.rindex(open_)


def test_saving_what_is_usual_changes_nothing(editor: Client) -> None:
    resource = factories.workload("shop")
    editor.post(reverse("propagation:edit", args=[resource.pk]), form(resource, **USUAL))
    resource.refresh_from_db()
    assert resource.generation == 1


def test_the_slower_of_two_editors_is_told_of_them(editor: Client) -> None:
    resource = factories.workload("shop")
    stale = form(resource, **USUAL)
    FederatedResource.objects.update(generation=2, suspend_repair=True)
    response = editor.post(reverse("propagation:edit", args=[resource.pk]), stale)
    assert response.status_code == 409
    assert '<dt>Do not repair</dt><dd class="fc-mono">yes</dd>' in response.content.decode()


def test_other_kinds_have_a_page_for_them(editor: Client) -> None:
    resource = made("ConfigMap")
    url = reverse("propagation:options", args=[resource.pk])
    assert url in editor.get(resource.get_absolute_url()).content.decode()
    page = editor.get(url).content.decode()
    assert "suspend_repair" in page
    for name in ("retain_replicas", "follow_dependencies"):
        assert name not in page
    response = editor.post(url, {"generation": "1", "conflict_policy": "overwrite", "retain_replicas": "on"})
    assert response["Location"] == resource.get_absolute_url()
    assert options(resource) == {
        "conflict_policy": "overwrite",
        "suspend_repair": False,
        "follow_dependencies": True,
        "retain_replicas": False,
    }
    assert resource.generation == 2


@pytest.mark.parametrize("kind", ["ReplicaSet", "StatefulSet"])
def test_kinds_with_replicas_may_leave_them_to_the_clusters(editor: Client, kind: str) -> None:
    resource = made(kind, template=factories.template())
    page = editor.get(reverse("propagation:options", args=[resource.pk])).content.decode()
    for name in ("retain_replicas", "follow_dependencies"):
        assert name in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"generation": "1"}, 422),
        ({"generation": "x", "conflict_policy": "adopt"}, 422),
        ({"generation": "1", "conflict_policy": "ask"}, 422),
        ({"generation": "0", "conflict_policy": "refuse"}, 409),
    ],
)
def test_stores_no_nonsense_and_no_old_news(editor: Client, fields: dict[str, str], status: int) -> None:
    resource = made("ConfigMap")
    response = editor.post(reverse("propagation:options", args=[resource.pk]), fields)
    assert response.status_code == status
    assert options(resource)["conflict_policy"] == "adopt"
    if status == 409:
        page = response.content.decode()
        assert 'value="refuse" class="form-check-input" id="id_conflict_policy_1" checked' in page
        assert 'name="generation" value="1"' in page


def test_the_page_of_a_workload_tells_only_what_is_not_usual(editor: Client) -> None:
    resource = factories.workload("shop")
    page = editor.get(resource.get_absolute_url()).content.decode()
    assert not [sentence for sentence in SENTENCES if sentence in page]
    other = {"conflict_policy": "refuse", "suspend_repair": True, "follow_dependencies": False}
    FederatedResource.objects.update(**other, retain_replicas=True)
    page = editor.get(resource.get_absolute_url()).content.decode()
    assert not [sentence for sentence in SENTENCES if sentence not in page]


def test_viewers_are_not_shown_the_way_to_them(client: Client) -> None:
    client.force_login(factories.user(*factories.VIEW))
    resource = made("ConfigMap")
    page = client.get(resource.get_absolute_url()).content.decode()
    assert reverse("propagation:options", args=[resource.pk]) not in page


@pytest.mark.parametrize(
    ("kind", "fields", "contents"),
    [
        ("Namespace", {"fate": "remove", "delete_contents": "on"}, True),
        ("Namespace", {"fate": "remove"}, False),
        ("Namespace", {"fate": "keep", "delete_contents": "on"}, False),
        ("ConfigMap", {"fate": "remove", "delete_contents": "on"}, False),
    ],
)
def test_only_a_namespace_may_go_with_what_others_put_into_it(
    editor: Client, kind: str, fields: dict[str, str], contents: bool
) -> None:
    resource = made(kind)
    url = reverse("propagation:delete", args=[resource.pk])
    assert ("delete_contents" in editor.get(url).content.decode()) is (kind == "Namespace")
    assert editor.post(url, {"confirmation": "shop", **fields}).status_code == 302
    resource.refresh_from_db()
    assert resource.deletion_requested_at is not None
    assert resource.delete_contents is contents
