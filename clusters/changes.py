"""What people change: stored, announced to open pages, and followed up after the commit."""

from functools import partial
from typing import Any

from django.db import transaction

from clusters import joining, live, tasks
from clusters.models import Cluster, Phase

#: A change of any of these concerns what is placed in a cluster.
PLACEMENT = frozenset({"labels", "region", "zones", "provider", "cordoned", "taints"})


def enroll(**values: Any) -> Cluster:
    """Store a cluster and begin to join it; takes and raises what ``joining.enroll`` does."""
    with transaction.atomic():
        cluster = joining.enroll(**values)
        _after_commit(tasks.join_cluster, cluster.pk)
    return cluster


def edit(cluster: Cluster, **values: Any) -> None:
    """Write other values, and have placements looked at again where they could be concerned."""
    changed = {name: value for name, value in values.items() if getattr(cluster, name) != value}
    if not changed:
        return
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(**changed)
        live.announce(live.CLUSTERS, [cluster.pk])
        if changed.keys() & PLACEMENT:
            transaction.on_commit(partial(tasks.clusters_changed, [cluster.pk]))


def check_again(cluster: Cluster) -> None:
    """Do now what is done by and by: go on with a join or an unjoin, or look whether a member is well."""
    match cluster.phase:
        case Phase.PENDING | Phase.JOINING:
            joining.retry(cluster)
            _after_commit(tasks.join_cluster, cluster.pk)
        case Phase.JOINED:
            _after_commit(tasks.probe_clusters, [cluster.pk])
        case _:
            _after_commit(tasks.unjoin_cluster, cluster.pk)


def reconnect(cluster: Cluster, **values: Any) -> None:
    """Join a known cluster again with another kubeconfig; takes and raises what ``joining.reenroll`` does."""
    with transaction.atomic():
        joining.reenroll(cluster, **values)
        _after_commit(tasks.join_cluster, cluster.pk)


def leave(cluster: Cluster, *, delete_workloads: bool) -> None:
    """Begin to let a cluster go."""
    with transaction.atomic():
        joining.begin_unjoin(cluster, delete_workloads)
        transaction.on_commit(partial(tasks.clusters_changed, [cluster.pk]))
        _after_commit(tasks.unjoin_cluster, cluster.pk)


def forget(cluster: Cluster) -> None:
    """Remove the record at once; nothing is asked of the cluster."""
    with transaction.atomic():
        joining.forget(cluster)
        transaction.on_commit(tasks.cluster_gone)


def _after_commit(task: Any, *arguments: Any) -> None:
    transaction.on_commit(partial(tasks.wake, task, *arguments))
