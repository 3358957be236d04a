"""The admin: people's scopes are set here; all else of this app is only looked at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from propagation.models import FederatedResource, FederatedType, NamespaceScope, Propagation


class ReadOnly(admin.ModelAdmin[Any]):
    """To look at: what is changed goes through ``changes``, which schedules it."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here: its objects in the members have to go first."""
        return False


@admin.register(FederatedType)
class FederatedTypeAdmin(ReadOnly):
    """Which kinds may be federated; they are switched on the console's own page."""

    list_display = ("name", "kind", "version", "namespaced", "enabled")
    list_filter = ("enabled", "namespaced")
    search_fields = ("name", "kind")


@admin.register(FederatedResource)
class FederatedResourceAdmin(ReadOnly):
    """What people want."""

    list_display = ("name", "namespace", "type", "generation", "observed_generation", "updated_at")
    list_filter = ("type",)
    list_select_related = ("type",)
    search_fields = ("name", "namespace")
    exclude = ("template", "overrides")  # of a Secret, they are secret


@admin.register(Propagation)
class PropagationAdmin(ReadOnly):
    """How each object fares in each cluster."""

    list_display = ("resource", "cluster", "delivery", "rollout", "reason", "attempts", "observed_at")
    list_filter = ("delivery", "rollout")
    list_select_related = ("resource__type", "cluster")
    search_fields = ("resource__name", "cluster__name")


@admin.register(NamespaceScope)
class NamespaceScopeAdmin(admin.ModelAdmin[NamespaceScope]):
    """The groups whose people are limited to some namespaces."""

    list_display = ("group", "namespaces")
    list_select_related = ("group",)
