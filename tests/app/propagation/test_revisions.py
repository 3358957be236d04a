"""Looking back and going back."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client

from clusters import live
from propagation import changes
from propagation.models import Activity, FederatedResource, FederatedType, Propagation, Revision
from tests import factories_propagation as factories
from tests.sockets import Socket, opened, wake

pytestmark = pytest.mark.django_db


def history(person: User | None = None) -> FederatedResource:
    """A Deployment of which three revisions were wanted."""
    resource = FederatedResource(
        type=factories.deployment_type(), namespace="default", name="web", template=factories.template("web")
    )
    changes.save(resource, person, "First")
    for replicas, note in ((5, "Black Friday"), (3, "")):
        resource.template = factories.template("web", replicas=replicas)
        changes.save(resource, person, note)
    return resource


def url(resource: FederatedResource) -> str:
    return f"/workloads/{resource.pk}/revisions/"


@pytest.fixture
def person() -> User:
    return factories.user(*factories.EDIT, name="alice")


@pytest.fixture
def editor(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def test_says_who_wanted_what_and_why_and_where_it_runs(editor: Client, person: User) -> None:
    resource = history(person)
    for name, revision in (("eu-1", 2), ("eu-2", 2), ("us-1", 1)):
        factories.propagation(resource, factories.cluster(name), applied_revision=revision)
    page = editor.get(url(resource)).content.decode()
    assert "Black Friday" in page
    assert page.count("alice") >= 3
    assert "template.spec.replicas" in page
    assert "2 clusters" in page
    assert "1 cluster<" in page
    assert page.count("Roll back to this") == 2


def test_compares_any_two(editor: Client) -> None:
    resource = history()
    page = editor.get(url(resource), {"from": "1", "to": "2"}).content.decode()
    assert "From revision 1 to 2" in page
    assert "<del>-     replicas: 2\n</del><ins>+     replicas: 5\n</ins>" in page
    backwards = editor.get(url(resource), {"from": "3", "to": "1"}).content.decode()
    assert "<ins>+     replicas: 2\n</ins>" in backwards


@pytest.mark.parametrize(
    "query", [{"from": "1"}, {"from": "x", "to": "y"}, {"from": "1", "to": "99"}, {"page": "-1"}]
)
def test_takes_any_address(editor: Client, query: dict[str, str]) -> None:
    page = editor.get(url(history()), query)
    assert page.status_code == 200
    assert "From revision" not in page.content.decode()


def test_no_secret_is_on_the_page(editor: Client) -> None:
    secret = FederatedResource(
        type=FederatedType.objects.get(name="secrets"), namespace="default", name="pin"
    )
    for value in ("QUxQSEE=", "T01FR0E="):
        secret.template = {"data": {"pin": value}}
        changes.save(secret, None)
    for path in (f"{url(secret)}?from=1&to=2", f"{url(secret)}1/rollback/"):
        page = editor.get(path).content.decode()
        assert "(hidden, value 2)" in page
        assert "QUxQSEE" not in page
        assert "T01FR0E" not in page


def test_goes_back_with_a_reason(editor: Client, person: User) -> None:
    resource = history()
    asked = editor.get(f"{url(resource)}2/rollback/").content.decode()
    assert "<ins>+     replicas: 5\n</ins>" in asked
    assert 'name="generation" value="3"' in asked
    response = editor.post(f"{url(resource)}2/rollback/", {"generation": "3", "note": "It was faster"})
    assert response["Location"] == resource.get_absolute_url()
    resource.refresh_from_db()
    assert (resource.generation, resource.template["spec"]["replicas"]) == (4, 5)
    newest = resource.revisions.first()
    assert newest
    assert newest.note == "Rollback to revision 2: It was faster"
    line = resource.activities.first()
    assert line
    assert (line.verb, line.actor) == (Activity.Verb.ROLLED_BACK, person)


def test_a_stale_rollback_is_asked_again(editor: Client) -> None:
    resource = history()
    response = editor.post(f"{url(resource)}1/rollback/", {"generation": "2", "note": "Hurry"})
    page = response.content.decode()
    assert response.status_code == 409
    assert 'value="Hurry"' in page
    assert 'name="generation" value="3"' in page
    resource.refresh_from_db()
    assert resource.generation == 3
    assert editor.post(f"{url(resource)}1/rollback/", {"generation": "x"}).status_code == 422


def test_what_an_old_revision_does_not_know_is_as_by_default(person: User) -> None:
    resource = history()
    resource.suspend_repair = True
    changes.save(resource, person)
    first = Revision.objects.get(generation=1)
    del first.spec["suspend_repair"]
    found = changes.restored(resource, first)
    assert not found.suspend_repair
    assert resource.suspend_repair
    assert found.template == factories.template("web")


def test_who_may_only_look(client: Client) -> None:
    resource = history()
    client.force_login(factories.user(*factories.VIEW))
    page = client.get(url(resource))
    assert page.status_code == 200
    assert "Roll back" not in page.content.decode()
    assert client.get(f"{url(resource)}1/rollback/").status_code == 403
    assert client.post(f"{url(resource)}1/rollback/", {"generation": "3"}).status_code == 403
    client.force_login(factories.user())
    assert client.get(url(resource)).status_code == 403


def test_what_is_not_there(editor: Client) -> None:
    resource = history()
    assert editor.get("/workloads/99999/revisions/").status_code == 404
    assert editor.get(f"{url(resource)}77/rollback/").status_code == 404
    assert editor.post(f"{url(resource)}77/rollback/", {"generation": "3"}).status_code == 404
    assert editor.post(url(resource)).status_code == 405
    changes.request_deletion(resource)
    assert editor.get(f"{url(resource)}1/rollback/").status_code == 404
    assert "Roll back to this" not in editor.get(url(resource)).content.decode()


def test_queries_do_not_grow_with_revisions(editor: Client, django_assert_max_num_queries: Any) -> None:
    resource = history()
    for replicas in range(30):
        resource.template = factories.template("web", replicas=replicas)
        changes.save(resource, None)
    with django_assert_max_num_queries(10):
        page = editor.get(url(resource)).content.decode()
    assert "1 to 20 of 33" in page


@pytest.mark.django_db(transaction=True)
async def test_it_is_live() -> None:
    resource = await sync_to_async(history)()
    path = f"/ws{url(resource)}"
    assert not await Socket(path, AnonymousUser()).open()
    member = await sync_to_async(factories.cluster)("eu-1")
    row = await sync_to_async(factories.propagation)(resource, member, applied_revision=2)
    async with opened(path, await sync_to_async(factories.user)(*factories.VIEW)) as page:
        (first,) = await page.messages(1)
        assert "1 cluster" in first
        await wake(live.WORKLOADS, resource.pk + 1)
        assert await page.is_quiet()
        await Propagation.objects.filter(pk=row.pk).aupdate(applied_revision=3)
        await wake(live.WORKLOADS, resource.pk)
        (second,) = await page.messages(1)
    assert second != first
