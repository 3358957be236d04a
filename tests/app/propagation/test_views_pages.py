"""The pages that show: what is on them, who may see them, and how many queries they take."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from propagation.models import FederatedResource, FederatedType
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

#: Queries that tell who is asking: session, person, their and their groups' permissions, namespaces.
READER = 5


@pytest.fixture
def member() -> Cluster:
    return factories.cluster("eu-1")


@pytest.fixture
def resource(member: Cluster) -> FederatedResource:
    made = factories.workload("shop")
    factories.propagation(made, member)
    return made


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*factories.VIEW))
    return client


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


Pages = Callable[[FederatedResource, Cluster], str]
PAGES: dict[str, Pages] = {
    "board": lambda resource, member: reverse("propagation:board"),
    "list": lambda resource, member: reverse("propagation:list"),
    "detail": lambda resource, member: reverse("propagation:detail", args=[resource.pk]),
    "yaml tab": lambda resource, member: reverse("propagation:detail", args=[resource.pk]) + "?tab=yaml",
    "in cluster": lambda resource, member: reverse("propagation:in_cluster", args=[member.pk]),
}
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@every_page
def test_works(viewer: Client, resource: FederatedResource, member: Cluster, page: Pages) -> None:
    response = viewer.get(page(resource, member))
    assert response.status_code == 200
    assert "shop" in response.content.decode()


def test_a_cell_of_the_board_leads_to_the_object_in_that_cluster(
    viewer: Client, resource: FederatedResource, member: Cluster
) -> None:
    html = viewer.get(reverse("propagation:board")).content.decode()
    assert f'href="{reverse("propagation:placed", args=[resource.pk, member.name])}"' in html


def test_whoever_may_do_nothing_here_can_log_out(client: Client) -> None:
    client.force_login(factories.user())
    response = client.get(reverse("propagation:list"))
    assert response.status_code == 403
    assert f'action="{reverse("logout")}"' in response.content.decode()


def test_enter_in_the_workload_form_saves(editor: Client) -> None:
    """Browsers press the first button of a form."""
    html = editor.get(reverse("propagation:create")).content.decode()
    form = html[html.index('id="workload-form"') :]
    assert 'name="action" value="save"' in form[form.index("<button") : form.index("</button>")]


@every_page
def test_sends_strangers_to_the_login(
    client: Client, resource: FederatedResource, member: Cluster, page: Pages
) -> None:
    response = client.get(page(resource, member))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


@every_page
@pytest.mark.parametrize("permissions", [(), factories.VIEW[:1], factories.VIEW[1:]])
def test_refuses_who_may_not_see_it(
    client: Client, resource: FederatedResource, member: Cluster, page: Pages, permissions: tuple[str, ...]
) -> None:
    client.force_login(factories.user(*permissions))
    assert client.get(page(resource, member)).status_code == 403


@every_page
def test_refuses_other_methods(
    viewer: Client, resource: FederatedResource, member: Cluster, page: Pages
) -> None:
    assert viewer.put(page(resource, member)).status_code == 405


@pytest.mark.parametrize("name", ["detail", "in_cluster"])
def test_does_not_know_a_bad_id(viewer: Client, name: str) -> None:
    assert viewer.get(reverse(f"propagation:{name}", args=[99])).status_code == 404


def test_viewers_see_no_actions(viewer: Client, resource: FederatedResource) -> None:
    for url in ("/", "/workloads/", resource.get_absolute_url()):
        page = viewer.get(url).content.decode()
        assert reverse("propagation:create") not in page
        assert reverse("propagation:delete", args=[resource.pk]) not in page
        assert reverse("propagation:scale", args=[resource.pk]) not in page


def test_editors_see_the_actions(editor: Client, resource: FederatedResource) -> None:
    page = editor.get(resource.get_absolute_url()).content.decode()
    for name in ("edit", "scale", "delete"):
        assert reverse(f"propagation:{name}", args=[resource.pk]) in page


def test_empty_pages_hold_the_next_step(editor: Client) -> None:
    page = editor.get("/").content.decode()
    assert "No clusters yet" in page
    assert "No workloads yet" in page
    assert reverse("propagation:create") in page


def test_an_empty_board_offers_nothing_to_viewers(viewer: Client) -> None:
    page = viewer.get("/").content.decode()
    assert "No workloads yet" in page
    assert reverse("propagation:create") not in page


def _fill(number: int) -> None:
    members = [factories.cluster() for _ in range(number)]
    for resource in [factories.workload() for _ in range(number)]:
        for member in members:
            factories.propagation(resource, member)


@pytest.mark.parametrize("size", [1, 12])
@pytest.mark.parametrize("name", ["board", "list"])
def test_takes_few_queries_whatever_the_size(
    viewer: Client, django_assert_max_num_queries: Any, name: str, size: int
) -> None:
    _fill(size)
    with django_assert_max_num_queries(READER + 7):
        viewer.get(reverse(f"propagation:{name}"))


@pytest.mark.parametrize("size", [1, 12])
def test_a_workload_takes_few_queries_whatever_the_size(
    viewer: Client, django_assert_max_num_queries: Any, size: int
) -> None:
    _fill(size)
    resource, member = FederatedResource.objects.all()[0], Cluster.objects.all()[0]
    with django_assert_max_num_queries(READER + 7):
        viewer.get(resource.get_absolute_url())
    with django_assert_max_num_queries(READER + 6):
        viewer.get(reverse("propagation:in_cluster", args=[member.pk]))


def test_the_number_of_columns_above_which_regions_are_shown_costs_no_query(
    viewer: Client, django_assert_max_num_queries: Any
) -> None:
    _fill(3)
    Cluster.objects.bulk_create(Cluster(name=f"far-{number}", region="us") for number in range(40))
    with django_assert_max_num_queries(READER + 7):
        page = viewer.get("/").content.decode()
    assert "region=us" in page


def test_says_when_a_revision_is_old(viewer: Client, member: Cluster) -> None:
    resource = factories.workload(generation=3)
    factories.propagation(resource, member, applied_revision=2)
    page = viewer.get(resource.get_absolute_url()).content.decode()
    assert "old, newest is 3" in page
    assert "Queued" in page


def test_an_unreachable_cluster_is_unknown_not_complete(viewer: Client) -> None:
    resource = factories.workload()
    factories.propagation(resource, factories.unreachable_cluster())
    page = viewer.get(resource.get_absolute_url()).content.decode()
    assert "last known: Complete" in page
    assert "ConnectTimeout" in page
    assert "?/2" in page


def test_says_why_not_here(viewer: Client, member: Cluster) -> None:
    resource = factories.workload(placement={"clusterSelector": {"matchLabels": {"env": "prod"}}})
    page = viewer.get(resource.get_absolute_url()).content.decode()
    assert "Not placed in 1 cluster" in page
    assert "env=prod is wanted, it has no label env" in page


def test_text_from_members_is_escaped(viewer: Client, member: Cluster) -> None:
    resource = factories.workload()
    factories.propagation(
        resource, member, delivery="ApplyFailed", reason="UpdateFailed", message="<script>alert(1)</script>"
    )
    page = viewer.get(resource.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_workload_tells_what_it_needs_and_whether_that_comes_along(viewer: Client) -> None:
    kind = FederatedType.objects.get(name="configmaps")
    there = factories.workload("settings", type=kind)
    made = factories.workload("web", dependencies=["configmaps/settings", "secrets/password"])
    page = viewer.get(f"/workloads/{made.pk}/").content.decode()
    assert there.get_absolute_url() in page
    assert "goes where this goes" in page
    assert "password <span" in page
    assert "is not federated" in page
