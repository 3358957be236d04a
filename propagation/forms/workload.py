"""A federated Deployment as a form, with repeatable rows and a table of what differs per cluster."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clusters.fragments import tables
from clusters.models import Cluster
from propagation.domain import deployments, selection
from propagation.domain.deployments import Basics, Override
from propagation.domain.selection import Choice, Mode, Narrowing, Requirement
from propagation.forms import narrowing
from propagation.forms.narrowing import TOLERATIONS, NarrowingForm
from propagation.forms.options import OptionsForm
from propagation.forms.parts import REQUIREMENTS, VARIABLES, BasicsForm, OverrideForm
from propagation.forms.sharing import Shares
from propagation.models import FederatedResource, FederatedType

#: Rows of the table of overrides; more would exceed the number of fields that a request may have.
SHOWN_OVERRIDES = 100

_POSTED = re.compile(r"^override-(?P<cluster>[a-z0-9.-]+)-(?:replicas|image)$")

#: The repeatable rows: the prefix of each kind, as the buttons name it.
ROWS = ("variables", "requirements", "tolerations")


Part = forms.BaseForm | forms.BaseFormSet[Any]


def _count(part: Part) -> int:
    """The fields of a form, or of all forms of a set, that have an error."""
    if isinstance(part, forms.BaseForm):
        return len(part.errors)
    return sum(len(form.errors) for form in part.forms) + len(part.non_form_errors())


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
