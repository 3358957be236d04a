"""Live pages: what a page shows is rendered again when rows change, and sent over its websocket."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, QueryDict
from django.utils import timezone, translation

from clusters import live
from clusters.fragments import Fragment, details, listing
from clusters.models import Cluster

logger = logging.getLogger(__name__)

#: Seconds between two renderings for one socket.
THROTTLE = 0.25
#: Seconds after which a page is compared with the database without having been woken.
REFRESH = 10.0

#: Changed primary keys by group; None asks for everything that the page shows.
Changes = Mapping[str, set[int]] | None


class LiveConsumer(AsyncWebsocketConsumer):
    """Pushes the fragments of one page.

    A subclass names the ``groups`` that wake it (see ``live``) and the ``permissions`` that its page asks
    for, and implements ``fragments``. Subscribed before anything is read, it sends a snapshot on connect;
    then the first change goes out at once and what follows at most every 250 ms. Every ten seconds it
    compares the whole page with the database: that carries report times, shows what became stale, makes
    up for lost wake-ups, and ends the connection of somebody who has logged out or lost the permission.
    A fragment is only sent when it differs from what this socket got last.
    """

    groups: list[str] = []
    permissions: ClassVar[tuple[str, ...]] = ()

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """What to show for these changes, or all of it for None. Synchronous: it reads the database."""
        raise NotImplementedError

    def serving(self) -> AbstractContextManager[None]:
        """What fragments are read within; for apps that show each person a part of their rows."""
        return nullcontext()

    async def connect(self) -> None:
        """Accept people who may see the page; others are refused before the handshake is over."""
        self._pending: dict[str, set[int]] = defaultdict(set)
        self._woken = asyncio.Event()
        self._sent: dict[str, int] = {}
        self._pushing: asyncio.Task[None] | None = None
        if not await database_sync_to_async(self._permitted)():
            await self.close()
            return
        await self.accept()
        self._pushing = asyncio.create_task(self._push_forever())

    async def disconnect(self, code: int) -> None:
        """Stop rendering."""
        if self._pushing:
            self._pushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pushing

    async def changed(self, event: dict[str, Any]) -> None:
        """A wake-up from ``live.announce``."""
        self._pending[event["group"]].update(event["pks"])
        self._woken.set()

    @property
    def request(self) -> HttpRequest:
        """The page's request, as far as a fragment needs it: user, query, language."""
        request = HttpRequest()
        request.method = "GET"
        request.user = self.user
        request.path = self.scope["path"].removeprefix("/ws")
        request.GET = QueryDict(self.scope.get("query_string", b""))
        request.COOKIES = self.scope.get("cookies", {})
        headers = dict(self.scope.get("headers", []))
        request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get(b"accept-language", b"").decode("latin-1")
        return request

    @property
    def user(self) -> User | AnonymousUser:
        user: User | AnonymousUser = self.scope.get("user") or AnonymousUser()  # type: ignore[assignment]
        return user

    def _permitted(self) -> bool:
        """Whether the person is still logged in, active, and allowed to see the page. As of now: no cache."""
        session = self.scope.get("session")
        if session is not None and session.session_key and not session.exists(session.session_key):
            return False
        user = get_user_model().objects.filter(pk=self.user.pk or 0, is_active=True).first()
        return user is not None and user.has_perms(self.permissions)

    async def _push_forever(self) -> None:
        """Until the person may not look any more, or has gone: by ASGI, sending is an ``OSError`` then."""
        changes: Changes = None
        with contextlib.suppress(OSError):
            while (messages := await self._news(changes)) is not None:
                for message in messages:
                    await self.send(text_data=message)
                await asyncio.sleep(THROTTLE)
                changes = await self._next()
            await self.close(code=4403)

    async def _news(self, changes: Changes) -> list[str] | None:
        """What to send; None for somebody who may not look. What cannot be rendered is tried again later."""
        try:
            if changes is None and not await database_sync_to_async(self._permitted)():
                return None
            return _messages(await database_sync_to_async(self._render)(changes))
        except Exception:
            logger.exception("Cannot render %s", self.scope["path"])
            return []

    async def _next(self) -> Changes:
        """The changes that came since the last call, or None when it is time for a look at everything."""
        try:
            await asyncio.wait_for(self._woken.wait(), REFRESH)
        except TimeoutError:
            return None
        taken, self._pending = self._pending, defaultdict(set)
        self._woken.clear()
        return taken

    def _render(self, changes: Changes) -> list[Fragment]:
        with self.serving(), translation.override(translation.get_language_from_request(self.request)):
            return [fragment for fragment in self.fragments(changes) if self._is_news(fragment)]

    def _is_news(self, fragment: Fragment) -> bool:
        version = hash(fragment.version)
        is_news = self._sent.get(fragment.id) != version
        self._sent[fragment.id] = version
        return is_news


def _messages(fresh: Sequence[Fragment]) -> list[str]:
    """Bodies of tables, rows, and other elements in messages of their own: a parser drops them beside
    each other (and gives a row beside a body another one).
    """
    bodies = "".join(one.html for one in fresh if one.row and one.html.lstrip().startswith("<tbody"))
    rows = "".join(one.html for one in fresh if one.row and one.html.lstrip().startswith("<tr"))
    others = "".join(one.html for one in fresh if not one.row)
    return [message for message in (bodies, rows, others) if message]


class ClusterListConsumer(LiveConsumer):
    """The list of clusters, with the filters and the page of its address.

    Rows that stay keep their places, so that none jumps away under the pointer; the whole body is sent
    when rows came or went.
    """

    groups: list[str] = [live.CLUSTERS]
    permissions: ClassVar[tuple[str, ...]] = ("clusters.view_cluster",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown: frozenset[int] | None = None

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Read the page anew: any change may concern its counters, and which rows are on it."""
        page = listing.Listing(self.request.GET, timezone.now())
        keys = frozenset(row.pk for row in page.rows)
        pieces = [piece for row in page.rows for piece in listing.row(row)]
        if self._shown == keys:
            yield from pieces
        else:
            for piece in pieces:
                self._is_news(piece)  # remembered as sent: with the body
            yield listing.body(page)
        self._shown = keys
        yield listing.counters(page)


class ClusterConsumer(LiveConsumer):
    """One cluster's page."""

    groups: list[str] = [live.CLUSTERS]
    permissions: ClassVar[tuple[str, ...]] = ("clusters.view_cluster",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pk = 0

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Its parts; of a cluster that left (perhaps before this socket was open), that it is gone."""
        if changes is not None and self._pk and self._pk not in changes.get(live.CLUSTERS, ()):
            return
        name = self.scope["url_route"]["kwargs"]["name"]
        found = Cluster.objects.select_related("created_by").defer("credential", "api_resources")
        cluster = found.filter(name=name).first()
        self._pk = cluster.pk if cluster else 0
        yield from details.parts(details.Detail(cluster, name, timezone.now()))
