"""The pages that show: the board, the workloads, one workload, and what is placed in a cluster."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views import View

from clusters.models import Cluster
from propagation import feed
from propagation.domain import confidential, deployments
from propagation.fragments import exporting
from propagation.fragments.activity import Timeline
from propagation.fragments.board import Board
from propagation.fragments.detail import Detail, Placed
from propagation.fragments.workloads import workload_list
from propagation.models import Activity, FederatedResource, FederatedType
from propagation.views.actions import scalable
from propagation.views.editing import DEPLOYMENT, author, editable

#: Kinds that people create often; a Deployment has a form.
USUAL = ("configmaps", "namespaces", "secrets", "services")

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
        exports = [
            (_("YAML"), export.link(page="", sort="")),
            (_("YAML with status"), export.link(**{"page": "", "sort": "", "with": "status"})),
            (_("JSON"), export.link(page="", sort="", format="json")),
            (
                _("JSON with status"),
                export.link(**{"page": "", "sort": "", "with": "status", "format": "json"}),
            ),
        ]
        context = {"workloads": workloads, "exports": exports, **self._kinds()}
        return render(request, "propagation/list.html", context)

    def _kinds(self) -> dict[str, list[FederatedType]]:
        """What can be created here beside Deployments: the usual kinds first."""
        if not self.request.user.has_perm("propagation.add_federatedresource"):
            return {}
        found = FederatedType.objects.filter(enabled=True).exclude(name=DEPLOYMENT).order_by("kind", "name")
        usual = [one for one in found if one.name in USUAL]
        return {"usual_kinds": usual, "other_kinds": [one for one in found if one.name not in USUAL]}


class DetailView(PermissionRequiredMixin, View):
    """One workload: its clusters, or its YAML."""

    permission_required = VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the tab that the address asks for; to somebody who has just deleted it, that it is gone."""
        found = FederatedResource.objects.select_related("type", "created_by")
        if "removing" in request.GET and not found.filter(pk=pk).exists():
            messages.success(request, _("This workload has been removed."))
            return redirect("propagation:list")
        return self._page(get_object_or_404(found, pk=pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the values of a Secret once, and tell that somebody has seen them."""
        if not request.user.has_perm("propagation.change_federatedresource"):
            raise PermissionDenied
        found = FederatedResource.objects.select_related("type", "created_by")
        resource = get_object_or_404(found, pk=pk, type__kind__in=confidential.FIELDS)
        feed.tell(Activity.Verb.REVEALED, [resource], author(request))
        return self._page(resource, revealing=True)

    def _page(self, resource: FederatedResource, *, revealing: bool = False) -> HttpResponse:
        request, now = self.request, timezone.now()
        as_yaml = revealing or request.GET.get("tab") == "yaml"
        text = exporting.text_with_status(resource, request.user, now, revealing=revealing) if as_yaml else ""
        secret = resource.type.kind in confidential.FIELDS
        context = {
            "workload": Detail(resource, now),
            "tab": "yaml" if as_yaml else "clusters",
            "text": text,
            "hidden": secret and not revealing,
            "editable": editable(resource),
            "scalable": scalable(resource),
            "timeline": None if as_yaml else Timeline(resource),
            "basics": deployments.read(resource.template) if editable(resource) else None,
        }
        response = render(request, "propagation/detail.html", context)
        if revealing:
            add_never_cache_headers(response)
        return response


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
