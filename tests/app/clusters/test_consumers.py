"""Live pages: who may listen, what is sent, and when."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone, translation

from clusters import consumers, live
from clusters.models import Cluster
from clusters.routing import websocket_urlpatterns
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[..., Any]
create = sync_to_async(factories.cluster)
person = sync_to_async(factories.person)


class Page:
    """A page's socket."""

    def __init__(
        self,
        path: str,
        user: User | AnonymousUser,
        cookies: dict[str, str] | None = None,
        server: type[URLRouter] = URLRouter,
    ) -> None:
        path, _mark, query = path.partition("?")
        self._socket = ApplicationCommunicator(
            server(websocket_urlpatterns),
            {
                "type": "websocket",
                "path": path,
                "query_string": query.encode(),
                "headers": [],
                "cookies": cookies or {},
                "user": user,
            },
        )

    async def open(self) -> bool:
        """Whether the socket was accepted."""
        await self._socket.send_input({"type": "websocket.connect"})
        return bool((await self.event())["type"] == "websocket.accept")

    async def close(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait()

    async def event(self) -> Any:
        return await self._socket.receive_output(timeout=5)

    async def quiet(self) -> bool:
        """Whether nothing comes, for longer than two renderings are apart."""
        return bool(await self._socket.receive_nothing(timeout=0.5))

    async def messages(self) -> list[str]:
        """What comes, soon, until it is quiet."""
        found = [(await self.event())["text"]]
        while not await self._socket.receive_nothing(timeout=0.4):
            found.append((await self.event())["text"])
        return found


class Leaving(URLRouter):
    """A server whose client has gone as soon as something is sent to it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        async def refuse(event: Any) -> None:
            if event["type"] == "websocket.send":
                await send({"type": "tried"})
                raise OSError("the client has gone")
            await send(event)

        return await super().__call__(scope, receive, refuse)


@asynccontextmanager
async def opened(path: str, user: User, cookies: dict[str, str] | None = None) -> AsyncIterator[Page]:
    page = Page(path, user, cookies)
    assert await page.open()
    yield page
    await page.close()


async def wake(*pks: int) -> None:
    """As ``live.announce`` does it after a commit."""
    await get_channel_layer().group_send(
        live.CLUSTERS, {"type": "changed", "group": live.CLUSTERS, "pks": list(pks)}
    )


async def change(cluster: Cluster, **values: Any) -> None:
    await Cluster.objects.filter(pk=cluster.pk).aupdate(**values)
    await wake(cluster.pk)


@pytest.mark.parametrize("path", ["/ws/clusters/", "/ws/clusters/ams/"])
async def test_only_people_who_may_see_the_page_may_listen(path: str) -> None:
    inactive = await person(*factories.VIEW)
    await User.objects.filter(pk=inactive.pk).aupdate(is_active=False)
    for user in (AnonymousUser(), await person(), inactive):
        assert not await Page(path, user).open()


async def test_a_snapshot_comes_first_rows_apart_from_the_rest() -> None:
    ams = await create("ams")
    async with opened("/ws/clusters/", await person(*factories.VIEW)) as page:
        rows, others = await page.messages()
    assert rows.strip().startswith('<tbody id="cluster-rows">')
    assert f'id="cluster-row-{ams.pk}"' in rows
    assert 'id="cluster-counters"' in others
    assert "<tr" not in others


async def test_sends_the_changed_row_and_the_counters_alone() -> None:
    ams, bos = await create("ams"), await create("bos")
    async with opened("/ws/clusters/", await person(*factories.VIEW)) as page:
        await page.messages()
        await change(ams, ready="False", offline="True", reason="ConnectTimeout")
        rows, others = await page.messages()
        assert rows.strip().startswith(f'<tr id="cluster-row-{ams.pk}"')
        assert f"cluster-row-{bos.pk}" not in rows
        assert "ConnectTimeout" in rows
        assert "Unreachable" in others
        await wake(ams.pk)  # a repeated wake-up
        assert await page.quiet()


async def test_a_newer_report_is_sent_without_its_row() -> None:
    ams = await create("ams")
    async with opened("/ws/clusters/", await person(*factories.VIEW)) as page:
        await page.messages()
        await change(ams, last_probe_time=timezone.now())
        (message,) = await page.messages()
    assert message.strip().startswith(f'<span id="cluster-seen-{ams.pk}"')


async def test_rows_come_and_go_with_the_filters_of_the_page() -> None:
    ams = await create("ams", region="eu")
    async with opened("/ws/clusters/?region=eu", await person(*factories.VIEW)) as page:
        await page.messages()
        bos = await create("bos", region="us")
        await wake(bos.pk)
        assert await page.quiet()
        await change(bos, region="eu")
        body = (await page.messages())[0]
        assert f"cluster-row-{ams.pk}" in body
        assert f"cluster-row-{bos.pk}" in body
        await change(ams, region="us")
        assert f"cluster-row-{ams.pk}" not in (await page.messages())[0]


async def test_a_storm_is_rendered_at_most_every_quarter_of_a_second() -> None:
    ams = await create("ams")
    async with opened("/ws/clusters/", await person(*factories.VIEW)) as page:
        await page.messages()
        started = time.monotonic()
        for number in range(40):
            await change(ams, reason=f"Reason{number}")
            await asyncio.sleep(0.01)
        rows = [message for message in await page.messages() if message.strip().startswith("<tr")]
        windows = (time.monotonic() - started) / 0.25
    assert len(rows) <= windows + 1  # however long the storm takes on a busy machine
    assert "Reason39" in rows[-1]


async def test_one_cluster_shows_its_checklist_and_that_it_has_gone() -> None:
    ams, other = await sync_to_async(factories.new_cluster)("ams"), await create("other")
    async with opened("/ws/clusters/ams/", await person(*factories.VIEW)) as page:
        assert 'id="cluster-checklist-ams"' in "".join(await page.messages())
        await change(other, reason="Whatever")
        assert await page.quiet()
        await ams.steps.filter(name="reachable").aupdate(status="failed", reason="ConnectTimeout")
        await wake(ams.pk)
        assert "ConnectTimeout" in "".join(await page.messages())
        await Cluster.objects.filter(pk=ams.pk).adelete()
        await wake(ams.pk)
        assert "has left the federation" in "".join(await page.messages())


async def test_a_cluster_that_left_before_the_socket_was_open_is_said_to_be_gone() -> None:
    async with opened("/ws/clusters/nobody/", await person(*factories.VIEW)) as page:
        (message,) = await page.messages()
    assert 'id="cluster-header-nobody"' in message
    assert "has left the federation" in message


async def test_looks_by_itself_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "REFRESH", 0.05)
    ams, user = await create("ams"), await person(*factories.VIEW)
    async with opened("/ws/clusters/", user) as page:
        await page.messages()
        await Cluster.objects.filter(pk=ams.pk).aupdate(version="v9.9.9")  # its wake-up is lost
        assert "v9.9.9" in "".join(await page.messages())
        await User.objects.filter(pk=user.pk).aupdate(is_active=False)
        assert (await page.event())["type"] == "websocket.close"


async def test_speaks_the_language_of_the_page() -> None:
    ams, reader = await create("ams"), await person(*factories.VIEW)
    with translation.override("en"):
        async with opened("/ws/clusters/", reader, {"django_language": "zh-hans"}) as page:
            assert f"cluster-row-{ams.pk}" in "".join(await page.messages())


async def test_somebody_who_goes_while_something_is_sent_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = Page("/ws/clusters/", await person(*factories.VIEW), server=Leaving)
    assert await page.open()
    assert (await page.event())["type"] == "tried"
    assert await page.quiet()
    await page.close()
    assert not caplog.records
