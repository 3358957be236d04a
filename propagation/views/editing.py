"""Create and edit a federated Deployment by form, with a preview of its placement."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View
from django_htmx.http import HttpResponseClientRedirect

from clusters.fragments import tables
from clusters.models import Cluster
from propagation import changes
from propagation.domain import deployments
from propagation.forms import differences, workload
from propagation.forms.workload import Editor
from propagation.fragments import placements
from propagation.models import FederatedResource, FederatedType

FORM = "propagation/editor_form.html"
PAGE = "propagation/editor.html"
AREA = "propagation/placement_reply.html"

DEPLOYMENT = "deployments.apps"


def editable(resource: FederatedResource) -> bool:
    """Whether the form can show this resource without losing anything."""
    return resource.type.name == DEPLOYMENT and not deployments.unrepresentable(resource.template)


class EditorView(PermissionRequiredMixin, View):
    """What creating and editing have in common."""

    resource: FederatedResource | None = None

    @cached_property
    def clusters(self) -> list[Cluster]:
        """Every cluster that a placement may select."""
        return placements.candidates()

    def editor(self, data: QueryDict | None = None) -> Editor:
        """The form, bound to what was posted."""
        return Editor(data, clusters=self.clusters, resource=self.resource)

    @property
    def preview_url(self) -> str:
        """Where the form asks for its preview."""
        path = reverse("propagation:preview_placement")
        return f"{path}?resource={self.resource.pk}" if self.resource else path

    def page(self, editor: Editor, status: int = 200, **context: Any) -> HttpResponse:
        """The whole page, or to htmx the form alone."""
        template = FORM if self.request.headers.get("HX-Request") else PAGE
        context |= area(editor, self.clusters) | {"resource": self.resource, "preview_url": self.preview_url}
        return render(self.request, template, context, status=status)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the form."""
        return self.page(self.editor())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save, or do what another button of the form asks for without saving."""
        action, _separator, subject = request.POST.get("action", "save").partition(":")
        match action:
            case "add" if subject in workload.ROWS:
                editor = self.editor(workload.with_another_row(request.POST, subject))
                editor.focus(subject)
                return self.page(editor)
            case "reset":
                return self.page(self.editor(workload.without_override(request.POST, subject)))
            case "preview":
                return self.page(self.editor(request.POST))
        return self.save(self.editor(request.POST))

    def save(self, editor: Editor) -> HttpResponse:
        """Store what is valid; give everything else back as it was typed."""
        if not editor.is_valid():
            return self.page(editor, status=422, checked=True)
        resource = self.prepared(editor)
        try:
            changes.save(resource, author(self.request), editor.basics.cleaned_data["note"])
        except IntegrityError:
            return self.refuse_name(editor)
        except changes.StaleEdit as error:
            return self.conflict(editor, error.resource)
        messages.success(self.request, _("%(name)s is on its way.") % {"name": resource.name})
        return self.leave(resource)

    def refuse_name(self, editor: Editor) -> HttpResponse:
        """The name is taken: give everything back as it was typed."""
        editor.basics.add_error("name", _("There is a Deployment of this name in this namespace."))
        return self.page(editor, status=422, checked=True)

    def leave(self, resource: FederatedResource) -> HttpResponse:
        """Go to the page where people see what becomes of it."""
        if self.request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(resource.get_absolute_url())
        return redirect(resource)

    def prepared(self, editor: Editor) -> FederatedResource:
        """The resource to store."""
        return editor.build()

    def conflict(self, editor: Editor, current: FederatedResource) -> HttpResponse:
        """Somebody else was faster: show what differs, so that saving once more is a decision."""
        theirs = Editor(clusters=self.clusters, resource=current)
        fresh = self.request.POST.copy()
        fresh["generation"] = str(current.generation)
        mine = Editor(fresh, clusters=self.clusters, resource=current)
        self.resource = current
        return self.page(mine, status=409, stored=current, differences=differences.find(mine, theirs))


class CreateView(EditorView):
    """A new federated Deployment."""

    permission_required = ["propagation.add_federatedresource", "clusters.view_cluster"]

    def prepared(self, editor: Editor) -> FederatedResource:
        """The resource, of the type that this form is for."""
        resource = editor.build()
        resource.type = FederatedType.objects.get(name=DEPLOYMENT)
        return resource


class EditView(EditorView):
    """The same form for a resource that it can show; for others the YAML is the form."""

    permission_required = ["propagation.change_federatedresource", "clusters.view_cluster"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Look the resource up for those who may."""
        if not self.has_permission():
            return self.handle_no_permission()
        self.resource = stored(kwargs["pk"])
        if not editable(self.resource):
            messages.info(request, _("The form cannot show all of this resource: edit its YAML."))
            return redirect(f"{reverse('propagation:yaml')}?resource={self.resource.pk}")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def prepared(self, editor: Editor) -> FederatedResource:
        """The resource, as an edit of the generation that the form was shown with."""
        resource = editor.build()
        resource.generation = editor.basics.cleaned_data["generation"] or resource.generation
        return resource


class PreviewPlacementView(PermissionRequiredMixin, View):
    """Which clusters the placement of a half-filled form would select, and the table of overrides."""

    permission_required = ["propagation.view_federatedresource", "clusters.view_cluster"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Everything is in the address, so that a preview can be shared."""
        return self.preview(request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The form as it is."""
        return self.preview(request.POST)

    def preview(self, data: QueryDict) -> HttpResponse:
        """The part of the form that follows from the placement; typed overrides are kept in place."""
        pk = tables.number(self.request.GET.get("resource", ""))
        resource = stored(pk) if pk else None
        clusters = placements.candidates()
        editor = Editor(data, clusters=clusters, resource=resource)
        return render(self.request, AREA, area(editor, clusters) | {"preserve": True})


def author(request: HttpRequest) -> AbstractBaseUser | None:
    """Who is to be recorded for a change."""
    return request.user if request.user.is_authenticated else None


def taken(resource: FederatedResource) -> bool:
    """Whether there is another resource of this kind, namespace and name."""
    return FederatedResource.objects.filter(
        type=resource.type, namespace=resource.namespace, name=resource.name
    ).exists()


def stored(pk: int) -> FederatedResource:
    """A resource that is not on its way out, or a 404."""
    resources = FederatedResource.objects.filter(deletion_requested_at=None)
    return get_object_or_404(resources.select_related("type"), pk=pk)


def area(editor: Editor, clusters: list[Cluster]) -> dict[str, Any]:
    """What the placement of a form selects, with a row for each of these clusters."""
    draft = editor.draft(FederatedType.objects.get(name=DEPLOYMENT))
    rows = list(draft.propagations.all()) if draft.pk else []
    preview = placements.preview(draft, clusters, rows)
    editor.match(preview.names, placements.eligible(draft, clusters, rows))
    return {"editor": editor, "preview": preview, "floating": workload.floating_tag(editor.image)}
