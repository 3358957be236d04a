"""ReplicaSchedulingPreference: how many replicas of a federated object run where, as a document of its own.

https://github.com/kubernetes-retired/kubefed/blob/master/docs/userguide.md#replicaschedulingpreference
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from propagation.domain import envelopes, replicas
from propagation.domain.envelopes import DEFAULT_NAMESPACE, NOWHERE, Place
from propagation.domain.problems import Problem
from propagation.domain.types import SCALABLE

Object = dict[str, Any]

API_VERSION = "scheduling.kubefed.io/v1alpha1"
KIND = "ReplicaSchedulingPreference"

#: KubeFed knows the first two; StatefulSets have replicas as well.
TARGETS = {f"Federated{kind}": kind for kind in SCALABLE}


@dataclass(frozen=True, slots=True)
class SchedulingPreference:
    """The preference of the object of this kind (``Deployment``), namespace and name.

    ``scheduling`` is what ``replicas`` understands.
    """

    kind: str
    namespace: str
    name: str
    scheduling: Object
    place: Place = field(default=NOWHERE, compare=False, repr=False)


def problems(value: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with such a document."""
    found = envelopes.problems(value)
    spec = value.get("spec")
    if not isinstance(spec, Mapping):
        return [*found, Problem("/spec", "A preference has a spec with targetKind and totalReplicas.")]
    if spec.get("targetKind") not in list(TARGETS):
        message = f"The targetKind is one of {', '.join(TARGETS)}."
        found.append(Problem("/spec/targetKind", message))
    scheduling = _scheduling(spec)
    if not scheduling:
        found.append(Problem("/spec", "A preference has totalReplicas."))
    return found + envelopes.under("/spec", replicas.validate(scheduling))


def read(value: Mapping[str, Any], place: Place = NOWHERE) -> SchedulingPreference:
    """The preference of a document without problems."""
    metadata, spec = value["metadata"], value["spec"]
    return SchedulingPreference(
        kind=TARGETS[spec["targetKind"]],
        namespace=metadata.get("namespace", DEFAULT_NAMESPACE),
        name=metadata["name"],
        scheduling=_scheduling(spec),
        place=place,
    )


def _scheduling(spec: Mapping[str, Any]) -> Object:
    """What is there; KubeFed's own documents hold nulls for what was not given."""
    return {name: value for name, value in spec.items() if name != "targetKind" and value is not None}


def document(preference: SchedulingPreference) -> Object:
    """The preference as KubeFed writes it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": preference.name, "namespace": preference.namespace},
        "spec": {"targetKind": f"Federated{preference.kind}", **preference.scheduling},
    }
