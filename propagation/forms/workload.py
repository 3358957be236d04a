"""A federated Deployment as a form, with repeatable rows and a table of what differs per cluster."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clusters.domain import labels
from clusters.fragments import tables
from clusters.models import Cluster
from propagation import scopes
from propagation.domain import deployments, selection
from propagation.domain.deployments import Basics, Override
from propagation.domain.selection import Choice, Mode, Narrowing, Requirement
from propagation.forms import narrowing
from propagation.forms.narrowing import TOLERATIONS, NarrowingForm
from propagation.forms.options import OptionsForm
from propagation.forms.sharing import Shares
from propagation.models import FederatedResource, FederatedType

#: Rows of the table of overrides; more would exceed the number of fields that a request may have.
SHOWN_OVERRIDES = 100

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


_POSTED = re.compile(r"^override-(?P<cluster>[a-z0-9.-]+)-(?:replicas|image)$")

VARIABLES: type[VariableFormSet] = forms.formset_factory(  # type: ignore[assignment]
    VariableForm, formset=VariableFormSet, extra=1, max_num=300
)
REQUIREMENTS: type[RequirementFormSet] = forms.formset_factory(  # type: ignore[assignment]
    RequirementForm, formset=RequirementFormSet, extra=1, max_num=50
)

#: The repeatable rows: the prefix of each kind, as the buttons name it.
ROWS = ("variables", "requirements", "tolerations")


Part = forms.BaseForm | forms.BaseFormSet[Any]


def _count(part: Part) -> int:
    """The fields of a form, or of all forms of a set, that have an error."""
    if isinstance(part, forms.BaseForm):
        return len(part.errors)
    return sum(len(form.errors) for form in part.forms) + len(part.non_form_errors())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


class Editor:
    """The whole form as one: its basics, its repeatable rows, its options, and its tables of clusters.

    With a ``resource`` it edits that one, whose unknown parts it keeps.
    """

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        clusters: Sequence[Cluster],
        resource: FederatedResource | None = None,
    ) -> None:
        self.resource = resource
        self.data = data
        self._stored = _stored(resource) if resource else {}
        self.basics = BasicsForm(data, initial=self._stored)
        self.narrowing = NarrowingForm(data, clusters=clusters, initial=self._stored)
        self.tolerations = TOLERATIONS(data, prefix="tolerations", initial=self._stored.get("tolerations"))
        self.shares = Shares(data, resource.replica_scheduling if resource else {})
        self.options = OptionsForm(data, resource=resource)
        self.focused = ""
        self._offer([cluster.name for cluster in clusters])
        self.variables = VARIABLES(data, prefix="variables", initial=self._stored.get("variables"))
        self.requirements = REQUIREMENTS(
            data, prefix="requirements", initial=self._stored.get("requirements")
        )
        self.overrides: list[OverrideForm] = []
        self.hidden_overrides = 0
        self._read_overrides()

    def _offer(self, known: Sequence[str]) -> None:
        """Clusters to pick from: those that are there, and names in use of which no cluster is known."""
        field = self.basics.fields["clusters"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  (narrows the type)
        self.unknown = [name for name in self._stored.get("clusters", []) if name not in known]
        field.choices = [(name, name) for name in [*known, *self.unknown]]
        if self.resource:
            for name in ("name", "namespace"):
                self.basics.fields[name].disabled = True

    def _read_overrides(self) -> None:
        stored = deployments.read_overrides(self.resource.overrides) if self.resource else {}
        raw = deployments.raw_overrides(self.resource.overrides) if self.resource else {}
        posted = [match["cluster"] for key in self.data or () if (match := _POSTED.match(key))]
        for cluster in dict.fromkeys([*stored, *raw, *posted]):
            # A row that the page did not show was not emptied by anybody.
            data = self.data if cluster in posted else None
            form = OverrideForm(cluster, data, stored.get(cluster, Override()))
            form.raw = raw.get(cluster, [])
            self.overrides.append(form)

    def match(self, clusters: Sequence[str], eligible: Sequence[str]) -> None:
        """Have a row for each of these clusters, first; the others stay when they hold something.

        Replicas may go to those that are ``eligible``, though the preference may use fewer.
        """
        self.shares.match(eligible)
        rows = {form.cluster: form for form in self.overrides}
        kept = [form for form in self.overrides if form.cluster not in clusters and (form.given or form.raw)]
        shown = list(clusters[:SHOWN_OVERRIDES])
        shown += [name for name in clusters[SHOWN_OVERRIDES:] if name in rows and rows[name].given]
        matched = [rows.get(name) or OverrideForm(name, None, Override()) for name in shown]
        for form in matched:
            form.matched = True
        self.hidden_overrides = len(clusters) - len(matched)
        self.overrides = matched + kept

    def _parts(self) -> list[Part]:
        """The parts that count: a selector only where clusters are chosen by it."""
        rows = [form for form in self.overrides if form.is_bound]
        selector = [self.requirements] if self.mode == Mode.LABELS else []
        whole: list[Part] = [self.basics, self.variables, self.narrowing, self.tolerations, self.options]
        return [*whole, *selector, *self.shares.parts(), *rows]

    def focus(self, rows: str) -> None:
        """Let somebody who asked for one more row (of ``ROWS``) type on in it."""
        self.focused = rows
        last = getattr(self, rows).forms[-1]
        next(iter(last.fields.values())).widget.attrs["autofocus"] = True

    def is_valid(self) -> bool:
        """Check every part."""
        valid = all([part.is_valid() for part in self._parts()])  # noqa: C419
        return valid and self._has_selector() and self.shares.is_complete()

    def _has_selector(self) -> bool:
        if self.mode != Mode.LABELS or self.choice().requirements:
            return True
        self.basics.add_error("placement", _("Give at least one label, or choose all clusters."))
        return False

    @property
    def mode(self) -> str:
        """How clusters are chosen, as far as can be told."""
        return str(self.basics["placement"].value() or Mode.ALL)

    @property
    def narrowed(self) -> bool:
        """Whether the part that narrows the placement has to be seen."""
        parts = (self.narrowing, self.tolerations)
        told = self.narrowing.told or bool(self.tolerations.forms)
        return told or self.focused == "tolerations" or any(_count(part) for part in parts)

    @property
    def planned(self) -> bool:
        """Whether a preference decides on the replicas."""
        return self.shares.mode is not None

    @property
    def by_labels(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Overrides by the labels of clusters, which the form keeps without editing them."""
        return deployments.selected_overrides(self.resource.overrides) if self.resource else []

    @property
    def more_containers(self) -> int:
        """Containers beside the one that the form shows."""
        return deployments.containers(self.resource.template) - 1 if self.resource else 0

    @property
    def referenced(self) -> list[str]:
        """Variables that the form keeps without showing them."""
        return deployments.referenced_variables(self.resource.template) if self.resource else []

    @property
    def image(self) -> str:
        """The image that clusters inherit, as far as it was given."""
        return str(self.basics["image"].value() or "")

    @property
    def replicas(self) -> str:
        """The replicas that clusters inherit; where none are given, Kubernetes runs one."""
        value = self.basics["replicas"].value()
        return "1" if value in (None, "") else str(value)

    @property
    def total_errors(self) -> int:
        """How many places have to be looked at again."""
        return sum(_count(part) for part in self._parts())

    def choice(self) -> Choice:
        """The placement that is chosen at the moment, also of a form that is not valid elsewhere."""
        return replace(self._selection(), narrowing=self._narrowing())

    def _selection(self) -> Choice:
        if self.mode == Mode.PICK:
            return Choice(Mode.PICK, names=tuple(self.basics["clusters"].value() or ()))
        if self.mode == Mode.LABELS:
            return Choice(Mode.LABELS, requirements=self._requirements())
        return Choice(Mode.ALL)

    def _narrowing(self) -> Narrowing:
        if self.data is None:
            return selection.read(self.resource.placement).narrowing if self.resource else Narrowing()
        return self.narrowing.narrowing(self.tolerations.tolerations())

    def _requirements(self) -> tuple[Requirement, ...]:
        if self.data is None:
            stored = selection.read(self.resource.placement) if self.resource else Choice(Mode.ALL)
            return stored.requirements
        return self.requirements.requirements()

    def placement(self) -> dict[str, Any]:
        """The chosen placement in KubeFed's form."""
        return selection.write(self.resource.placement if self.resource else {}, self.choice())

    def draft(self, kind: FederatedType) -> FederatedResource:
        """What is chosen at the moment of placement and replicas, as a resource that is not to be stored."""
        draft = copy(self.resource) if self.resource else FederatedResource(type=kind)
        if not self.resource and self.basics.is_bound:
            self.basics.is_valid()
            draft.name = self.basics.cleaned_data.get("name", "")
            draft.namespace = self.basics.cleaned_data.get("namespace", "")
        draft.placement, draft.replica_scheduling = self.placement(), self.shares.preference()
        return draft

    def build(self) -> FederatedResource:
        """The resource as the valid form wants it; not stored. What the form does not know is kept."""
        data = self.basics.cleaned_data
        resource = self.resource or FederatedResource(name=data["name"], namespace=data["namespace"])
        basics = Basics(
            image=data["image"],
            replicas=data["replicas"],
            port=data["port"],
            environment=self.variables.pairs(),
            labels=tuple(data["labels"].items()),
        )
        template = resource.template or deployments.new(resource.name, basics)
        resource.template = deployments.write(template, basics)
        resource.description = data["description"]
        resource.placement = self.placement()
        resource.replica_scheduling = self.shares.preference()
        resource.overrides = deployments.write_overrides(
            resource.overrides, self._written_overrides(), resource.template
        )
        self.options.write(resource)
        return resource

    def _written_overrides(self) -> Mapping[str, Override]:
        return {form.cluster: form.override() for form in self.overrides if form.is_bound}


def _stored(resource: FederatedResource) -> dict[str, Any]:
    """A resource as the initial values of every part."""
    basics = deployments.read(resource.template)
    choice = selection.read(resource.placement)
    return {
        "name": resource.name,
        "namespace": resource.namespace,
        "description": resource.description,
        "image": basics.image,
        "replicas": basics.replicas,
        "port": basics.port,
        "labels": ", ".join(f"{key}={value}" for key, value in basics.labels),
        "placement": choice.mode,
        "clusters": list(choice.names),
        "generation": resource.generation,
        "variables": [{"name": name, "value": value} for name, value in basics.environment],
        "requirements": [
            {"key": one.key, "operator": one.operator, "values": ", ".join(one.values)}
            for one in choice.requirements
        ],
        **narrowing.initial(choice.narrowing),
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else gave another value than is typed in the form."""

    label: Any
    theirs: str


def differences(mine: Editor, theirs: Editor) -> list[Difference]:
    """Where a bound form differs from what is stored."""
    found = []
    for ours, stored in zip(_simple(mine), _simple(theirs), strict=True):
        found += [
            Difference(field.label, _text(stored[name].value()))
            for name, field in ours.fields.items()
            if name not in ("generation", "note") and _text(ours[name].value()) != _text(stored[name].value())
        ]
    for title, one in _SETS:
        if (rows := _typed(getattr(theirs, one))) != _typed(getattr(mine, one)):
            found.append(Difference(title, "; ".join(" ".join(row) for row in rows)))
    before = {form.cluster: form for form in theirs.overrides}
    for form in mine.overrides:
        other = before.get(form.cluster) or OverrideForm(form.cluster, None, Override())
        values = [_text(other[name].value()) for name in other.fields]
        if values != [_text(form[name].value()) for name in form.fields]:
            found.append(Difference(form.cluster, " ".join(filter(None, values))))
    shares = theirs.shares.preference().get("clusters") or {}
    if shares != (mine.shares.preference().get("clusters") or {}):
        found.append(Difference(_("Replicas per cluster"), "; ".join(map(_share_text, shares.items()))))
    return found


def _share_text(entry: tuple[str, Mapping[str, int]]) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in entry[1].items())
    return f"{entry[0]}: {numbers}"


#: The repeatable rows, as they are called where somebody else changed them.
_SETS = (
    (_("Environment"), "variables"),
    (_("Labels that a cluster has to have"), "requirements"),
    (_("Taints that it tolerates"), "tolerations"),
)


def _simple(editor: Editor) -> list[forms.Form]:
    """The forms whose fields are compared one by one."""
    return [editor.basics, editor.narrowing, editor.shares.form, editor.options]


def _typed(rows: forms.BaseFormSet[Any]) -> list[list[str]]:
    """The rows of a set that are not empty."""
    values = [[_text(form[name].value()) for name in form.fields] for form in rows.forms]
    return [row for row in values if row[0]]


def _text(value: Any) -> str:
    """A value as it stands in a field."""
    if isinstance(value, (list, tuple)):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "" if value is None else str(value).strip()


def with_another_row(data: QueryDict, rows: str) -> QueryDict:
    """What was typed, with one empty row more of this kind (of ``ROWS``)."""
    grown = data.copy()
    key = f"{rows}-TOTAL_FORMS"
    grown[key] = str(tables.number(grown.get(key, "")) + 1)
    return grown


def without_override(data: QueryDict, cluster: str) -> QueryDict:
    """What was typed, with everything inherited in this cluster."""
    reset = data.copy()
    for name in ("replicas", "image"):
        if f"override-{cluster}-{name}" in reset:
            reset[f"override-{cluster}-{name}"] = ""
    return reset


def floating_tag(image: str) -> bool:
    """Whether an image may be another one tomorrow: ``latest``, or no tag and no digest at all."""
    if "@" in image:
        return False
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return tag in ("", "latest")
