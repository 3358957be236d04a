"""Importing, editing and leaving: what people type, checked."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clusters import joining
from clusters.domain import labels, taints
from clusters.domain.kubeconfig import Context
from clusters.domain.labels import DNS_LABEL
from clusters.models import Cluster, Preset
from clusters.uploads import Reading

#: Names that are paths of the console.
RESERVED = frozenset({"import"})

NAME_HELP = _("Lower-case letters, digits and hyphens, at most 63. It cannot be changed later.")


def check_name(name: str) -> None:
    """Raise ``ValidationError`` unless a new cluster may bear this name."""
    if not re.match(DNS_LABEL, name):
        raise ValidationError(
            _("Use lower-case letters, digits and hyphens, with a letter or digit at both ends.")
        )
    if name in RESERVED:
        raise ValidationError(_("This name is reserved."))
    if Cluster.objects.filter(name=name).exists():
        raise ValidationError(_("There is a cluster of this name."))


class LabelsField(forms.CharField):
    """``key=value`` pairs, a line each or separated by commas; a dict when cleaned."""

    widget = forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "class": "fc-mono"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{key}={pair}" for key, pair in value.items()) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        try:
            return labels.parse_pairs(super().clean(value) or "")
        except labels.InvalidLabel as error:
            raise ValidationError(str(error)) from None


class TaintsField(forms.CharField):
    """``key=value:Effect``, a line each or separated by commas; a cluster's taints when cleaned."""

    widget = forms.Textarea(attrs={"rows": 2, "autocapitalize": "off", "class": "fc-mono"})

    def prepare_value(self, value: Any) -> Any:
        return taints.write_text(value).replace(", ", "\n") if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, str]]:
        try:
            return taints.parse_text(super().clean(value) or "")
        except taints.InvalidTaint as error:
            raise ValidationError(str(error)) from None


class NamesField(forms.CharField):
    """Words separated by commas or spaces; a list when cleaned."""

    def __init__(self, *, dns: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dns = dns

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        names = list(dict.fromkeys(re.split(r"[,\s]+", (super().clean(value) or "").strip(", \n"))))
        for name in names:
            if len(name) > 63 or (self.dns and name and not re.match(DNS_LABEL, name)):
                raise ValidationError(_("%(name)s is not a valid name."), params={"name": name[:80]})
        return [name for name in names if name]


class ContextForm(forms.Form):
    """Which context of a kubeconfig to use. The kubeconfig itself is not part of the form's data."""

    context = forms.CharField(label=_("Context"), required=False, max_length=500)
    insecure = forms.BooleanField(
        label=_("Do not verify the server's certificate"),
        required=False,
        help_text=_(
            "Anybody between here and the cluster could take its credential. Only for trying things out."
        ),
    )

    def __init__(self, *args: Any, reading: Reading | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reading = reading or Reading()

    @property
    def contexts(self) -> list[tuple[Context, bool]]:
        """Every context, and whether it is the chosen one (the current or only one, to begin with)."""
        parsed = self.reading.kubeconfig
        if parsed is None:
            return []
        usable = [one.name for one in parsed.contexts if not one.refused]
        wanted = self["context"].value() or parsed.current_context
        chosen = wanted if wanted in usable or len(usable) != 1 else usable[0]
        return [(one, one.name == chosen) for one in parsed.contexts]

    def clean(self) -> dict[str, Any]:
        """The context must be one that may be used."""
        cleaned = super().clean() or self.cleaned_data
        if self.reading.problem:
            self.add_error("context", self.reading.problem)
            return cleaned
        try:
            self.connection = joining.chosen(
                self.reading.text, cleaned.get("context", ""), insecure=cleaned.get("insecure", False)
            )
        except (joining.Refused, ValueError) as error:
            self.add_error("context", str(error))
        return cleaned


class PlaceForm(forms.Form):
    """What placement can select a cluster by."""

    description = forms.CharField(label=_("Description"), required=False, max_length=500)
    labels = LabelsField(
        label=_("Labels"),
        required=False,
        max_length=5_000,
        help_text=_("One key=value pair a line, such as env=prod. Placement selects clusters by them."),
    )
    region = forms.CharField(
        label=_("Region"),
        required=False,
        max_length=63,
        help_text=_("Where the nodes tell theirs, that one counts."),
    )
    zones = NamesField(label=_("Zones"), required=False, max_length=500)
    provider = forms.CharField(label=_("Provider"), required=False, max_length=63)
    taints = TaintsField(
        label=_("Taints"),
        required=False,
        max_length=5_000,
        help_text=_(
            "One key=value:Effect a line. NoSchedule keeps off new workloads that do not tolerate it, "
            "NoExecute also removes those that are there."
        ),
    )

    @property
    def place(self) -> dict[str, Any]:
        """The cleaned values as columns of a cluster."""
        return {name: self.cleaned_data[name] for name in PlaceForm.base_fields}


class ImportForm(PlaceForm, ContextForm):
    """A new cluster."""

    name = forms.CharField(label=_("Name"), max_length=63, help_text=NAME_HELP)
    preset = forms.ChoiceField(
        label=_("What the console may do there"),
        choices=Preset.choices,
        initial=Preset.DEPLOY,
        widget=forms.RadioSelect,
        help_text=_(
            "The credential that you upload is only used to create a service account with these rights."
        ),
    )
    permitted_namespaces = NamesField(
        label=_("Namespaces"),
        dns=True,
        required=False,
        max_length=5_000,
        help_text=_("For the first choice: existing namespaces, separated by commas."),
    )
    field_order = [
        "context",
        "insecure",
        "name",
        "description",
        "labels",
        "region",
        "zones",
        "provider",
        "taints",
        "preset",
    ]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        check_name(name)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("preset") == Preset.NAMESPACES and not cleaned.get("permitted_namespaces"):
            self.add_error("permitted_namespaces", _("Name at least one namespace, or choose wider rights."))
        return cleaned

    @property
    def enrollment(self) -> dict[str, Any]:
        """What ``changes.enroll`` takes; only of a valid form."""
        cleaned = self.cleaned_data
        return self.place | {
            "kubeconfig_text": self.reading.text,
            **{
                name: cleaned[name]
                for name in ("name", "context", "preset", "permitted_namespaces", "insecure")
            },
        }


class UnjoinForm(forms.Form):
    """How to part; typing the name confirms."""

    KEEP, DELETE, FORGET = "keep", "delete", "forget"

    mode = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[
            (KEEP, _("Detach and keep the workloads: they go on, unmanaged")),
            (DELETE, _("Detach and delete what was propagated to it")),
            (FORGET, _("Forget the record: nothing is done in the cluster")),
        ],
        initial=KEEP,
        widget=forms.RadioSelect,
    )
    confirmation = forms.CharField(label=_("Type the name to confirm"), max_length=63)

    def __init__(self, cluster: Cluster, data: Any = None) -> None:
        super().__init__(data)
        self.cluster = cluster
        typed = self.fields["confirmation"].widget
        typed.attrs |= {"data-confirm": cluster.name, "autocomplete": "off", "spellcheck": "false"}

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed != self.cluster.name:
            raise ValidationError(
                _("This is not the name: type %(name)s."), params={"name": self.cluster.name}
            )
        return typed
