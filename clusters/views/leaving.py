"""Letting a cluster go."""

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from clusters import changes
from clusters.forms import UnjoinForm
from clusters.models import Cluster


class UnjoinCluster(PermissionRequiredMixin, View):
    """Detach a cluster, with or without its workloads, or forget it."""

    permission_required = "clusters.delete_cluster"

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show what would happen."""
        cluster = get_object_or_404(Cluster, name=name)
        return self._page(cluster, UnjoinForm(cluster))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Begin, once the name was typed."""
        cluster = get_object_or_404(Cluster, name=name)
        form = UnjoinForm(cluster, request.POST)
        if not form.is_valid():
            return self._page(cluster, form, 422)
        mode = form.cleaned_data["mode"]
        if mode == UnjoinForm.FORGET:
            changes.forget(cluster)
            messages.success(request, _("%(name)s was forgotten.") % {"name": name})
            return redirect("clusters:list")
        changes.leave(cluster, delete_workloads=mode == UnjoinForm.DELETE)
        return redirect(f"{cluster.get_absolute_url()}?leaving")  # which may be quicker than its page

    def _page(self, cluster: Cluster, form: UnjoinForm, status: int = 200) -> HttpResponse:
        return render(self.request, "clusters/unjoin.html", {"cluster": cluster, "form": form}, status=status)
