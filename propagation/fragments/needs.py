"""What a workload names and cannot run without, and whether the console brings it along."""

from dataclasses import dataclass

from propagation.domain import dependencies, types
from propagation.models import FederatedResource

#: Kinds by the name of their type.
KINDS = {one.name: one.kind for one in types.BUILT_IN if one.name in dependencies.KINDS}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is named; ``resource`` is None where it is not federated here."""

    kind: str
    name: str
    resource: FederatedResource | None


def needs(workload: FederatedResource) -> list[Need]:
    """Everything that its pods name, in the order of kinds and names."""
    if not workload.dependencies:
        return []
    named = [(kind, name) for kind, _slash, name in (one.partition("/") for one in workload.dependencies)]
    found = FederatedResource.objects.filter(
        namespace=workload.namespace,
        type__name__in={kind for kind, _name in named},
        name__in={name for _kind, name in named},
        deletion_requested_at=None,
    ).select_related("type")
    federated = {(one.type.name, one.name): one for one in found.only("name", "type__name")}
    return [Need(KINDS[kind], name, federated.get((kind, name))) for kind, name in named]
