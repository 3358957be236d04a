"""KubeFed documents, pasted: what they would do, and storing them. For taking them away see ``exports``."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views import View

from clusters.fragments import tables
from propagation import changes, importing
from propagation.domain import skeletons
from propagation.forms.documents import YamlForm
from propagation.fragments import exporting, placements
from propagation.importing import Plan, Rights
from propagation.models import FederatedType
from propagation.views.editing import author, stored
from propagation.views.types import may_change

PAGE = "propagation/yaml.html"


class YamlView(PermissionRequiredMixin, View):
    """Paste documents, see what they would do, and store them all at once."""

    def has_permission(self) -> bool:
        """Whoever may create or change something; which documents do what is looked at later."""
        rights = self._rights()
        may = rights.create or rights.change or rights.types
        return may and self.request.user.has_perm("clusters.view_cluster")

    def _rights(self) -> Rights:
        user = self.request.user
        return Rights(
            create=user.has_perm("propagation.add_federatedresource"),
            change=user.has_perm("propagation.change_federatedresource"),
            types=may_change(user),
        )

    def get(self, request: HttpRequest) -> HttpResponse:
        """That of the resource that is to be edited, a skeleton of a kind, or an empty text."""
        text = self._skeleton(request.GET.get("kind", ""))
        if pk := tables.number(request.GET.get("resource", "")):
            text = exporting.text([stored(pk)], request.user, timezone.now())
        return self._page(YamlForm(initial={"text": text}))

    def _skeleton(self, name: str) -> str:
        kind = FederatedType.objects.filter(name=name, enabled=True).first() if name.isprintable() else None
        return skeletons.skeleton(kind.resource_type) if kind else ""

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
        names = [one.name for one in placements.candidates()]
        return importing.plan(form.cleaned_data["text"], names, self._rights())

    def _store(self, form: YamlForm, plan: Plan) -> HttpResponse:
        try:
            resources = importing.store(plan, author(self.request), form.cleaned_data["note"])
        except (changes.StaleEdit, IntegrityError):
            return self._page(form, self._plan(form), status=409, raced=True)
        messages.success(self.request, _stored_message(len(resources), len(plan.changed_types)))
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


def _stored_message(resources: int, kinds: int) -> str:
    """What was stored; also when there was nothing to do."""
    told = []
    if kinds:
        told.append(
            ngettext("%(count)s kind was switched.", "%(count)s kinds were switched.", kinds)
            % {"count": kinds}
        )
    if resources or not kinds:
        text = ngettext(
            "%(count)s workload is on its way.", "%(count)s workloads are on their way.", resources
        )
        told.append(text % {"count": resources})
    return " ".join(told)
