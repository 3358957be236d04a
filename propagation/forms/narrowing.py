"""What narrows the placement in the form: places, versions, what clusters keep off, and how many."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clusters.domain import taints, versions
from clusters.domain.taints import Effect, Toleration
from clusters.models import Cluster
from propagation.domain.selection import Narrowing


class NarrowingForm(forms.Form):
    """Where, on which release, and in how many clusters; what is left empty keeps none out."""

    regions = forms.MultipleChoiceField(
        label=_("Regions"), required=False, widget=forms.CheckboxSelectMultiple
    )
    zones = forms.MultipleChoiceField(label=_("Zones"), required=False, widget=forms.CheckboxSelectMultiple)
    providers = forms.MultipleChoiceField(
        label=_("Providers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    versions = forms.CharField(
        label=_("Kubernetes versions"),
        required=False,
        max_length=200,
        help_text=_("Bounds with commas between them, such as >=1.25, <1.31."),
    )
    most = forms.IntegerField(label=_("Most clusters"), required=False, min_value=1, max_value=100_000)
    by = forms.ChoiceField(
        label=_("Spread over different"),
        required=False,
        choices=[
            ("", _("clusters, anywhere")),
            ("region", _("regions")),
            ("zone", _("zones")),
            ("provider", _("providers")),
        ],
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, clusters: Iterable[Cluster], initial: Mapping[str, Any]
    ) -> None:
        super().__init__(data, initial=dict(initial))
        known = list(clusters)
        self._offer("regions", (cluster.region for cluster in known))
        self._offer("zones", (zone for cluster in known for zone in cluster.zones))
        self._offer("providers", (cluster.provider for cluster in known))

    def _offer(self, name: str, values: Iterable[str]) -> None:
        """What clusters have, and what is in use though none has it."""
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  (narrows the type)
        offered = sorted({*filter(None, values), *self.initial.get(name, ())})
        field.choices = [(value, value) for value in offered]

    def clean_versions(self) -> str:
        """A range that can be read."""
        text: str = self.cleaned_data["versions"]
        try:
            return text if not text or versions.parse_range(text) else ""
        except versions.InvalidRange as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> None:
        """Refuse a way to spread what may go everywhere."""
        if self.cleaned_data.get("by") and not self.cleaned_data.get("most") and "most" not in self.errors:
            self.add_error("most", _("Over how many clusters?"))

    @property
    def told(self) -> bool:
        """Whether anything in it is given."""
        return any(self[name].value() for name in self.fields)

    def narrowing(self, tolerations: Sequence[Toleration]) -> Narrowing:
        """What is chosen at the moment; a number that is none is left out, and wrong versions are kept."""
        self.is_valid()
        data = self.cleaned_data
        places = {name: frozenset(data.get(name) or ()) for name in ("regions", "zones", "providers")}
        return Narrowing(
            **places,
            versions=str(self["versions"].value() or "").strip(),
            tolerations=tuple(tolerations),
            most=data.get("most"),
            by=data.get("by", "") if data.get("most") else "",
        )


class TolerationForm(forms.Form):
    """A kind of taint that the workload puts up with; a row that says nothing is not there."""

    key = forms.CharField(
        label=_("Taint"),
        max_length=317,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "dedicated"}),
    )
    operator = forms.ChoiceField(
        label=_("Condition"),
        choices=[("Equal", _("has the value")), ("Exists", _("whatever its value"))],
        required=False,
    )
    value = forms.CharField(label=_("Value"), max_length=63, required=False)
    effect = forms.ChoiceField(
        label=_("Effect"), choices=[("", _("any")), *((str(one), str(one)) for one in Effect)], required=False
    )

    def clean(self) -> None:
        """It has to mean something."""
        if self.given and not self.errors:
            try:
                taints.parse_tolerations([self._entry()])
            except taints.InvalidTaint as error:
                self.add_error("key", str(error))

    @property
    def given(self) -> bool:
        """Whether the row is there; without a key it tolerates every taint, if it says so."""
        data = self.cleaned_data
        return bool(data.get("key") or data.get("value") or data.get("operator") == "Exists")

    def _entry(self) -> dict[str, str]:
        data = self.cleaned_data
        return {
            **{name: data[name] for name in ("key", "value", "effect")},
            "operator": data["operator"] or "Equal",
        }

    def toleration(self) -> Toleration:
        """What was written; only of a valid row that is there."""
        return taints.parse_tolerations([self._entry()])[0]


class TolerationFormSet(forms.BaseFormSet[TolerationForm]):
    """The tolerations."""

    def tolerations(self) -> list[Toleration]:
        """Of the rows that are valid and there."""
        return [form.toleration() for form in self.forms if form.is_valid() and form.given]


TOLERATIONS: type[TolerationFormSet] = forms.formset_factory(  # type: ignore[assignment]
    TolerationForm, formset=TolerationFormSet, extra=0, max_num=50
)


def initial(narrowing: Narrowing) -> dict[str, Any]:
    """A stored narrowing as the initial values of both forms; that of the rows under ``tolerations``."""
    return {
        "regions": sorted(narrowing.regions),
        "zones": sorted(narrowing.zones),
        "providers": sorted(narrowing.providers),
        "versions": narrowing.versions,
        "most": narrowing.most,
        "by": narrowing.by,
        "tolerations": [
            {"key": one.key, "operator": one.operator, "value": one.value, "effect": one.effect}
            for one in narrowing.tolerations
        ],
    }
