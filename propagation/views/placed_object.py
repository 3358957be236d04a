"""One workload in one cluster: how it fares there, and how it differs from what is wanted."""

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from propagation import changes, previewing
from propagation.fragments.placed_object import PlacedObject, find
from propagation.views.editing import author
from propagation.views.pages import VIEW


class PlacedObjectView(PermissionRequiredMixin, View):
    """The page of a row."""

    permission_required = VIEW

    def get(self, request: HttpRequest, pk: int, cluster: str) -> HttpResponse:
        """Ask the cluster, and show both sides."""
        row = get_object_or_404(find(pk, cluster))
        now = timezone.now()
        context = {
            "placed_object": PlacedObject(row, now),
            "comparison": previewing.compare(row),
            "compared_at": now,
        }
        return render(request, "propagation/placed_object.html", context)


class RepairView(PermissionRequiredMixin, View):
    """Deliver one object again."""

    permission_required = ["propagation.change_federatedresource", *VIEW]

    def post(self, request: HttpRequest, pk: int, cluster: str) -> HttpResponse:
        """Have it done at once; the page tells what comes of it."""
        row = get_object_or_404(find(pk, cluster))
        changes.repair(row, author(request))
        messages.success(request, _("It is being delivered again."))
        return redirect("propagation:placed", pk, cluster)
