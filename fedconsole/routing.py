"""Websocket paths: ``/ws`` and the page's own path."""

from clusters import routing as clusters
from propagation import routing as propagation

#: The upper app comes first: it adds its part to a page of the lower one.
websocket_urlpatterns = [*propagation.websocket_urlpatterns, *clusters.websocket_urlpatterns]
