"""The revisions of a workload: who wanted what and why, and where each of them runs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from django.http import QueryDict

from clusters.fragments import tables
from clusters.fragments.tables import Page
from propagation.domain import revisions
from propagation.domain.diffs import Diff
from propagation.fragments.workloads import AnyUser
from propagation.models import FederatedResource, Revision

#: Rows of a page; each costs a decryption and a comparison.
SIZE = 20
#: Changed fields that are named in a row.
NAMED = 6
#: Numbers that can be chosen for a comparison.
OFFERED = 500


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A revision with what it changed, and in how many clusters it runs."""

    revision: Revision
    diff: Diff
    clusters: int
    current: bool
    previous: int | None

    @property
    def fields(self) -> tuple[str, ...]:
        return self.diff.fields[:NAMED]

    @property
    def more(self) -> int:
        return max(0, len(self.diff.fields) - NAMED)


class Revisions:
    """The page of a workload's revisions that an address asks for."""

    def __init__(self, resource: FederatedResource, path: str, query: QueryDict, reader: AnyUser) -> None:
        self.resource = resource
        self._reader = reader
        self.where = tables.address(path, query, ("from", "to", "page"))
        self._found = resource.revisions.select_related("author").order_by("-generation")

    @property
    def pk(self) -> int:
        return self.resource.pk

    @cached_property
    def may_roll_back(self) -> bool:
        """Whether the reader may, and there is something to go back with."""
        may = self._reader.has_perm("propagation.change_federatedresource")
        return may and not self.resource.deletion_requested_at

    @cached_property
    def page(self) -> Page:
        return tables.page(self.where, "page", SIZE, self._found.count())

    @cached_property
    def rows(self) -> list[RevisionRow]:
        """Newest first."""
        start = self.page.start
        found = list(self._found[start : start + SIZE + 1])
        counts = self._clusters()
        pairs = list(zip_longest(found, found[1:]))[:SIZE]
        return [self._row(one, previous, counts) for one, previous in pairs]

    def _clusters(self) -> Mapping[int, int]:
        applied = self.resource.propagations.filter(applied_revision__gt=0)
        return Counter(applied.values_list("applied_revision", flat=True))

    def _row(self, revision: Revision, previous: Revision | None, counts: Mapping[int, int]) -> RevisionRow:
        return RevisionRow(
            revision=revision,
            diff=self._compare(previous, revision),
            clusters=counts.get(revision.generation, 0),
            current=revision.generation == self.resource.generation,
            previous=previous.generation if previous else None,
        )

    def _compare(self, before: Revision | None, after: Revision) -> Diff:
        return revisions.compare(self.resource.type.kind, before.spec if before else None, after.spec)

    @cached_property
    def numbers(self) -> list[int]:
        """What can be compared."""
        return list(self._found.values_list("generation", flat=True)[:OFFERED])

    @cached_property
    def chosen(self) -> tuple[Revision, Revision] | None:
        """The two revisions that the address names, if it names two that there are."""
        given = [tables.number(self.where.text(name)) for name in ("from", "to")]
        numbers = [number for number in given if number]
        found = {one.generation: one for one in self._found.filter(generation__in=numbers)}
        chosen = [found[number] for number in numbers if number in found]
        return (chosen[0], chosen[1]) if len(chosen) == 2 else None

    @cached_property
    def diff(self) -> Diff | None:
        """What differs between the chosen ones."""
        return self._compare(*self.chosen) if self.chosen else None
