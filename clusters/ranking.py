"""The state of clusters as SQL, for counting, filtering and sorting in the database.

Cases and order are those of ``conditions.state``; a test compares the two over every combination.
"""

from datetime import datetime

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from clusters.domain.conditions import STALE_AFTER, ClusterState, Reason, Status
from clusters.models import Phase


def state_rank(now: datetime) -> Case:
    """The rank of a cluster's state; 0 is the worst."""
    return Case(
        When(phase=Phase.PENDING, then=_rank(ClusterState.PENDING)),
        When(phase=Phase.JOINING, then=_rank(ClusterState.JOINING)),
        When(phase=Phase.DETACHING, then=_rank(ClusterState.DETACHING)),
        When(phase=Phase.DETACH_FAILED, then=_rank(ClusterState.DETACH_FAILED)),
        When(last_probe_time=None, then=_rank(ClusterState.PENDING)),
        When(last_probe_time__lt=now - STALE_AFTER, then=_rank(ClusterState.STALE)),
        When(reason=Reason.UNAUTHORIZED, then=_rank(ClusterState.AUTH_FAILED)),
        When(offline=Status.TRUE, then=_rank(ClusterState.UNREACHABLE)),
        When(ready=Status.FALSE, then=_rank(ClusterState.NOT_READY)),
        When(~Q(ready=Status.TRUE), then=_rank(ClusterState.PENDING)),
        When(cordoned=True, then=_rank(ClusterState.MAINTENANCE)),
        When(nodes_total__gt=Coalesce(F("nodes_ready"), 0), then=_rank(ClusterState.DEGRADED)),
        default=_rank(ClusterState.READY),
        output_field=IntegerField(),
    )


def _rank(state: ClusterState) -> Value:
    return Value(state.rank)
