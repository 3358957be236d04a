"""Websocket paths of the propagation pages."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
