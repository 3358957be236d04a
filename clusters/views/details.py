"""One cluster: its page, and the small changes that are made from there."""

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from clusters import changes
from clusters.forms import PlaceForm
from clusters.fragments.details import Detail
from clusters.models import Cluster


class ClusterDetail(PermissionRequiredMixin, View):
    """Its state, what is known of it, its checklist, and what is placed in it."""

    permission_required = "clusters.view_cluster"

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show it; to somebody who has just let it go, that it has left."""
        found = Cluster.objects.select_related("created_by").defer("credential", "api_resources")
        if "leaving" in request.GET and not found.filter(name=name).exists():
            messages.success(request, _("%(name)s has left the federation.") % {"name": name})
            return redirect("clusters:list")
        cluster = get_object_or_404(found, name=name)
        detail = Detail(cluster, name, timezone.now())
        return render(request, "clusters/detail.html", {"cluster": cluster, "detail": detail})


class ChangeView(PermissionRequiredMixin, View):
    """A change of one cluster."""

    permission_required = "clusters.change_cluster"


class EditCluster(ChangeView):
    """Labels and the like; the name stays."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the form."""
        cluster = get_object_or_404(Cluster, name=name)
        initial = {field: getattr(cluster, field) for field in PlaceForm.base_fields}
        return self._page(cluster, PlaceForm(initial=initial))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Save; placements follow."""
        cluster = get_object_or_404(Cluster, name=name)
        form = PlaceForm(request.POST)
        if not form.is_valid():
            return self._page(cluster, form, 422)
        changes.edit(cluster, **form.place)
        messages.success(request, _("Saved."))
        return redirect(cluster)

    def _page(self, cluster: Cluster, form: PlaceForm, status: int = 200) -> HttpResponse:
        return render(self.request, "clusters/edit.html", {"cluster": cluster, "form": form}, status=status)


class CordonCluster(ChangeView):
    """Maintenance: nothing new is placed in a cordoned cluster; what is there stays."""

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Cordon, or with ``cordoned=0`` uncordon."""
        cluster = get_object_or_404(Cluster, name=name)
        changes.edit(cluster, cordoned=request.POST.get("cordoned", "1") != "0")
        return redirect(cluster)


class RetryJoin(ChangeView):
    """Do at once what would be tried later, or waits for somebody."""

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Begin, and show the page where it can be followed."""
        cluster = get_object_or_404(Cluster, name=name)
        changes.check_again(cluster)
        return redirect(cluster)
