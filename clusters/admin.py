"""Clusters in Django's administration: to look at; joining and leaving have pages of their own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from clusters.models import Cluster


@admin.register(Cluster)
class ClusterAdmin(admin.ModelAdmin[Cluster]):
    list_display = ("name", "phase", "ready", "reason", "version", "region", "last_probe_time")
    list_filter = ("phase", "ready", "region")
    search_fields = ("name",)
    exclude = ("credential", "ca_bundle")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
