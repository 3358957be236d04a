"""What saving, scaling or deleting would do, shown before it is done; nothing is stored here.

Each of these pages is the action's own page but for its last step, and carries what was typed: to the
action, or back to where it was typed.
"""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import reselect, retarget

from propagation import changes, previewing
from propagation.forms.actions import DeleteForm, Fate, ScaleForm
from propagation.forms.documents import YamlForm
from propagation.forms.workload import Editor
from propagation.models import FederatedResource
from propagation.views import actions, documents, editing
from propagation.views.editing import stored

PAGE = "propagation/preview.html"

#: What is not typed: the form sends its own.
_OWN = ("csrfmiddlewaretoken", "action")


def carried(data: QueryDict) -> list[tuple[str, str]]:
    """Everything that was typed, as hidden fields."""
    return [(name, value) for name in data if name not in _OWN for value in data.getlist(name)]


def page(
    request: HttpRequest,
    resources: Sequence[FederatedResource],
    origin: str,
    fields: Sequence[tuple[str, str]],
    **context: Any,
) -> HttpResponse:
    """What would become of these resources; ``origin`` takes the ``fields``, to go on or to go back.

    An htmx request, which came from a form, gets a page all the same.
    """
    context = {
        "previews": previewing.preview_all(resources),
        "most": previewing.MOST,
        "origin": origin,
        "fields": fields,
        "save": _("Save"),
        "back": "preview",
        **context,
    }
    response = render(request, PAGE, context)
    response["HX-Reswap"] = "outerHTML show:window:top"
    return reselect(retarget(response, "#content"), "#content")


class CreateView(editing.CreateView):
    """What creating a workload would do."""

    def save(self, editor: Editor) -> HttpResponse:
        """Show it, where saving would store it."""
        if not editor.is_valid():
            return self.page(editor, status=422, checked=True)
        resource = self.prepared(editor)
        if editing.taken(resource):
            return self.refuse_name(editor)
        fields = carried(self.request.POST)
        return page(self.request, [resource], reverse("propagation:create"), fields, save=_("Create"))


class EditView(editing.EditView):
    """What an edit would do."""

    def save(self, editor: Editor) -> HttpResponse:
        """Show it, where saving would store it."""
        if not editor.is_valid():
            return self.page(editor, status=422, checked=True)
        resource = self.prepared(editor)
        current = stored(resource.pk)
        if resource.generation != current.generation:
            return self.conflict(editor, current)
        origin = reverse("propagation:edit", args=[resource.pk])
        fields = carried(self.request.POST)
        return page(self.request, [resource], origin, fields, resource=resource)


class YamlView(documents.YamlView):
    """What storing documents would do."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show it; documents with errors go back to where they are marked."""
        form = YamlForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(form, status=422)
        plan = self._plan(form)
        if plan.errors:
            return self._page(form, plan, status=422)
        # What was previewed is confirmed.
        fields = [
            ("text", form.cleaned_data["text"]),
            ("note", form.cleaned_data["note"]),
            ("confirmed", plan.confirmation),
        ]
        resources = [one.resource for one in plan.changes]
        return page(request, resources, reverse("propagation:yaml"), fields, back="check")


class ScaleView(actions.ScaleView):
    """What another number of replicas would do."""

    def carry_out(self, resource: FederatedResource, form: ScaleForm) -> HttpResponse:
        """Show it, where scaling would store it."""
        if form.cleaned_data["generation"] != stored(resource.pk).generation:
            return self.outdated(stored(resource.pk), form)
        origin = reverse("propagation:scale", args=[resource.pk])
        fields = carried(self.request.POST)
        return page(self.request, [resource], origin, fields, save=_("Scale"), back="back", resource=resource)


class DeleteView(actions.DeleteView):
    """What deleting would do."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """With what the page of the deletion starts with."""
        return self._preview(stored(pk), QueryDict())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """With what was chosen there; nothing has to be confirmed for looking."""
        return self._preview(stored(pk), request.POST)

    def _preview(self, resource: FederatedResource, data: QueryDict) -> HttpResponse:
        form = DeleteForm(resource, data)
        form.is_valid()
        resource.orphan = form.cleaned_data.get("fate") == Fate.KEEP
        resource.delete_contents = bool(form.cleaned_data.get("delete_contents"))
        contents = resource.delete_contents and not resource.orphan
        going = [resource, *(changes.inhabitants(resource) if contents else ())]
        for one in going:
            one.deletion_requested_at = timezone.now()
        origin = reverse("propagation:delete", args=[resource.pk])
        return page(
            self.request,
            going,
            origin,
            carried(data),
            save=_("Delete"),
            danger=True,
            back="back",
            resource=resource,
        )
