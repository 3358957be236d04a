"""What a workload was before: look back, compare, and go back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from propagation import changes, previewing
from propagation.domain import revisions
from propagation.forms.actions import RollbackForm
from propagation.fragments.revisions import Revisions
from propagation.models import Activity, FederatedResource, Revision
from propagation.views.editing import author, stored
from propagation.views.pages import VIEW


class RevisionsView(PermissionRequiredMixin, View):
    """All revisions of a workload, and what differs between two of them."""

    permission_required = VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page and the comparison that the address asks for."""
        resource = get_object_or_404(FederatedResource.objects.select_related("type"), pk=pk)
        found = Revisions(resource, request.path, request.GET, request.user)
        return render(request, "propagation/revisions.html", {"revisions": found, "resource": resource})


class RollbackView(PermissionRequiredMixin, View):
    """Want again what an older revision wanted."""

    permission_required = ["propagation.change_federatedresource", *VIEW]

    def get(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Say what it would change, there and here."""
        resource = stored(pk)
        form = RollbackForm(initial={"generation": resource.generation})
        return self._page(resource, self._revision(resource, number), form)

    def post(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Store it as a new generation."""
        resource = stored(pk)
        revision = self._revision(resource, number)
        form = RollbackForm(request.POST)
        if not form.is_valid():
            return self._page(resource, revision, form, status=422)
        restored = changes.restored(resource, revision)
        restored.generation = form.cleaned_data["generation"]
        try:
            changes.save(restored, author(request), _note(form, number), Activity.Verb.ROLLED_BACK)
        except changes.StaleEdit as error:
            fresh = {"note": form.cleaned_data["note"], "generation": error.resource.generation}
            return self._page(stored(pk), revision, RollbackForm(initial=fresh), status=409)
        words = {"name": resource.name, "number": number}
        messages.success(request, _("%(name)s goes back to revision %(number)s.") % words)
        return redirect(resource)

    def _revision(self, resource: FederatedResource, number: int) -> Revision:
        return get_object_or_404(resource.revisions.select_related("author"), generation=number)

    def _page(
        self, resource: FederatedResource, revision: Revision, form: RollbackForm, status: int = 200
    ) -> HttpResponse:
        current = changes.spec(resource)
        context: dict[str, Any] = {
            "resource": resource,
            "revision": revision,
            "form": form,
            "stale": status == 409,
            "diff": revisions.compare(resource.type.kind, current, revision.spec),
            "previews": previewing.preview_all([changes.restored(resource, revision)]),
            "most": previewing.MOST,
        }
        return render(self.request, "propagation/rollback.html", context, status=status)


def _note(form: RollbackForm, number: int) -> str:
    """In one language for everybody, since it is stored."""
    why = form.cleaned_data["note"]
    return f"Rollback to revision {number}: {why}" if why else f"Rollback to revision {number}"
