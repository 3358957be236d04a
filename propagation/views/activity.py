"""Who did what, when and why."""

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from propagation.fragments.activity import Feed
from propagation.views.pages import VIEW


class ActivityView(PermissionRequiredMixin, View):
    """The feed."""

    permission_required = VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the part that the address asks for."""
        return render(request, "propagation/activity.html", {"feed": Feed(request.GET)})
