"""Websocket paths of the clusters pages: ``/ws`` and the page's own path."""

from django.urls import URLPattern, path

from clusters import consumers

websocket_urlpatterns: list[URLPattern] = [
    path("ws/clusters/", consumers.ClusterListConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/clusters/<cluster:name>/", consumers.ClusterConsumer.as_asgi()),  # type: ignore[arg-type]
]
