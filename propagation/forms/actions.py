"""Scaling and deleting a federated resource."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from propagation import changes
from propagation.models import FederatedResource


class Fate:
    """What becomes of the objects in the members when their federated resource is deleted."""

    REMOVE = "remove"
    KEEP = "keep"


class ScaleForm(forms.Form):
    """Another number of replicas for every cluster that does not override it."""

    replicas = forms.IntegerField(label=_("Replicas in each cluster"), min_value=0, max_value=100_000)
    generation = forms.IntegerField(widget=forms.HiddenInput)


class RollbackForm(forms.Form):
    """Why to go back, and from which generation it was decided."""

    note = forms.CharField(label=_("Why?"), max_length=400, required=False)
    generation = forms.IntegerField(widget=forms.HiddenInput)


class DeleteForm(forms.Form):
    """Typing the name confirms."""

    fate = forms.ChoiceField(
        label=_("The objects in the clusters"),
        initial=Fate.REMOVE,
        choices=[
            (Fate.REMOVE, _("Delete them in every cluster")),
            (Fate.KEEP, _("Keep the objects in the members, and only stop managing them")),
        ],
        widget=forms.RadioSelect,
    )
    delete_contents = forms.BooleanField(
        label=_("Delete everything in it, too"),
        required=False,
        help_text=_(
            "A cluster removes a namespace with everything in it. Unless this is chosen, nothing federated "
            "may live in it, and it stays where it holds something that does not come from here."
        ),
    )
    confirmation = forms.CharField(label=_("Type the name to confirm"), max_length=253)

    def __init__(self, resource: FederatedResource, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.resource = resource
        if resource.type.kind != "Namespace":
            del self.fields["delete_contents"]
        self.fields["confirmation"].widget.attrs |= {"data-confirm": resource.name, "autocomplete": "off"}

    def clean_confirmation(self) -> str:
        """It has to be the name of the resource."""
        typed: str = self.cleaned_data["confirmation"]
        if typed != self.resource.name:
            raise forms.ValidationError(
                _("This is not the name: type %(name)s."), params={"name": self.resource.name}
            )
        return typed

    def clean(self) -> None:
        """A namespace in which something is federated does not go by the way."""
        data = self.cleaned_data
        if data.get("fate") == Fate.KEEP or data.get("delete_contents"):
            return
        if count := len(changes.inhabitants(self.resource)):
            text = ngettext_lazy(
                "%(count)s federated object lives in it: delete that first, or everything with it.",
                "%(count)s federated objects live in it: delete them first, or everything with it.",
                count,
            )
            self.add_error("delete_contents", text % {"count": count})

    @property
    def orphan(self) -> bool:
        """Whether the objects stay; only of a valid form."""
        return bool(self.cleaned_data["fate"] == Fate.KEEP)

    @property
    def with_contents(self) -> bool:
        """Whether a namespace goes with what others have put into it; only of a valid form."""
        return bool(self.cleaned_data.get("delete_contents")) and not self.orphan
