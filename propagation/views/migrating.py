"""Migrating from KubeFed: read the host's kubeconfig, look at the report, join the members, import the rest.

One form, a button for each step: each posts all of it, and looks at the host again.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View

from clusters import uploads
from clusters.uploads import Reading
from propagation import changes, kubefed_host, migrating, scopes
from propagation.forms.migrating import MigrateForm
from propagation.migrating import Migration
from propagation.views.editing import author

PAGE = "propagation/migrate.html"

#: Lines that a table of the report shows; the rest is counted.
SHOWN = 200


class MigrateView(PermissionRequiredMixin, View):
    """All steps of a migration."""

    permission_required = (
        "clusters.view_cluster",
        "clusters.add_cluster",
        "propagation.add_federatedresource",
        "propagation.change_federatedresource",
        "propagation.change_federatedtype",
    )

    def has_permission(self) -> bool:
        """Whoever may do all of it, everywhere: kinds and clusters are not of one namespace."""
        return super().has_permission() and not scopes.is_limited()

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for a kubeconfig."""
        return self._page(MigrateForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take the next step."""
        reading = uploads.read(request.POST, request.FILES, request.session)
        if "read" in request.POST:
            return self._page(self._typed(reading), 422 if reading.problem else 200)
        form = MigrateForm(request.POST, reading=reading)
        if not form.is_valid():
            return self._page(form, 422)
        try:
            migration = self._examine(form)
            return self._carry_out(form, migration)
        except kubefed_host.NotReadable as error:
            return self._page(form, 422, problem=str(error), hint=error.hint)

    def _typed(self, reading: Reading) -> MigrateForm:
        """The form as it was typed, not checked yet."""
        names = [name for name in MigrateForm.base_fields if name in self.request.POST]
        initial = {name: self.request.POST[name] for name in names}
        return MigrateForm(initial=initial, reading=reading)

    def _examine(self, form: MigrateForm) -> Migration:
        chosen = form.cleaned_data
        return migrating.examine(form.connection, chosen["namespace"], insecure=chosen["unverified"])

    def _carry_out(self, form: MigrateForm, migration: Migration) -> HttpResponse:
        match self.request.POST.get("action"):
            case "join":
                return self._join(form, migration)
            case "import" if migration.blocked or migration.report.digest != form.cleaned_data["seen"]:
                return self._page(form, 409, migration, outdated=not migration.blocked)
            case "import":
                return self._import(form, migration)
        return self._page(form, 200, migration)

    def _join(self, form: MigrateForm, migration: Migration) -> HttpResponse:
        chosen = form.cleaned_data
        names = len(migration.joinable)
        problems = migrating.join(
            migration, author(self.request), chosen["preset"], insecure=chosen["unverified"]
        )
        if begun := names - len(problems):
            text = ngettext(
                "%(count)s cluster is being joined.", "%(count)s clusters are being joined.", begun
            )
            messages.success(self.request, text % {"count": begun})
        return self._page(form, 422 if problems else 200, self._examine(form), problems=problems)

    def _import(self, form: MigrateForm, migration: Migration) -> HttpResponse:
        overwrite = form.cleaned_data["overwrite"]
        try:
            stored = migrating.store(migration, author(self.request), overwrite=overwrite)
        except (changes.StaleEdit, IntegrityError):
            return self._page(form, 409, self._examine(form), outdated=True)
        uploads.drop(self.request.session, form.reading.key)
        text = ngettext("%(count)s workload was imported.", "%(count)s workloads were imported.", len(stored))
        messages.success(self.request, text % {"count": len(stored)})
        return redirect("propagation:list")

    def _page(
        self, form: MigrateForm, status: int = 200, migration: Migration | None = None, **context: Any
    ) -> HttpResponse:
        context |= {
            "form": form,
            "reading": form.reading,
            "one_page": True,
            "migration": migration,
            "sections": _sections(migration) if migration else [],
        }
        return render(self.request, PAGE, context, status=status)


def _sections(migration: Migration) -> list[dict[str, Any]]:
    """The tables of the report: what needs somebody first."""
    report = migration.report
    titled = [
        (_("Clusters"), report.clusters),
        (_("Kinds"), report.kinds),
        (_("Workloads"), report.resources),
        (_("Preferences"), report.preferences),
    ]
    return [
        {
            "title": title,
            "lines": sorted(lines, key=lambda line: line.standing.rank)[:SHOWN],
            "total": len(lines),
            "more": max(0, len(lines) - SHOWN),
        }
        for title, lines in titled
    ]
