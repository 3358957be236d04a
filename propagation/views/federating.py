"""Federate what exists: choose a cluster, a namespace and objects, look at the documents, store them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from clusters.kube import errors
from propagation import changes, federating
from propagation.federating import Contents
from propagation.forms.federating import REASONS, ChoiceForm, SourceForm, is_sealed, seal
from propagation.fragments import exporting
from propagation.models import Activity, FederatedResource
from propagation.views import preview
from propagation.views.editing import author


class FederateView(PermissionRequiredMixin, View):
    """One page for all steps: what is chosen already stands in the address, or in the form."""

    permission_required = [
        "propagation.add_federatedresource",
        "propagation.view_federatedresource",
        "clusters.view_cluster",
    ]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for what is not chosen yet."""
        source, contents = self._source(request.GET)
        if contents is None:
            return self._page(source)
        return self._choose(source, contents, ChoiceForm(source.member, contents))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what would be stored, ask the clusters about it, or store it."""
        source, contents = self._source(request.POST)
        if contents is None:
            return self._page(source, status=422)
        form = ChoiceForm(source.member, contents, request.POST)
        if not form.is_valid():
            return self._choose(source, contents, form, status=422)
        resources = form.build()
        match request.POST.get("action"):
            case "choose":
                return self._choose(source, contents, form)
            case "ask":
                return self._ask(resources)
            case "save" if is_sealed(resources, request.POST.get("seal", "")):
                return self._store(source, resources)
            case "save":
                return self._documents(source, resources, status=409)
        return self._documents(source, resources)

    def _source(self, data: QueryDict) -> tuple[SourceForm, Contents | None]:
        """The form of the first two steps, and what the namespace holds if there is one."""
        source = SourceForm(data if "cluster" in data else None)
        if not source.is_valid():
            return source, None
        namespace = source.cleaned_data["namespace"]
        try:
            source.offer(federating.namespaces(source.member))
            contents = federating.look(source.member, namespace) if namespace else None
        except errors.MemberError as error:
            source.add_error("cluster", f"{error.reason}: {error}")
            return source, None
        if namespace and contents is None:
            source.add_error("namespace", _("There is no such namespace."))
        return source, contents

    def _store(self, source: SourceForm, resources: list[FederatedResource]) -> HttpResponse:
        note = _("Federated from %(name)s.") % {"name": source.member.name}
        try:
            changes.save_all(resources, author(self.request), note, Activity.Verb.IMPORTED)
        except IntegrityError:
            return self._raced()
        text = ngettext("%(count)s object is federated.", "%(count)s objects are federated.", len(resources))
        messages.success(self.request, text % {"count": len(resources)})
        return redirect("propagation:list")

    def _raced(self) -> HttpResponse:
        """Somebody else has just federated one of these: look again."""
        source, contents = self._source(self.request.POST)
        if contents is None:
            return self._page(source, status=409)
        form = ChoiceForm(source.member, contents, self.request.POST)
        form.is_valid()
        return self._choose(source, contents, form, status=409)

    def _ask(self, resources: list[FederatedResource]) -> HttpResponse:
        """What would happen in every cluster, by a dry run."""
        fields = [*self._fields(), ("seal", seal(resources))]
        origin = reverse("propagation:federate")
        return preview.page(self.request, resources, origin, fields, save=_("Federate"), back="preview")

    def _fields(self) -> list[tuple[str, str]]:
        """What was chosen, for the next step."""
        return [(name, value) for name, value in preview.carried(self.request.POST) if name != "seal"]

    # Pages

    def _page(self, source: SourceForm, status: int = 200, **context: Any) -> HttpResponse:
        return render(self.request, "propagation/federate.html", {"source": source} | context, status=status)

    def _choose(
        self, source: SourceForm, contents: Contents, form: ChoiceForm, status: int = 200
    ) -> HttpResponse:
        skipped = [(one, REASONS[one.skip]) for one in contents.skipped if one.skip]
        return self._page(source, status, form=form, contents=contents, skipped=skipped)

    def _documents(
        self, source: SourceForm, resources: list[FederatedResource], status: int = 200
    ) -> HttpResponse:
        context = {
            "source": source.cleaned_data,
            "resources": resources,
            "documents": exporting.text(resources, self.request.user, timezone.now()),
            "fields": self._fields(),
            "seal": seal(resources),
            "changed": status == 409,
        }
        return render(self.request, "propagation/federate_preview.html", context, status=status)
