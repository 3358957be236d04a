"""Websocket paths of the propagation pages: ``/ws`` and the page's own path."""

from django.urls import URLPattern, path

from propagation import consumers

websocket_urlpatterns: list[URLPattern] = [
    path("ws/", consumers.BoardConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/workloads/", consumers.ListConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/workloads/<int:pk>/", consumers.DetailConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/workloads/<int:pk>/revisions/", consumers.RevisionsConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/activity/", consumers.ActivityConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/workloads/<int:pk>/in/<cluster:cluster>/", consumers.PlacedObjectConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/clusters/<cluster:name>/", consumers.ClusterPageConsumer.as_asgi()),  # type: ignore[arg-type]
]
