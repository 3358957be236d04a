"""The pages that show: the board, the workloads, one workload, and what is placed in a cluster."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from clusters.models import Cluster
from propagation.domain import deployments
from propagation.fragments import exporting
from propagation.fragments.activity import Timeline
from propagation.fragments.board import Board
from propagation.fragments.detail import Detail, Placed
from propagation.fragments.workloads import workload_list
from propagation.models import FederatedResource
from propagation.views.actions import scalable
from propagation.views.editing import editable

VIEW = ["propagation.view_federatedresource", "clusters.view_cluster"]


class BoardView(PermissionRequiredMixin, View):
    """How everything fares, on one page."""

    permission_required = VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the part that the address asks for."""
        return render(
            request, "propagation/board.html", {"board": Board(request.GET, request.user, timezone.now())}
        )


class ListView(PermissionRequiredMixin, View):
    """All workloads."""

    permission_required = VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page that the address asks for."""
        workloads = workload_list(request.GET, request.user, timezone.now())
        export = replace(workloads.where, path=reverse("propagation:export_many"))
        context = {"workloads": workloads, "export_url": export.link(page="", sort="")}
        return render(request, "propagation/list.html", context)


class DetailView(PermissionRequiredMixin, View):
    """One workload: its clusters, or its YAML."""

    permission_required = VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the tab that the address asks for; to somebody who has just deleted it, that it is gone."""
        found = FederatedResource.objects.select_related("type", "created_by")
        if "removing" in request.GET and not found.filter(pk=pk).exists():
            messages.success(request, _("This workload has been removed."))
            return redirect("propagation:list")
        resource = get_object_or_404(found, pk=pk)
        workload = Detail(resource, timezone.now())
        as_yaml = request.GET.get("tab") == "yaml"
        context = {
            "workload": workload,
            "tab": "yaml" if as_yaml else "clusters",
            "text": exporting.text_with_status(resource, request.user, timezone.now()) if as_yaml else "",
            "editable": editable(resource),
            "scalable": scalable(resource),
            "timeline": None if as_yaml else Timeline(resource),
            "basics": deployments.read(resource.template) if editable(resource) else None,
        }
        return render(request, "propagation/detail.html", context)


class InClusterView(PermissionRequiredMixin, View):
    """The part of a cluster's page that this app knows: what is placed there."""

    permission_required = VIEW

    def get(self, request: HttpRequest, cluster_pk: int) -> HttpResponse:
        """The fragment alone; nothing for a page whose cluster has left since it was opened."""
        cluster = Cluster.objects.defer("credential").filter(pk=cluster_pk).first()
        if cluster is None and request.headers.get("HX-Request"):
            return HttpResponse(status=204)
        if cluster is None:
            raise Http404
        placed = Placed(cluster, timezone.now())
        return render(request, "propagation/_in_cluster.html", {"in_cluster": placed})
