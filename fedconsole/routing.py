"""Websocket paths: ``/ws`` and the page's own path."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import re_path

from clusters import routing as clusters
from propagation import routing as propagation


class Nowhere(AsyncWebsocketConsumer):
    """Refuses what is no page's address, which would be an error in the log otherwise."""

    async def connect(self) -> None:
        """Before the handshake is over."""
        await self.close()


#: The upper app comes first: it adds its part to a page of the lower one.
websocket_urlpatterns = [
    *propagation.websocket_urlpatterns,
    *clusters.websocket_urlpatterns,
    re_path("", Nowhere.as_asgi()),  # type: ignore[arg-type]
]
