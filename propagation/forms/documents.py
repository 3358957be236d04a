"""Pasted KubeFed documents: a text, or a file; ``importing`` tells what storing them would do."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clusters.domain import documents


class YamlForm(forms.Form):
    """A text, or a file where that is empty; ``confirmed`` has the tokens of the updates that were shown."""

    text = forms.CharField(
        label=gettext_lazy("KubeFed documents"),
        required=False,
        strip=False,
        widget=forms.Textarea,
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        help_text=gettext_lazy("Read when the text above is empty."),
        widget=forms.FileInput(attrs={"data-into": "id_text", "accept": ".yaml,.yml,.json"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Kept with the revisions of what is stored."),
    )
    confirmed = forms.CharField(required=False, max_length=100_000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The text, from wherever it comes."""
        data: dict[str, Any] = self.cleaned_data
        if (upload := data.get("file")) and not data.get("text", "").strip():
            if upload.size > documents.MAX_BYTES:
                raise forms.ValidationError(
                    _("The file is larger than %(limit)s bytes."),
                    params={"limit": f"{documents.MAX_BYTES:,}"},
                )
            data["text"] = upload.read().decode(errors="replace")
        return data

    def shown(self) -> set[str]:
        """The updates that were confirmed."""
        return set(filter(None, self.cleaned_data.get("confirmed", "").split(",")))
