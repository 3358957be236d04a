"""The list of clusters."""

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from clusters.fragments.listing import Listing


class ClusterList(PermissionRequiredMixin, View):
    """All clusters, by page."""

    permission_required = "clusters.view_cluster"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page that the address asks for."""
        return render(request, "clusters/list.html", {"listing": Listing(request.GET, timezone.now())})
