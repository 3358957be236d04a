"""Scale, delete, and choose the options of a federated resource."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from propagation import changes
from propagation.domain import deployments, replicas, types
from propagation.domain.replicas import Mode
from propagation.forms.actions import DeleteForm, ScaleForm
from propagation.forms.options import OptionsPageForm
from propagation.models import FederatedResource
from propagation.views.editing import author, stored


def scalable(resource: FederatedResource) -> bool:
    """Whether there is a number of replicas to change: one for all clusters, or one to share out."""
    if replicas.mode(resource.replica_scheduling) is Mode.STATIC:
        return False
    return resource.type.kind in types.SCALABLE and isinstance(resource.template.get("spec"), dict)


def _replicas(resource: FederatedResource) -> Any:
    if preference := resource.replica_scheduling:
        return preference["totalReplicas"]
    return resource.template["spec"].get("replicas", 1)


def _scale(resource: FederatedResource, count: int) -> None:
    if preference := resource.replica_scheduling:
        resource.replica_scheduling = {**preference, "totalReplicas": count}
    else:
        resource.template = deployments.with_replicas(resource.template, count)


class ScaleView(PermissionRequiredMixin, View):
    """Another number of replicas."""

    permission_required = ["propagation.change_federatedresource"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how many."""
        resource = self._resource(pk)
        initial = {"replicas": _replicas(resource), "generation": resource.generation}
        return self._page(resource, ScaleForm(initial=initial))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store the number as a new generation, or come back from a preview with it."""
        resource = self._resource(pk)
        if request.POST.get("action") == "back":
            return self._page(resource, ScaleForm(initial=request.POST.dict()))
        form = ScaleForm(request.POST)
        if not form.is_valid():
            return self._page(resource, form, status=422)
        _scale(resource, form.cleaned_data["replicas"])
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
            if override.replicas is not None and not resource.replica_scheduling
        }
        if resource.replica_scheduling:
            form.fields["replicas"].label = _("Replicas in total")
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
        try:
            changes.request_deletion(
                resource, author(request), orphan=form.orphan, delete_contents=form.with_contents
            )
        except changes.Inhabited:  # since a moment ago: the form says so now
            return self._page(resource, DeleteForm(resource, request.POST), status=409)
        messages.success(request, _("%(name)s is being removed.") % {"name": resource.name})
        return redirect(f"{resource.get_absolute_url()}?removing")  # which may be quicker than its page

    def _page(self, resource: FederatedResource, form: DeleteForm, status: int = 200) -> HttpResponse:
        rows = resource.propagations.order_by("cluster__name").values_list("cluster__name", flat=True)
        context: dict[str, Any] = {"resource": resource, "form": form, "clusters": list(rows)}
        return render(self.request, "propagation/delete.html", context, status=status)
