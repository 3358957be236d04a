"""Pasted KubeFed documents: what storing them would do, before anything is stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clusters.domain import documents
from propagation import changes
from propagation.domain import manifests
from propagation.domain.manifests import Manifest, ManifestError
from propagation.models import FederatedResource, FederatedType


class Action(StrEnum):
    """What storing a document does."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"


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


@dataclass(frozen=True, slots=True)
class Planned:
    """One document: the resource that it describes, and what storing it does.

    ``fields`` are the parts that an update changes; ``unknown`` clusters are ignored until they exist.
    """

    manifest: Manifest
    resource: FederatedResource
    action: Action
    fields: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """What confirms this update, and no later one."""
        return f"{self.resource.pk}:{self.resource.generation}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a text asks for, and everything that is wrong with it."""

    planned: list[Planned] = field(default_factory=list)
    errors: list[ManifestError] = field(default_factory=list)

    @property
    def updates(self) -> list[Planned]:
        return [one for one in self.planned if one.action is Action.UPDATE]

    @property
    def changes(self) -> list[Planned]:
        return [one for one in self.planned if one.action is not Action.NOTHING]

    @property
    def confirmation(self) -> str:
        """What the form sends back to confirm all updates."""
        return ",".join(one.token for one in self.updates)

    def is_confirmed(self, shown: set[str]) -> bool:
        """Whether every update was shown as it is now."""
        return {one.token for one in self.updates} <= shown


def plan(text: str, clusters: Iterable[str], may: Mapping[Action, bool]) -> Plan:
    """What storing a text would do: two queries, whatever its length."""
    types = {one.name: one for one in FederatedType.objects.filter(enabled=True)}
    parsed = manifests.parse(text, [one.resource_type for one in types.values()])
    stored = _stored(parsed.manifests)
    known = set(clusters)
    planned = [_planned(one, types[one.type.name], stored, known) for one in parsed.manifests]
    refused = [error for one in planned if (error := _refusal(one, may)) is not None]
    return Plan(planned, sorted([*parsed.errors, *refused], key=lambda error: (error.line, error.column)))


Key = tuple[str, str, str]


def _stored(found: Sequence[Manifest]) -> dict[Key, FederatedResource]:
    resources = FederatedResource.objects.filter(name__in={one.name for one in found}).select_related("type")
    return {(one.type.name, one.namespace, one.name): one for one in resources}


def _planned(
    manifest: Manifest, kind: FederatedType, stored: Mapping[Key, FederatedResource], known: set[str]
) -> Planned:
    before = stored.get((kind.name, manifest.namespace, manifest.name))
    resource = before or FederatedResource(type=kind, namespace=manifest.namespace, name=manifest.name)
    wanted = {
        "labels": dict(manifest.labels),
        "annotations": dict(manifest.annotations),
        "template": manifest.template,
        "placement": manifest.placement,
        "overrides": manifest.overrides,
        "retain_replicas": manifest.retain_replicas,
    }
    fields = tuple(name for name, value in wanted.items() if getattr(resource, name) != value)
    for name, value in wanted.items():
        setattr(resource, name, value)
    action = Action.CREATE if before is None else Action.UPDATE if fields else Action.NOTHING
    return Planned(manifest, resource, action, fields, _unknown(manifest, known))


def _unknown(manifest: Manifest, known: set[str]) -> tuple[str, ...]:
    """Clusters that are named in the placement or in overrides, and that nobody imported."""
    placed = [entry["name"] for entry in manifest.placement.get("clusters") or []]
    overridden = [entry["clusterName"] for entry in manifest.overrides if "clusterName" in entry]
    return tuple(name for name in dict.fromkeys([*placed, *overridden]) if name not in known)


def _refusal(planned: Planned, may: Mapping[Action, bool]) -> ManifestError | None:
    name = planned.resource.name
    if planned.resource.deletion_requested_at:
        message = _("%(name)s is being removed: wait until it is gone.") % {"name": name}
    elif planned.action is Action.CREATE and not may[Action.CREATE]:
        message = _("You may not create workloads, and %(name)s is new.") % {"name": name}
    elif planned.action is Action.UPDATE and not may[Action.UPDATE]:
        message = _("You may not change workloads, and %(name)s would be changed.") % {"name": name}
    else:
        return None
    return ManifestError(0, planned.manifest.line, 1, message)


def store(wanted: Plan, user: Any, note: str = "") -> list[FederatedResource]:
    """Store all of it or nothing; raises as ``changes.save_all`` does."""
    return changes.save_all([one.resource for one in wanted.changes], user, note)
