"""Workloads as files, in KubeFed's format."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views import View

from propagation import feed
from propagation.domain import confidential, manifests
from propagation.fragments import exporting
from propagation.fragments.workloads import workload_list
from propagation.models import Activity, FederatedResource
from propagation.views.editing import author
from propagation.views.pages import VIEW


class Exporting(PermissionRequiredMixin, View):
    """A file to take away. By GET, the values of Secrets are hidden; by POST they are not, which is told."""

    permission_required = VIEW
    with_status = "spec"

    def get(self, request: HttpRequest, **keys: Any) -> HttpResponse:
        """Download it; ``with=status`` or ``with=spec`` says whether it tells how each fares."""
        return self.file(self._writer(revealing=False), **keys)

    def post(self, request: HttpRequest, **keys: Any) -> HttpResponse:
        """Download it with the values of Secrets, for people who may change them."""
        if not request.user.has_perm("propagation.change_federatedresource"):
            raise PermissionDenied
        response = self.file(self._writer(revealing=True), **keys)
        add_never_cache_headers(response)
        return response

    def _writer(self, *, revealing: bool) -> exporting.Writer:
        with_status = self.request.GET.get("with", self.with_status) == "status"
        return exporting.Writer(self.request.user, timezone.now(), with_status, revealing)

    def tell(self, resources: Iterable[FederatedResource]) -> None:
        """Say in the feed whose values were taken away."""
        if self.request.method == "POST":
            secret = [one for one in resources if one.type.kind in confidential.FIELDS]
            feed.tell(Activity.Verb.REVEALED, secret, author(self.request))

    def file(self, writer: exporting.Writer, **keys: Any) -> HttpResponse:
        """The documents that the address asks for."""
        raise NotImplementedError


class ExportView(Exporting):
    """One resource, with its status unless ``with=spec`` asks for less."""

    with_status = "status"

    def file(self, writer: exporting.Writer, **keys: Any) -> HttpResponse:
        """The resource and its preference."""
        resource = get_object_or_404(FederatedResource.objects.select_related("type"), pk=keys["pk"])
        self.tell([resource])
        return _download(self.request, writer.resources([resource]), resource.name)


class ExportManyView(Exporting):
    """What the list shows with these filters (``namespace`` is one), as one file."""

    def file(self, writer: exporting.Writer, **keys: Any) -> HttpResponse:
        """As many as one file may hold."""
        workloads = workload_list(self.request.GET, self.request.user, timezone.now())
        chosen = workloads.workloads().select_related("type").order_by("namespace", "name", "pk")
        resources = list(chosen[: exporting.MOST])
        self.tell(resources)
        left_out = workloads.page.total - exporting.MOST
        return _download(self.request, writer.resources(resources), "workloads", left_out)


class ExportEverythingView(Exporting):
    """All workloads, the kinds that were added, and the clusters, as one file; never a credential."""

    def file(self, writer: exporting.Writer, **keys: Any) -> HttpResponse:
        """As many as one file may hold."""
        found = FederatedResource.objects.select_related("type").order_by("namespace", "name", "pk")
        resources = list(found[: exporting.MOST])
        self.tell(resources)
        left_out = found.count() - exporting.MOST
        return _download(self.request, writer.everything(resources), "fedconsole", left_out)


def _download(
    request: HttpRequest, documents: Sequence[dict[str, Any]], name: str, left_out: int = 0
) -> HttpResponse:
    """The documents as a file: YAML, or JSON where ``format=json`` asks for it; it says what is not in it."""
    if request.GET.get("format") == "json":
        text, ending = manifests.dump_json(documents, max(0, left_out)), "json"
    else:
        text, ending = manifests.dump(documents), "yaml"
        if left_out > 0:
            note = _("The first %(most)s workloads; %(left_out)s more are left out.")
            text = f"# {note % {'most': exporting.MOST, 'left_out': left_out}}\n{text}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return HttpResponse(text, content_type=f"application/{ending}", headers=disposition)
