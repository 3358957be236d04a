"""What leaves with a cluster: its objects when it was asked for, its rows always.

The lower app removes our access and the record once it is told that the workloads are done with.
"""

from django.db.models import F

from clusters import joining
from clusters.models import Cluster, Phase
from propagation.models import Propagation


def begin() -> None:
    """Forget the rows of clusters that are detached and keep their workloads.

    Clusters whose workloads go too are deselected by scheduling (they are no candidates any more), but
    for kinds that are disabled, of which scheduling keeps away.
    """
    Propagation.objects.filter(cluster__in=joining.keeping_workloads()).delete()
    left = Propagation.objects.filter(
        cluster__phase=Phase.DETACHING, resource__type__enabled=False, selected=True
    )
    left.update(selected=False, desired_generation=F("desired_generation") + 1, next_attempt_at=None)


def finish() -> list[int]:
    """Tell the lower app which detaching clusters hold nothing of ours any more; return their keys."""
    empty = Cluster.objects.filter(phase=Phase.DETACHING, propagations=None)
    return [pk for pk in empty.values_list("pk", flat=True) if joining.workloads_removed(pk)]
