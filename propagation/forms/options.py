"""How the objects of a resource are dealt with, whatever they are: the same fields for every kind."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from propagation.domain import pods, types
from propagation.models import ConflictPolicy, FederatedResource


class OptionsForm(forms.Form):
    """What to do about what is there already, what others change, and what is needed beside it."""

    conflict_policy = forms.ChoiceField(
        label=_("Where an object of this name is there already"),
        initial=ConflictPolicy.ADOPT,
        choices=[
            (ConflictPolicy.ADOPT, _("Adopt it: what the template does not set stays as it is")),
            (ConflictPolicy.REFUSE, _("Refuse: leave it alone, and say that it is there")),
            (
                ConflictPolicy.OVERWRITE,
                _("Overwrite: make it what the template says, and take out everything else"),
            ),
        ],
        widget=forms.RadioSelect,
    )
    suspend_repair = forms.BooleanField(
        label=_("Do not repair"),
        required=False,
        help_text=_("What others change in the clusters is shown, and left as it is."),
    )
    follow_dependencies = forms.BooleanField(
        label=_("Bring along what it needs"),
        required=False,
        initial=True,
        help_text=_(
            "ConfigMaps, Secrets, service accounts and claims that it names go to the same clusters."
        ),
    )
    retain_replicas = forms.BooleanField(
        label=_("Leave the number of replicas to the clusters"),
        required=False,
        help_text=_("For autoscalers in the clusters: the number that is there stays."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, resource: FederatedResource | None = None
    ) -> None:
        stored = {name: getattr(resource, name) for name in self.base_fields} if resource else None
        super().__init__(data, initial=stored)
        if resource and resource.type.kind not in types.SCALABLE:
            del self.fields["retain_replicas"]
        if resource and not pods.pod_of(resource.template):
            del self.fields["follow_dependencies"]

    @property
    def told(self) -> bool:
        """Whether anything in it is not as it is by default, or is wrong."""
        usual = {name: field.initial or False for name, field in type(self).base_fields.items()}
        return any((self[name].value() or False) != usual[name] for name in self.fields) or bool(self.errors)

    def write(self, resource: FederatedResource) -> None:
        """Let a resource have what was chosen; only of a valid form."""
        for name in self.fields:
            setattr(resource, name, self.cleaned_data[name])


class OptionsPageForm(OptionsForm):
    """The same on a page of its own, as an edit of the ``generation`` that it was shown with."""

    generation = forms.IntegerField(widget=forms.HiddenInput)

    def renewed(self, resource: FederatedResource) -> "OptionsPageForm":
        """What was chosen, as an edit of what is stored by now."""
        return OptionsPageForm(self.cleaned_data | {"generation": resource.generation}, resource=resource)
