"""Websocket paths of the clusters pages."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
