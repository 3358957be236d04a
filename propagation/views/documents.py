"""KubeFed documents: paste them, and take them away."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from propagation import changes
from propagation.forms import documents
from propagation.forms.documents import Action, Plan, YamlForm
from propagation.fragments import exporting, placements
from propagation.fragments.workloads import workload_list
from propagation.models import FederatedResource
from propagation.views.editing import author, stored
from propagation.views.pages import VIEW

PAGE = "propagation/yaml.html"


class YamlView(PermissionRequiredMixin, View):
    """Paste documents, see what they would do, and store them all at once."""

    def has_permission(self) -> bool:
        """Whoever may create or change something; which documents do what is looked at later."""
        user = self.request.user
        return user.has_perm("clusters.view_cluster") and any(self._may().values())

    def _may(self) -> dict[Action, bool]:
        user = self.request.user
        return {
            Action.CREATE: user.has_perm("propagation.add_federatedresource"),
            Action.UPDATE: user.has_perm("propagation.change_federatedresource"),
        }

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty text, or that of the resource that is to be edited."""
        pk = request.GET.get("resource", "")
        text = exporting.text([stored(int(pk))], request.user) if pk.isdecimal() and len(pk) < 18 else ""
        return self._page(YamlForm(initial={"text": text}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check, or store what has no errors once its updates were confirmed."""
        form = YamlForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(form, status=422)
        plan = self._plan(form)
        if plan.errors:
            return self._page(form, plan, status=422)
        if request.POST.get("action") != "save" or not plan.is_confirmed(form.shown()):
            return self._page(form, plan, confirm=request.POST.get("action") == "save")
        return self._store(form, plan)

    def _plan(self, form: YamlForm) -> Plan:
        clusters = placements.candidates()
        return documents.plan(form.cleaned_data["text"], [one.name for one in clusters], self._may())

    def _store(self, form: YamlForm, plan: Plan) -> HttpResponse:
        try:
            resources = documents.store(plan, author(self.request), form.cleaned_data["note"])
        except (changes.StaleEdit, IntegrityError):
            return self._page(form, self._plan(form), status=409, raced=True)
        messages.success(
            self.request,
            ngettext(
                "%(count)s workload is on its way.", "%(count)s workloads are on their way.", len(resources)
            )
            % {"count": len(resources)},
        )
        return redirect(resources[0]) if len(resources) == 1 else redirect("propagation:list")

    def _page(
        self, form: YamlForm, plan: Plan | None = None, status: int = 200, **context: Any
    ) -> HttpResponse:
        """The page with the text as it was given, also where it came as a file."""
        text = (
            form.cleaned_data.get("text", "") if form.is_bound and form.is_valid() else form["text"].value()
        )
        confirmed = plan.confirmation if plan else ""
        shown = YamlForm(initial={"text": text, "confirmed": confirmed, "note": form["note"].value()})
        context |= {
            "form": shown,
            "problems": form.errors,
            "plan": plan,
            "markers_json": json.dumps(_markers(plan)),
        }
        return render(self.request, PAGE, context, status=status)


def _markers(plan: Plan | None) -> list[dict[str, Any]]:
    """Errors as the editor marks them."""
    errors = plan.errors if plan else []
    return [{"line": one.line, "column": one.column, "message": one.message} for one in errors]


class ExportView(PermissionRequiredMixin, View):
    """One resource as a file, with its status."""

    permission_required = VIEW

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download it."""
        resource = get_object_or_404(FederatedResource.objects.select_related("type"), pk=pk)
        return _download(exporting.text_with_status(resource, request.user, timezone.now()), resource.name)


class ExportManyView(PermissionRequiredMixin, View):
    """What the list shows with these filters, as one file."""

    permission_required = VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Download it; a first line says when there is more."""
        workloads = workload_list(request.GET, request.user, timezone.now())
        total = workloads.page.total
        chosen = workloads.workloads().select_related("type").order_by("namespace", "name", "pk")
        text = exporting.text(chosen[: exporting.MOST], request.user)
        if total > exporting.MOST:
            note = _("The first %(most)s of %(total)s workloads.") % {"most": exporting.MOST, "total": total}
            text = f"# {note}\n{text}"
        return _download(text, "workloads")


def _download(text: str, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}.yaml"'}
    return HttpResponse(text, content_type="application/yaml", headers=disposition)
