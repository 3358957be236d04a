"""One workload in one cluster."""

from datetime import datetime

from django.db.models import QuerySet

from propagation.fragments import detail
from propagation.fragments.detail import DetailRow
from propagation.models import Propagation


def find(resource_pk: int, cluster: str) -> QuerySet[Propagation]:
    """The row of a resource in a cluster, with both."""
    rows = Propagation.objects.filter(resource_id=resource_pk, cluster__name=cluster)
    return rows.select_related("resource__type", "cluster")


class PlacedObject:
    """A row at one moment."""

    def __init__(self, row: Propagation, now: datetime) -> None:
        self.row: DetailRow = detail.row_of(row, row.resource, now)

    @property
    def pk(self) -> int:
        return self.row.pk

    @property
    def drifted(self) -> bool:
        """Whether somebody has changed or removed there what we applied."""
        return self.row.propagation.drifted

    @property
    def suspended(self) -> bool:
        """Whether that stays as it is until somebody asks for a repair."""
        return self.row.resource.suspend_repair
