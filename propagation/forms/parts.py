"""The parts of a Deployment's form: its basics, its repeatable rows, and what differs in a cluster."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clusters.domain import labels
from propagation import scopes
from propagation.domain import selection
from propagation.domain.deployments import Override
from propagation.domain.selection import Mode, Requirement

NAME = RegexValidator(labels.DNS_LABEL, _("Use lower-case letters, digits and hyphens."))

#: https://github.com/distribution/reference, without its length limits.
IMAGE = RegexValidator(
    r"^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$",
    _("Write an image as registry/name:tag."),
)

VARIABLE = RegexValidator(
    r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", _("Use letters, digits, hyphens, dots and underscores, no digit first.")
)

OPERATORS = [
    (selection.EQUALS, _("is")),
    ("In", _("is one of")),
    ("NotIn", _("is none of")),
    ("Exists", _("exists")),
    ("DoesNotExist", _("does not exist")),
]


class BasicsForm(forms.Form):
    """What the workload is, and how its clusters are chosen."""

    name = forms.CharField(label=_("Name"), max_length=63, validators=[NAME])
    namespace = forms.CharField(
        label=_("Namespace"),
        max_length=63,
        validators=[NAME],
        initial="default",
        help_text=_("Created in the clusters where it is missing."),
    )
    description = forms.CharField(label=_("Description"), max_length=500, required=False)
    image = forms.CharField(label=_("Image"), max_length=500, validators=[IMAGE])
    replicas = forms.IntegerField(
        label=_("Replicas"),
        min_value=0,
        max_value=100_000,
        required=False,
        initial=1,
        help_text=_("In each cluster."),
    )
    port = forms.IntegerField(label=_("Container port"), min_value=1, max_value=65_535, required=False)
    labels = forms.CharField(
        label=_("Labels"),
        required=False,
        max_length=5_000,
        help_text=_("Written as key=value, with commas or line breaks between them."),
    )
    placement = forms.ChoiceField(
        label=_("Placement"),
        initial=Mode.ALL,
        choices=[
            (Mode.ALL, _("All clusters")),
            (Mode.LABELS, _("Clusters with these labels")),
            (Mode.PICK, _("These clusters")),
        ],
        widget=forms.RadioSelect,
    )
    clusters = forms.MultipleChoiceField(
        label=_("Clusters"), required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(
        label=_("Why?"), max_length=500, required=False, help_text=_("Kept with this revision.")
    )
    generation = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_namespace(self) -> str:
        """One that is open to whoever fills this in."""
        namespace: str = self.cleaned_data["namespace"]
        if not scopes.permits("", namespace, ""):
            raise forms.ValidationError(scopes.refusal(namespace))
        return namespace

    def clean_labels(self) -> dict[str, str]:
        """The pairs that were written."""
        try:
            return labels.parse_pairs(self.cleaned_data["labels"])
        except labels.InvalidLabel as error:
            raise forms.ValidationError(str(error)) from None


class VariableForm(forms.Form):
    """One variable of the environment; a row without a name is not there."""

    name = forms.CharField(label=_("Name"), max_length=253, required=False, validators=[VARIABLE])
    value = forms.CharField(label=_("Value"), max_length=100_000, required=False, strip=False)

    def clean(self) -> None:
        """Refuse a value that would be lost for the want of a name."""
        if self.cleaned_data.get("value") and not self.cleaned_data.get("name") and "name" not in self.errors:
            self.add_error("name", _("Give the variable a name."))


class VariableFormSet(forms.BaseFormSet[VariableForm]):
    """The environment."""

    def clean(self) -> None:
        """Refuse a name that is given twice, at its second row."""
        seen: set[str] = set()
        for form in self.forms:
            name = form.cleaned_data.get("name") if form.is_valid() else None
            if name and name in seen:
                form.add_error("name", _("This variable is there already."))
            seen.add(name or "")

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the rows that have a name."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("name")]
        return tuple((row["name"], row.get("value", "")) for row in rows)


class RequirementForm(forms.Form):
    """One requirement on the labels of a cluster; a row without a key is not there."""

    key = forms.CharField(label=_("Label"), max_length=317, required=False)
    operator = forms.ChoiceField(label=_("Condition"), choices=OPERATORS, required=False)
    values = forms.CharField(label=_("Values"), max_length=5_000, required=False)

    def clean(self) -> None:
        """Key and values have to be valid, and to agree with the operator."""
        key, values = self.cleaned_data.get("key"), _listed(self.cleaned_data.get("values", ""))
        if not key:
            if values:
                self.add_error("key", _("Which label?"))
            return
        problem = self._problem(self.cleaned_data.get("operator") or selection.EQUALS, values)
        if problem:
            self.add_error("values", problem)
        try:
            for value in values or [""]:
                labels.check(key, value)
        except labels.InvalidLabel as error:
            self.add_error("key", str(error))

    @staticmethod
    def _problem(operator: str, values: tuple[str, ...]) -> Any:
        if operator in selection.WITHOUT_VALUES:
            return _("This condition takes no value.") if values else ""
        if not values and operator != selection.EQUALS:
            return _("Give at least one value.")
        if operator == selection.EQUALS and len(values) > 1:
            return _("Give one value, or choose “is one of”.")
        return ""

    def requirement(self) -> Requirement:
        """What was written; only of a valid row that has a key."""
        data = self.cleaned_data
        operator = data["operator"] or selection.EQUALS
        values = _listed(data["values"]) or (("",) if operator == selection.EQUALS else ())
        return Requirement(data["key"], operator, values)


class RequirementFormSet(forms.BaseFormSet[RequirementForm]):
    """The label selector."""

    def clean(self) -> None:
        """A selector holds one "is" per label; a second one would silently replace the first."""
        seen: set[str] = set()
        for form in self.forms:
            row = form.cleaned_data if form.is_valid() else {}
            if not row.get("key") or row.get("operator") != selection.EQUALS:
                continue
            key = row["key"]
            if key in seen:
                form.add_error("key", _("This label is there already."))
            seen.add(key)

    def requirements(self) -> tuple[Requirement, ...]:
        """The rows that are valid and have a key."""
        rows = [form for form in self.forms if form.is_valid() and form.cleaned_data.get("key")]
        return tuple(form.requirement() for form in rows)


class OverrideForm(forms.Form):
    """What differs in one cluster; an empty field is inherited."""

    replicas = forms.IntegerField(label=_("Replicas"), min_value=0, max_value=100_000, required=False)
    image = forms.CharField(label=_("Image"), max_length=500, required=False, validators=[IMAGE])

    def __init__(self, cluster: str, data: QueryDict | None, override: Override) -> None:
        initial = {"replicas": override.replicas, "image": override.image}
        super().__init__(data, prefix=f"override-{cluster}", initial=initial)
        self.cluster = cluster
        self.matched = False
        self.raw: list[dict[str, Any]] = []

    @property
    def given(self) -> bool:
        """Whether anything in this row is not inherited."""
        return any(self[name].value() not in (None, "") for name in self.fields)

    def override(self) -> Override:
        """What was written; only of a valid row."""
        return Override(self.cleaned_data["replicas"], self.cleaned_data["image"] or None)


VARIABLES: type[VariableFormSet] = forms.formset_factory(  # type: ignore[assignment]
    VariableForm, formset=VariableFormSet, extra=1, max_num=300
)
REQUIREMENTS: type[RequirementFormSet] = forms.formset_factory(  # type: ignore[assignment]
    RequirementForm, formset=RequirementFormSet, extra=1, max_num=50
)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)
