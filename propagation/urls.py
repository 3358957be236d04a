"""Paths of the propagation pages."""

from django.urls import URLPattern

app_name = "propagation"

urlpatterns: list[URLPattern] = []
