"""Choose among the kinds that were found in members."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clusters.domain.references import ResourceType
from propagation.domain.kinds import Found


class DiscoverForm(forms.Form):
    """The names of the kinds to be federated from now on."""

    kinds = forms.MultipleChoiceField(
        error_messages={
            "required": _("Choose a kind."),
            "invalid_choice": _("%(value)s was added meanwhile, or is not served any more."),
        }
    )

    def __init__(self, found: Mapping[str, Found], data: Any = None) -> None:
        super().__init__(data)
        self._found = found
        self.fields["kinds"].choices = [(name, name) for name in found]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[ResourceType]:
        """The kinds themselves; only of a valid form."""
        return [self._found[name].type for name in self.cleaned_data["kinds"]]


class DisableForm(forms.Form):
    """A kind that is in use is only disabled by somebody who was told what that means."""

    confirmed = forms.BooleanField()
