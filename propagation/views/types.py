"""Which kinds are federated: look, add what members serve, switch on and off."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from clusters.fragments import tables
from clusters.tasks import discover_kinds, wake
from propagation import enabling, scopes
from propagation.forms.types import DisableForm, DiscoverForm
from propagation.fragments import types
from propagation.fragments.workloads import AnyUser
from propagation.models import FederatedType
from propagation.views.editing import author

VIEW = ["propagation.view_federatedtype", "clusters.view_cluster"]
CHANGE = ["propagation.change_federatedtype", "clusters.view_cluster"]


def may_change(user: AnyUser) -> bool:
    """Whether somebody may switch kinds: that concerns the namespaces of others too."""
    return user.has_perms(CHANGE) and not scopes.is_limited()


class ListView(PermissionRequiredMixin, View):
    """All kinds that are, or were, federated."""

    permission_required = VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them, and where members do not serve them."""
        context = {"rows": types.type_rows(), "may_change": may_change(request.user)}
        return render(request, "propagation/types.html", context)


class ChangeView(PermissionRequiredMixin, View):
    """What the views have in common that switch kinds."""

    def has_permission(self) -> bool:
        """Whoever may, and is not limited to namespaces."""
        return may_change(self.request.user)


class DiscoverView(ChangeView):
    """What members serve besides, custom resources included."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what could be added."""
        where = tables.address(request.path, request.GET, ("q",))
        discovery = types.discovery(where.text("q"))
        return self._page(discovery, DiscoverForm(discovery.choices), search=where.text("q"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Federate what was chosen."""
        discovery = types.discovery()
        form = DiscoverForm(discovery.choices, request.POST)
        if not form.is_valid():
            return self._page(discovery, form, status=422)
        try:
            added = enabling.add(form.chosen, author(request))
        except IntegrityError:
            return self._page(types.discovery(), form, status=409, raced=True)
        text = ngettext("%(kinds)s can be federated now.", "%(kinds)s can be federated now.", len(added))
        messages.success(request, text % {"kinds": ", ".join(one.kind for one in added)})
        return redirect("propagation:types")

    def _page(
        self, discovery: types.Discovery, form: DiscoverForm, status: int = 200, **context: Any
    ) -> HttpResponse:
        chosen = form["kinds"].value() or []
        context |= {"discovery": discovery, "form": form, "chosen": chosen}
        return render(self.request, "propagation/types_discover.html", context, status=status)


class LookAgainView(ChangeView):
    """Ask the members at once what they serve."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """The answers arrive while people look at the page again."""
        wake(discover_kinds)
        messages.info(request, _("The clusters are being asked. Reload the page in a moment."))
        return redirect("propagation:discover_types")


class EnableView(ChangeView):
    """Switch a kind on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propagate it from now on."""
        kind = get_object_or_404(FederatedType, pk=pk)
        enabling.enable(kind, author(request))
        messages.success(request, _("%(kind)s is enabled.") % {"kind": kind.kind})
        return redirect("propagation:types")


class DisableView(ChangeView):
    """Switch a kind off; one that is in use only after a question."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what it means."""
        return self._page(get_object_or_404(FederatedType, pk=pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propagate nothing of it any more."""
        kind = get_object_or_404(FederatedType, pk=pk)
        if kind.resources.exists() and not DisableForm(request.POST).is_valid():
            return self._page(kind, status=422)
        enabling.disable(kind, author(request))
        messages.success(request, _("%(kind)s is disabled.") % {"kind": kind.kind})
        return redirect("propagation:types")

    def _page(self, kind: FederatedType, status: int = 200) -> HttpResponse:
        context = {"kind": kind, "resources": kind.resources.count()}
        return render(self.request, "propagation/types_disable.html", context, status=status)
