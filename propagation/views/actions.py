"""Scale, delete, and choose the options of a federated resource."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from propagation import changes
from propagation.domain import deployments, types
from propagation.forms.actions import DeleteForm, ScaleForm
from propagation.forms.options import OptionsPageForm
from propagation.models import FederatedResource
from propagation.views.editing import author, stored


def scalable(resource: FederatedResource) -> bool:
    """Whether there is a number of replicas to change."""
    return resource.type.kind in types.SCALABLE and isinstance(resource.template.get("spec"), dict)


class ScaleView(PermissionRequiredMixin, View):
    """Another number of replicas."""

    permission_required = ["propagation.change_federatedresource"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how many."""
        resource = self._resource(pk)
        replicas = resource.template["spec"].get("replicas", 1)
        form = ScaleForm(initial={"replicas": replicas, "generation": resource.generation})
        return self._page(resource, form)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store the number as a new generation, or come back from a preview with it."""
        resource = self._resource(pk)
        if request.POST.get("action") == "back":
            return self._page(resource, ScaleForm(initial=request.POST.dict()))
        form = ScaleForm(request.POST)
        if not form.is_valid():
            return self._page(resource, form, status=422)
        resource.template = deployments.with_replicas(resource.template, form.cleaned_data["replicas"])
        resource.generation = form.cleaned_data["generation"]
        return self.carry_out(resource, form)

    def carry_out(self, resource: FederatedResource, form: ScaleForm) -> HttpResponse:
        """Store it, unless somebody else was faster."""
        try:
            changes.save(resource, author(self.request))
        except changes.StaleEdit as error:
            return self.outdated(error.resource, form)
        messages.success(
            self.request,
            _("%(name)s is being scaled to %(replicas)s.")
            % {"name": resource.name, "replicas": form.cleaned_data["replicas"]},
        )
        return redirect(resource)

    def outdated(self, current: FederatedResource, form: ScaleForm) -> HttpResponse:
        """Ask again, of what is there now."""
        fresh = {"replicas": form.cleaned_data["replicas"], "generation": current.generation}
        return self._page(current, ScaleForm(initial=fresh), status=409)

    def _resource(self, pk: int) -> FederatedResource:
        resource = stored(pk)
        if not scalable(resource):
            raise Http404
        return resource

    def _page(self, resource: FederatedResource, form: ScaleForm, status: int = 200) -> HttpResponse:
        overridden = {
            name: override.replicas
            for name, override in deployments.read_overrides(resource.overrides).items()
            if override.replicas is not None
        }
        context = {"resource": resource, "form": form, "overridden": overridden, "stale": status == 409}
        return render(self.request, "propagation/scale.html", context, status=status)


class OptionsView(PermissionRequiredMixin, View):
    """How its objects are dealt with, for kinds that have no form of their own."""

    permission_required = ["propagation.change_federatedresource"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form."""
        resource = stored(pk)
        return self._page(resource, OptionsPageForm(resource=resource))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store them as a new generation."""
        resource = stored(pk)
        form = OptionsPageForm(request.POST, resource=resource)
        if not form.is_valid():
            return self._page(resource, form, status=422)
        form.write(resource)
        try:
            changes.save(resource, author(request))
        except changes.StaleEdit as error:
            return self._page(error.resource, form.renewed(error.resource), status=409)
        messages.success(request, _("The options of %(name)s are stored.") % {"name": resource.name})
        return redirect(resource)

    def _page(self, resource: FederatedResource, form: OptionsPageForm, status: int = 200) -> HttpResponse:
        context = {"resource": resource, "form": form, "stale": status == 409}
        return render(self.request, "propagation/options.html", context, status=status)


class DeleteView(PermissionRequiredMixin, View):
    """Take the objects out of every cluster, or leave them there and forget them."""

    permission_required = ["propagation.delete_federatedresource"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what goes, and ask for the name."""
        resource = stored(pk)
        return self._page(resource, DeleteForm(resource))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the deletion, which the members carry out; or come back from a preview."""
        resource = stored(pk)
        if request.POST.get("action") == "back":
            return self._page(resource, DeleteForm(resource, initial=request.POST.dict()))
        form = DeleteForm(resource, request.POST)
        if not form.is_valid():
            return self._page(resource, form, status=422)
        changes.request_deletion(
            resource, author(request), orphan=form.orphan, delete_contents=form.with_contents
        )
        messages.success(request, _("%(name)s is being removed.") % {"name": resource.name})
        return redirect(f"{resource.get_absolute_url()}?removing")  # which may be quicker than its page

    def _page(self, resource: FederatedResource, form: DeleteForm, status: int = 200) -> HttpResponse:
        rows = resource.propagations.order_by("cluster__name").values_list("cluster__name", flat=True)
        context: dict[str, Any] = {"resource": resource, "form": form, "clusters": list(rows)}
        return render(self.request, "propagation/delete.html", context, status=status)
