"""Choose what of a namespace is federated, and where it goes."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from clusters.domain.references import NAMESPACE
from clusters.models import Cluster, Phase
from propagation import scopes
from propagation.domain import federating
from propagation.domain.federating import Skip
from propagation.federating import Candidate, Contents
from propagation.models import FederatedResource

#: Objects of one form.
MOST = 500

#: Why an object stays where it is, for people.
REASONS: Mapping[Skip, Any] = {
    Skip.TAKEN: _("There is a federated object of this kind, namespace and name already."),
    Skip.FEDERATED: _("Its label says that it comes from a federation."),
    Skip.HANDS_OFF: _("Its label says that no federation may touch it."),
    Skip.LEAVING: _("It is being deleted."),
    Skip.OWNED: _("A controller made it, and makes it in other clusters too."),
    Skip.EVERYWHERE: _("Every cluster makes one of its own."),
    Skip.TOKEN: _("It is a token of this cluster."),
    Skip.HELM: _("It is Helm's record of what it installed in this cluster."),
    Skip.NAME: _("Its name cannot be that of a federated object."),
    Skip.INVALID: _("What is left of it without its cluster's fields is not complete."),
}


class Where(StrEnum):
    """Where federated objects go at first."""

    ALL = "all"
    ONLY = "only"
    LABELS = "labels"


class SourceForm(forms.Form):
    """The namespace of a cluster; which there are is known once there is a cluster."""

    cluster = forms.ChoiceField(
        label=_("Cluster"), error_messages={"invalid_choice": _("There is no such cluster that has joined.")}
    )
    namespace = forms.CharField(label=_("Namespace"), max_length=63, required=False, widget=forms.HiddenInput)

    # Another cluster can be chosen before a namespace.
    use_required_attribute = False

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        names = self._joined().order_by("name").values_list("name", flat=True)
        self.fields["cluster"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_namespace(self) -> str:
        """One that is open to whoever asks, and not one that every cluster has for itself."""
        name: str = self.cleaned_data["namespace"]
        if name in federating.OF_THE_CLUSTER:
            raise forms.ValidationError(_("Every cluster has a namespace of this name for itself."))
        if name and not scopes.permits("", name, ""):
            raise forms.ValidationError(scopes.refusal(name))
        return name

    def _joined(self) -> QuerySet[Cluster]:
        return Cluster.objects.filter(phase=Phase.JOINED)

    @cached_property
    def member(self) -> Cluster:
        """The chosen cluster; only of a valid form."""
        return self._joined().get(name=self.cleaned_data["cluster"])

    def offer(self, namespaces: Sequence[str]) -> None:
        """Let people choose among these."""
        names = [(name, name) for name in namespaces]
        self.fields["namespace"].widget = forms.Select(choices=[("", _("Choose one")), *names])
        self.fields["namespace"].required = True


class ChoiceForm(forms.Form):
    """Which objects, and where they go."""

    objects = forms.MultipleChoiceField(
        label=_("Objects"),
        error_messages={
            "required": _("Choose an object."),
            "invalid_choice": _("%(value)s is not there any more, or cannot be federated any more."),
        },
    )
    where = forms.ChoiceField(label=_("Where they go"), initial=Where.ALL, widget=forms.RadioSelect)

    def __init__(self, cluster: Cluster, contents: Contents, data: Any = None) -> None:
        super().__init__(data)
        self._cluster = cluster
        self.shown = contents.free[:MOST]
        self.more = len(contents.free) - len(self.shown)
        self._by_key = {one.key: one for one in self.shown}
        self.fields["objects"].choices = [(key, key) for key in self._by_key]  # type: ignore[attr-defined]
        self.fields["where"].choices = self._places()  # type: ignore[attr-defined]
        self.fields["objects"].initial = [one.key for one in self.shown if _wanted(one)]

    def _places(self) -> list[tuple[str, Any]]:
        name = self._cluster.name
        places: list[tuple[str, Any]] = [
            (Where.ALL, _("All clusters, those that join later too")),
            (Where.ONLY, _("Only %(name)s, where they come from") % {"name": name}),
        ]
        if self._cluster.labels:
            labels = ", ".join(f"{key}={value}" for key, value in sorted(self._cluster.labels.items()))
            text = _("Clusters with all labels of %(name)s: %(labels)s") % {"name": name, "labels": labels}
            places.append((Where.LABELS, text))
        return places

    @property
    def ticked(self) -> Sequence[str]:
        """The keys that are chosen."""
        chosen: Sequence[str] = self["objects"].value() or ()
        return chosen

    @property
    def placement(self) -> dict[str, Any]:
        """Where they go, as KubeFed says it; only of a valid form."""
        match self.cleaned_data["where"]:
            case Where.ONLY:
                return {"clusters": [{"name": self._cluster.name}]}
            case Where.LABELS:
                return {"clusterSelector": {"matchLabels": dict(self._cluster.labels)}}
        return {"clusterSelector": {}}

    def build(self) -> list[FederatedResource]:
        """The resources that would be stored; only of a valid form."""
        return [
            FederatedResource(
                type=one.type,
                namespace=one.namespace,
                name=one.name,
                template=one.template,
                placement=self.placement,
                retain_replicas=one.retain_replicas,
            )
            for one in map(self._by_key.__getitem__, self.cleaned_data["objects"])
        ]


def _wanted(candidate: Candidate) -> bool:
    """Everything, but a federated namespace narrows what else is placed in it: it is asked for."""
    return candidate.type.name != NAMESPACE.name or settings.STRICT_NAMESPACES


def seal(resources: Sequence[FederatedResource]) -> str:
    """What confirms that these were shown, and that nothing of them has changed since.

    Keyed, so that nobody can guess at the values of Secrets with it.
    """
    shown = [[str(one), one.template, one.placement, one.retain_replicas] for one in resources]
    return salted_hmac(
        "propagation.federating", json.dumps(shown, sort_keys=True), algorithm="sha256"
    ).hexdigest()


def is_sealed(resources: Sequence[FederatedResource], given: str) -> bool:
    """Whether exactly these were shown."""
    return constant_time_compare(seal(resources), given)
