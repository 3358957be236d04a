"""The feed: who did what, filtered by its address, and live."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client

from propagation import changes, feed
from propagation.models import Activity, FederatedResource
from tests import factories_propagation as factories
from tests.sockets import Socket, opened, wake

pytestmark = pytest.mark.django_db

URL = "/activity/"


def scene() -> FederatedResource:
    """Two workloads of two people, one of which was changed by the console."""
    alice, bob = factories.user(name="alice"), factories.user(name="bob")
    first, second = factories.workload("first"), factories.workload("second")
    feed.tell(Activity.Verb.CREATED, [first], alice, "Because")
    feed.tell(Activity.Verb.DELETED, [second], bob)
    feed.tell(Activity.Verb.REPLANNED, [first], None, "added to eu-1")
    return first


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*factories.VIEW))
    return client


def subjects(client: Client, **query: Any) -> list[str]:
    """What the page shows, in its order."""
    page = client.get(URL, query).context["feed"]
    return [f"{line.actor or 'console'} {line.activity.verb}" for line in page.lines]


def test_newest_first(viewer: Client) -> None:
    resource = scene()
    page = viewer.get(URL).content.decode()
    assert f'href="{resource.get_absolute_url()}">Deployment default/first' in page
    assert "Because" in page
    assert subjects(viewer) == ["console replanned", "bob deleted", "alice created"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"verb": "created"}, ["alice created"]),
        ({"actor": "bob"}, ["bob deleted"]),
        ({"actor": "-"}, ["console replanned"]),
        ({"verb": "created", "actor": "bob"}, []),
        ({"verb": "nonsense"}, ["console replanned", "bob deleted", "alice created"]),
        ({"resource": "x" * 50}, []),
        ({"resource": "9" * 30}, []),
        ({"page": "99"}, ["console replanned", "bob deleted", "alice created"]),
    ],
)
def test_filters_are_in_the_address(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    scene()
    assert subjects(viewer, **query) == found


def test_one_workload_alone(viewer: Client) -> None:
    resource = scene()
    assert subjects(viewer, resource=resource.pk) == ["console replanned", "alice created"]
    assert "Of Deployment default/first alone." in viewer.get(URL, {"resource": resource.pk}).content.decode()


def test_what_is_gone_is_still_told(viewer: Client) -> None:
    scene().delete()
    page = viewer.get(URL).content.decode()
    assert "Deployment default/first" in page
    assert ">Deployment default/first</a>" not in page


def test_pages_and_their_queries(viewer: Client, django_assert_max_num_queries: Any) -> None:
    resource = scene()
    for _ in range(60):
        feed.tell(Activity.Verb.CHANGED, [resource], User.objects.get(username="bob"))
    with django_assert_max_num_queries(8):
        assert "1 to 50 of 63" in viewer.get(URL).content.decode()
    assert len(subjects(viewer, page=2)) == 13


def test_the_workload_shows_its_newest_lines(viewer: Client) -> None:
    resource = scene()
    page = viewer.get(resource.get_absolute_url()).content.decode()
    assert f'id="detail-activity-{resource.pk}"' in page
    assert "added to eu-1" in page
    assert f'href="{URL}?resource={resource.pk}"' in page


def test_who_may_not_see_workloads_does_not_see_what_was_done(client: Client) -> None:
    client.force_login(factories.user(*factories.VIEW[:1]))
    assert client.get(URL).status_code == 403
    assert f'href="{URL}"' not in client.get("/", follow=True).content.decode()
    client.force_login(factories.user(*factories.VIEW))
    assert client.post(URL).status_code == 405
    assert f'href="{URL}"' in client.get("/").content.decode()


@pytest.mark.django_db(transaction=True)
async def test_it_is_live() -> None:
    resource = await sync_to_async(scene)()
    assert not await Socket(f"/ws{URL}", AnonymousUser()).open()
    user = await sync_to_async(factories.user)(*factories.VIEW)
    async with opened(f"/ws{URL}?verb=changed", user) as page:
        (first,) = await page.messages(1)
        assert 'id="activity-rows"' in first
        assert "No activity matches" in first
        await sync_to_async(feed.tell)(Activity.Verb.DISABLED, [resource], None)
        await wake(feed.GROUP, 1)
        assert await page.is_quiet()
        await sync_to_async(feed.tell)(Activity.Verb.CHANGED, [resource], None, "Now")
        await wake(feed.GROUP, 1)
        (second,) = await page.messages(1)
        assert "Now" in second


@pytest.mark.django_db(transaction=True)
async def test_the_workload_hears_of_what_is_done_to_it() -> None:
    resource = await sync_to_async(scene)()
    user = await sync_to_async(factories.user)(*factories.VIEW)
    async with opened(f"/ws/workloads/{resource.pk}/", user) as page:
        await page.messages(2)
        await sync_to_async(changes.save)(resource, None, "Just now")
        await sync_to_async(feed.tell)(Activity.Verb.CHANGED, [resource], None, "Just now")
        await wake(feed.GROUP, 1)
        found = (await page.messages(1))[0]
    assert f'id="detail-activity-{resource.pk}"' in found
    assert "Just now" in found
