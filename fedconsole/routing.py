"""Websocket paths: ``/ws`` and the page's own path."""

from clusters import routing as clusters
from propagation import routing as propagation

websocket_urlpatterns = [*clusters.websocket_urlpatterns, *propagation.websocket_urlpatterns]
