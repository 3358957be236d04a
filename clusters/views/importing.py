"""Importing a cluster: read a kubeconfig, choose a context, try the connection, begin the join.

One form, several buttons: each posts all of it, so that it works without JavaScript. With it, reading and
trying replace their own part of the page alone, and nothing that is being typed elsewhere.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from clusters import changes, joining, uploads
from clusters.forms import ContextForm, ImportForm, NamesField, check_name
from clusters.models import Cluster, Preset
from clusters.uploads import Reading

PAGE = "clusters/import.html"


class ImportView(PermissionRequiredMixin, View):
    """What the steps of an import have in common."""

    permission_required = "clusters.add_cluster"

    def page(
        self, form: ContextForm, status: int = 200, template: str = PAGE, **context: Any
    ) -> HttpResponse:
        """The page, or one part of it."""
        return render(
            self.request, template, {"form": form, "reading": form.reading, **context}, status=status
        )

    def read(self) -> Reading:
        """The kubeconfig that was posted, or kept."""
        return uploads.read(self.request.POST, self.request.FILES, self.request.session)

    def typed(self, reading: Reading) -> ImportForm:
        """The form as it was typed, not checked yet."""
        names = [name for name in ImportForm.base_fields if name in self.request.POST]
        return ImportForm(initial={name: self.request.POST[name] for name in names}, reading=reading)


class ImportCluster(ImportView):
    """The page, and its last step."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the empty form."""
        return self.page(ImportForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the cluster and begin to join it."""
        form = ImportForm(request.POST, reading=self.read())
        if not form.is_valid():
            return self.page(form, status=422)
        try:
            cluster = changes.enroll(**form.enrollment, user=request.user)
        except ValidationError as error:  # somebody else was faster
            form.add_error(None, error.messages)
            return self.page(form, status=422)
        uploads.drop(request.session, form.reading.key)
        messages.success(request, _("%(name)s is being joined.") % {"name": cluster.name})
        return redirect(cluster)


class ReadKubeconfig(ImportView):
    """The step that shows what is in a kubeconfig, before anything is stored."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Its contexts to choose from, or what is wrong with it."""
        reading = self.read()
        part = {"template": "clusters/import_kubeconfig.html"} if request.headers.get("HX-Request") else {}
        return self.page(self.typed(reading), status=422 if reading.problem else 200, **part)


class TestConnection(ImportView):
    """The step that tries what a join would need."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Every check with its outcome; nothing is stored or changed."""
        reading = self.read()
        context: dict[str, Any] = {"problem": reading.problem}
        if not reading.problem:
            context = self._examine(reading)
        part = {"template": "clusters/import_findings.html"} if request.headers.get("HX-Request") else {}
        return self.page(
            self.typed(reading), status=422 if context.get("problem") else 200, **part, **context
        )

    def _examine(self, reading: Reading) -> dict[str, Any]:
        posted = self.request.POST
        try:
            connection = joining.chosen(
                reading.text, posted.get("context", ""), insecure="insecure" in posted
            )
            namespaces = NamesField(dns=True, required=False).clean(posted.get("permitted_namespaces", ""))
        except (joining.Refused, ValueError) as error:
            return {"problem": str(error)}
        except ValidationError as error:
            return {"problem": error.messages[0]}
        preset = posted.get("preset", "")
        preset = preset if preset in Preset.values else Preset.DEPLOY
        return {"findings": joining.examine(connection, preset, namespaces)}


class CheckName(ImportView):
    """Whether a name is free, while it is being typed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """One line of text."""
        name, problem = request.GET.get("name", ""), ""
        try:
            check_name(name)
        except ValidationError as error:
            problem = error.messages[0] if name else ""
        return render(request, "clusters/import_name.html", {"name": name, "problem": problem})


class ReconnectCluster(ImportView):
    """Another kubeconfig for a cluster that accepts our credential no longer, or has another address."""

    permission_required = "clusters.change_cluster"
    template = "clusters/reconnect.html"

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the empty form."""
        return self._page(name, ContextForm())

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Read the kubeconfig, or join with it."""
        cluster = get_object_or_404(Cluster, name=name)
        reading = self.read()
        if "read" in request.POST:
            return self._page(name, ContextForm(reading=reading), 422 if reading.problem else 200)
        form = ContextForm(request.POST, reading=reading)
        if not form.is_valid():
            return self._page(name, form, 422)
        chosen = {key: form.cleaned_data[key] for key in ("context", "insecure")}
        changes.reconnect(cluster, kubeconfig_text=reading.text, **chosen)
        uploads.drop(request.session, reading.key)
        messages.success(request, _("%(name)s is being joined again.") % {"name": name})
        return redirect(cluster)

    def _page(self, name: str, form: ContextForm, status: int = 200) -> HttpResponse:
        cluster = get_object_or_404(Cluster, name=name)
        return self.page(form, status, self.template, cluster=cluster)
