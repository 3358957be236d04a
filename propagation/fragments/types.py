"""Which kinds are federated, where they are served, and what else the members serve."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from clusters.models import Preset
from propagation import placing, scopes
from propagation.domain.kinds import Catalogue, Coverage, Found
from propagation.models import FederatedType

#: Names that are told one by one; of more, only the number is.
TOLD = 5


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A federated kind: how many resources there are, and where it is served."""

    type: FederatedType
    resources: int
    coverage: Coverage

    @property
    def exceptions(self) -> list[str]:
        """Where it is not served as it should be, for people."""
        versions = sorted(set(self.coverage.otherwise.values()))
        others = {
            version: [name for name, found in self.coverage.otherwise.items() if found == version]
            for version in versions
        }
        found = [
            _("as %(version)s in %(names)s") % {"version": version, "names": names(clusters)}
            for version, clusters in others.items()
        ]
        if self.coverage.missing:
            found.append(_("not in %(names)s") % {"names": names(self.coverage.missing)})
        if self.coverage.unknown:
            found.append(_("not known yet of %(names)s") % {"names": names(self.coverage.unknown)})
        return found


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A kind that could be federated; ``twin`` is the federated type that has its kind's name already."""

    found: Found
    total: int
    twin: str = ""

    @property
    def clusters(self) -> str:
        """Where it is served, for people."""
        return names(self.found.members)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What could be federated; in ``limited`` clusters the console's role covers the built-in kinds alone."""

    rows: list[FoundRow] = field(default_factory=list)
    total: int = 0
    unknown: int = 0
    limited: tuple[str, ...] = ()

    @property
    def choices(self) -> dict[str, Found]:
        """What may be chosen, by name."""
        return {row.found.type.name: row.found for row in self.rows if not row.twin}

    @property
    def limited_names(self) -> str:
        """Those clusters, for people."""
        return names(self.limited)


def names(clusters: Collection[str]) -> str:
    """The first names of a list, and how many more there are."""
    first = ", ".join(list(clusters)[:TOLD])
    if len(clusters) <= TOLD:
        return first
    return _("%(names)s and %(more)s more") % {"names": first, "more": len(clusters) - TOLD}


def type_rows() -> list[TypeRow]:
    """Every type by its kind: two queries."""
    catalogue = Catalogue({name: served for name, served, _preset in _members()})
    types: Iterable[Any] = FederatedType.objects.annotate(
        resources_count=Count("resources", filter=scopes.Filter("resources__").q())
    ).order_by("kind", "name")
    return [TypeRow(one, one.resources_count, catalogue.coverage(one.resource_type)) for one in types]


def discovery(search: str = "") -> Discovery:
    """What members serve and is no type yet: two queries."""
    members = _members()
    types = {one.name: one for one in FederatedType.objects.all()}
    taken = {one.kind: one.name for one in types.values()}
    catalogue = Catalogue({name: served for name, served, _preset in members})
    rows = [
        FoundRow(found, catalogue.total, taken.get(found.type.kind, ""))
        for found in sorted(catalogue.federable(types), key=_order)
        if search.lower() in f"{found.type.kind} {found.type.name}".lower()
    ]
    return Discovery(
        rows=rows,
        total=catalogue.total,
        unknown=sum(not served for _name, served, _preset in members),
        limited=tuple(name for name, _served, preset in members if preset != Preset.ADMIN),
    )


def _order(found: Found) -> tuple[bool, str]:
    """Custom resources come first, which is what people look for."""
    group = found.type.group
    return "." not in group or group.endswith(".k8s.io"), found.type.kind


def _members() -> list[tuple[str, list[str], str]]:
    """Name, served kinds and preset of every cluster, by name."""
    return list(placing.candidates().order_by("name").values_list("name", "api_resources", "preset"))
