"""Create, edit and preview by form: nothing typed is lost, nothing unknown is touched."""

import re
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clusters.models import Cluster
from propagation.models import FederatedResource
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

CREATE = "/workloads/new/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def members() -> list[Cluster]:
    factories.deployment_type()
    return [
        factories.cluster("eu-1", labels={"env": "prod"}, region="eu"),
        factories.cluster("us-1", labels={"env": "dev"}, region="us", cordoned=True),
    ]


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


def rows(prefix: str, *values: dict[str, str]) -> dict[str, str]:
    """The fields of a formset."""
    fields = {f"{prefix}-TOTAL_FORMS": str(len(values)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, row in enumerate(values):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


def filled(**changes: Any) -> dict[str, Any]:
    """A form that is valid."""
    return {
        "name": "web",
        "namespace": "shop",
        "image": "nginx:1.25.3",
        "replicas": "3",
        "port": "80",
        "labels": "team=shop",
        "placement": "all",
        "conflict_policy": "adopt",
        "follow_dependencies": "on",
        "sharing": "same",
        "heed": "on",
        **rows("variables", {"name": "MODE", "value": " fast "}),
        **rows("requirements"),
        **rows("tolerations"),
        "action": "save",
        **changes,
    }


def test_creates_a_deployment(editor: Client) -> None:
    response = editor.post(CREATE, filled(**{"override-eu-1-replicas": "5"}))
    resource = FederatedResource.objects.get()
    assert response.status_code == 302
    assert response["Location"] == resource.get_absolute_url()
    assert str(resource) == "Deployment shop/web"
    assert resource.placement == {"clusterSelector": {}}
    assert resource.template["metadata"] == {"labels": {"team": "shop"}}
    assert resource.template["spec"]["replicas"] == 3
    (container,) = resource.template["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "web",
        "image": "nginx:1.25.3",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "MODE", "value": " fast "}],
    }
    assert resource.overrides == [
        {"clusterName": "eu-1", "clusterOverrides": [{"path": "/spec/replicas", "value": 5}]}
    ]


def test_says_why(editor: Client) -> None:
    editor.post(CREATE, filled(note="Black Friday"))
    resource = FederatedResource.objects.get()
    assert resource.revisions.get().note == "Black Friday"
    assert resource.activities.get().message == "Black Friday"


def test_htmx_is_sent_to_the_new_page(editor: Client) -> None:
    response = editor.post(CREATE, filled(), headers=HTMX)
    assert response["HX-Redirect"] == FederatedResource.objects.get().get_absolute_url()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Not A Name"},
        {"name": ""},
        {"namespace": "-"},
        {"image": "two words"},
        {"replicas": "-1"},
        {"replicas": "many"},
        {"port": "70000"},
        {"labels": "no equals sign"},
        {"placement": "somewhere"},
        {"placement": "labels"},
        {"placement": "pick", "clusters": ["nobody"]},
        rows("variables", {"name": "1BAD", "value": "x"}),
        rows("variables", {"name": "", "value": "x"}),
        rows("variables", {"name": "A", "value": "x"}, {"name": "A", "value": "y"}),
        {"placement": "labels", **rows("requirements", {"key": "env", "operator": "In", "values": ""})},
        {"placement": "labels", **rows("requirements", {"key": "env", "operator": "Exists", "values": "x"})},
        {"placement": "labels", **rows("requirements", {"key": "", "operator": "In", "values": "x"})},
        {"placement": "labels", **rows("requirements", {"key": "b a d", "operator": "In", "values": "x"})},
        {
            "placement": "labels",
            **rows("requirements", *[{"key": "env", "operator": "Equals", "values": "x"}] * 2),
        },
        {"conflict_policy": "ask"},
        {"override-eu-1-replicas": "-3"},
        {"override-eu-1-image": "b a d"},
        {"variables-TOTAL_FORMS": "x"},
    ],
)
def test_gives_back_what_was_typed_with_its_errors(editor: Client, changes: dict[str, Any]) -> None:
    response = editor.post(CREATE, filled(description="my precious text", **changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing was saved" in page
    assert "my precious text" in page
    assert not FederatedResource.objects.exists()


def test_a_broken_form_is_a_fragment_for_htmx(editor: Client) -> None:
    response = editor.post(CREATE, filled(name="no no"), headers=HTMX)
    assert response.status_code == 422
    assert response.content.decode().strip().startswith("<form")


def test_a_name_that_is_taken_is_an_error_at_the_name(editor: Client) -> None:
    factories.workload("web", namespace="shop")
    response = editor.post(CREATE, filled())
    assert response.status_code == 422
    assert "There is a Deployment of this name" in response.content.decode()


@pytest.mark.parametrize(
    ("action", "field"),
    [("add:variables", "variables-1-name"), ("add:requirements", "requirements-0-key")],
)
def test_adds_a_row_without_losing_anything(editor: Client, action: str, field: str) -> None:
    response = editor.post(CREATE, filled(action=action, name="not valid yet"))
    page = response.content.decode()
    assert response.status_code == 200
    assert f'name="{field}"' in page
    assert page.count("autofocus") == 1
    assert "not valid yet" in page
    assert "Nothing was saved" not in page
    assert not FederatedResource.objects.exists()


def test_resets_an_override_without_losing_the_others(editor: Client) -> None:
    typed = {"override-eu-1-replicas": "5", "override-us-1-replicas": "7"}
    page = editor.post(CREATE, filled(action="reset:eu-1", **typed)).content.decode()
    assert 'name="override-eu-1-replicas" id="id_override-eu-1-replicas" value=""' in page
    assert 'name="override-us-1-replicas" id="id_override-us-1-replicas" value="7"' in page


def test_the_preview_button_works_without_a_script(editor: Client) -> None:
    selector = rows("requirements", {"key": "env", "operator": "In", "values": "prod, test"})
    page = editor.post(CREATE, filled(action="preview", placement="labels", **selector)).content.decode()
    assert "Matched 1 of 2 clusters" in page
    assert "env in (prod, test) is wanted, it has env=dev" in page


def test_warns_of_a_tag_that_moves(editor: Client) -> None:
    for image, warned in (
        ("nginx", True),
        ("nginx:latest", True),
        ("nginx:1.25.3", False),
        ("host:5000/a", True),
    ):
        page = editor.post(CREATE, filled(action="preview", image=image)).content.decode()
        assert ("another image tomorrow" in page) is warned, image


def preview(editor: Client, **changes: Any) -> str:
    response = editor.post("/workloads/placement/", filled(**changes), headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def test_previews_real_clusters_with_reasons(editor: Client) -> None:
    page = preview(editor)
    assert "Matched 1 of 2 clusters" in page
    assert "nothing new is placed in it" in page
    assert "v1.29.1" in page


def test_previews_by_address_too(editor: Client) -> None:
    response = editor.get("/workloads/placement/", {"placement": "pick", "clusters": "eu-1"})
    assert "Matched 1 of 2 clusters" in response.content.decode()


def test_warns_of_no_cluster_at_all(editor: Client) -> None:
    assert "This is no cluster at all" in preview(editor, placement="pick")


def test_keeps_overrides_of_clusters_that_match_no_more(editor: Client) -> None:
    page = preview(editor, placement="pick", clusters=["eu-1"], **{"override-us-1-replicas": "7"})
    assert "not matched; kept" in page
    assert 'value="7"' in page


def edited(resource: FederatedResource, **changes: Any) -> dict[str, Any]:
    """The form of a resource as the browser would send it."""
    fields = {
        "description": resource.description,
        "image": "nginx:1.25.3",
        "replicas": "2",
        "port": "",
        "labels": "",
        "placement": "all",
        "conflict_policy": "adopt",
        "follow_dependencies": "on",
        "generation": str(resource.generation),
        "sharing": "same",
        "heed": "on",
        **rows("variables"),
        **rows("requirements"),
        **rows("tolerations"),
        "action": "save",
    }
    return fields | changes


@pytest.fixture
def rich() -> FederatedResource:
    """A resource that holds more than the form knows."""
    template = factories.template("shop")
    template["spec"]["strategy"] = {"type": "Recreate"}
    template["spec"]["template"]["spec"]["containers"] += [{"name": "sidecar", "image": "proxy:1"}]
    template["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    ]
    overrides = [
        {
            "clusterName": "us-1",
            "clusterOverrides": [{"op": "add", "path": "/metadata/annotations", "value": {}}],
        }
    ]
    return factories.workload("shop", template=template, overrides=overrides)


def test_saving_an_untouched_form_changes_nothing(editor: Client, rich: FederatedResource) -> None:
    before = deepcopy((rich.template, rich.placement, rich.overrides, rich.generation))
    response = editor.post(reverse("propagation:edit", args=[rich.pk]), edited(rich))
    rich.refresh_from_db()
    assert response.status_code == 302
    assert (rich.template, rich.placement, rich.overrides, rich.generation) == before


def test_an_edit_is_a_new_generation_and_keeps_the_rest(editor: Client, rich: FederatedResource) -> None:
    expected = deepcopy(rich.template)
    expected["spec"]["replicas"] = 9
    editor.post(reverse("propagation:edit", args=[rich.pk]), edited(rich, replicas="9"))
    rich.refresh_from_db()
    assert rich.template == expected
    assert rich.generation == 2


def test_the_form_shows_what_is_stored(editor: Client, rich: FederatedResource) -> None:
    page = editor.get(reverse("propagation:edit", args=[rich.pk])).content.decode()
    assert 'value="nginx:1.25.3"' in page
    assert "1 more container" in page
    assert "KEY" in page
    assert "and 1 more override" in page


def test_the_name_cannot_be_edited(editor: Client, rich: FederatedResource) -> None:
    editor.post(reverse("propagation:edit", args=[rich.pk]), edited(rich, name="other", namespace="other"))
    rich.refresh_from_db()
    assert (rich.name, rich.namespace) == ("shop", "default")


def test_unknown_clusters_of_a_placement_stay(editor: Client) -> None:
    placement = {"clusters": [{"name": "gone-1"}, {"name": "eu-1"}]}
    resource = factories.workload("shop", placement=placement)
    url = reverse("propagation:edit", args=[resource.pk])
    assert "no such cluster" in editor.get(url).content.decode()
    editor.post(url, edited(resource, placement="pick", clusters=["eu-1", "gone-1"], replicas="4"))
    resource.refresh_from_db()
    assert resource.placement == placement


def test_a_resource_that_the_form_cannot_show_is_edited_as_yaml(editor: Client) -> None:
    resource = factories.workload("shop", template={"spec": {"template": {"spec": {"containers": []}}}})
    response = editor.get(reverse("propagation:edit", args=[resource.pk]))
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('propagation:yaml')}?resource={resource.pk}"


def test_the_slower_of_two_editors_is_told(editor: Client) -> None:
    resource = factories.workload("shop")
    stale = edited(resource, description="mine", image="nginx:2", replicas="2")
    FederatedResource.objects.update(generation=2, template=factories.template("shop", image="nginx:3"))
    response = editor.post(reverse("propagation:edit", args=[resource.pk]), stale)
    page = response.content.decode()
    assert response.status_code == 409
    assert "nginx:3" in page
    assert "mine" in page
    assert 'name="generation" value="2"' in page
    resource.refresh_from_db()
    assert resource.template == factories.template("shop", image="nginx:3")


WRITERS = {
    "create": ("propagation:create", False),
    "edit": ("propagation:edit", True),
    "preview": ("propagation:preview_placement", False),
    "scale": ("propagation:scale", True),
    "options": ("propagation:options", True),
    "delete": ("propagation:delete", True),
}
every_writer = pytest.mark.parametrize(("name", "of_one"), WRITERS.values(), ids=WRITERS)


def url_of(name: str, of_one: bool) -> str:
    return reverse(name, args=[factories.workload().pk] if of_one else [])


@every_writer
@pytest.mark.parametrize("method", ["get", "post"])
def test_sends_strangers_to_the_login(client: Client, name: str, of_one: bool, method: str) -> None:
    response = getattr(client, method)(url_of(name, of_one))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


@every_writer
@pytest.mark.parametrize("method", ["get", "post"])
def test_refuses_people_without_permission(client: Client, name: str, of_one: bool, method: str) -> None:
    client.force_login(factories.user())
    assert getattr(client, method)(url_of(name, of_one)).status_code == 403


@every_writer
@pytest.mark.parametrize("method", ["get", "post"])
def test_viewers_may_only_preview(client: Client, name: str, of_one: bool, method: str) -> None:
    client.force_login(factories.user(*factories.VIEW))
    expected = 200 if name == "propagation:preview_placement" else 403
    assert getattr(client, method)(url_of(name, of_one)).status_code == expected


@every_writer
def test_refuses_other_methods(editor: Client, name: str, of_one: bool) -> None:
    assert editor.put(url_of(name, of_one)).status_code == 405


@pytest.mark.parametrize("name", ["edit", "scale", "options", "delete"])
def test_does_not_know_a_bad_id_nor_one_that_is_leaving(editor: Client, name: str) -> None:
    leaving = factories.workload(deletion_requested_at=timezone.now())
    for pk in (leaving.pk, 999):
        assert editor.get(reverse(f"propagation:{name}", args=[pk])).status_code == 404


def test_scales(editor: Client) -> None:
    resource = factories.workload()
    url = reverse("propagation:scale", args=[resource.pk])
    assert editor.post(url, {"replicas": "7", "generation": "1"}).status_code == 302
    resource.refresh_from_db()
    assert (resource.template["spec"]["replicas"], resource.generation) == (7, 2)


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"replicas": "-1", "generation": "1"}, 422), ({}, 422), ({"replicas": "3", "generation": "0"}, 409)],
)
def test_does_not_scale_by_nonsense_or_old_news(editor: Client, fields: dict[str, str], status: int) -> None:
    resource = factories.workload()
    assert editor.post(reverse("propagation:scale", args=[resource.pk]), fields).status_code == status
    resource.refresh_from_db()
    assert resource.template["spec"]["replicas"] == 2


@pytest.mark.parametrize(("fate", "orphan"), [("remove", False), ("keep", True)])
def test_deletes_when_the_name_was_typed(editor: Client, fate: str, orphan: bool) -> None:
    resource = factories.workload("shop")
    url = reverse("propagation:delete", args=[resource.pk])
    assert editor.post(url, {"confirmation": "shop", "fate": fate}).status_code == 302
    resource.refresh_from_db()
    assert resource.deletion_requested_at is not None
    assert resource.orphan is orphan


def test_does_not_delete_by_another_name(editor: Client) -> None:
    resource = factories.workload("shop")
    url = reverse("propagation:delete", args=[resource.pk])
    response = editor.post(url, {"confirmation": "other", "fate": "remove"})
    assert response.status_code == 422
    resource.refresh_from_db()
    assert resource.deletion_requested_at is None


def test_one_answer_about_the_placement_at_a_time(editor: Client) -> None:
    """Two that are swapped in at once would take each other's preserved fields away."""
    page = editor.get(CREATE).content.decode()
    asking = re.findall(r'<[^>]*hx-target="#placement-area"[^>]*>', page)
    assert len(asking) == 4
    assert all('hx-sync="closest .fc-stack:queue last"' in element for element in asking)
