"""Wake-ups: each task loads, calls one activity, and may be lost, repeated or killed at any line."""

import logging
from typing import Any

from celery import Task, current_app, shared_task
from kombu.exceptions import OperationalError

from clusters import joining, probing, renewing

logger = logging.getLogger(__name__)

#: The upper app's task that looks again at everything a changed cluster could concern. By name, since this
#: app knows nothing of that one; lost, its periodic resync does the same a little later.
CLUSTERS_CHANGED = "propagation.tasks.clusters_changed"


def wake(task: "Task[Any, Any] | str", *arguments: Any) -> None:
    """Enqueue a task (or one of that name); with the broker away, the periodic tasks find the work later."""
    signature = current_app.signature(task) if isinstance(task, str) else task.s()
    try:
        signature.apply_async(arguments, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("Cannot enqueue %s: %s", signature.task, type(error).__name__)


def clusters_changed(pks: list[int]) -> None:
    """Let the upper app look at these clusters again."""
    if pks:
        wake(CLUSTERS_CHANGED, sorted(pks))


def cluster_gone() -> None:
    """Let the upper app look at all placements again: a cluster is no longer there."""
    wake(CLUSTERS_CHANGED, [])


@shared_task
def join_cluster(pk: int) -> None:
    """Go on with a join from wherever it is."""
    if joining.join(pk):
        probing.probe([pk], clusters_changed)
        clusters_changed([pk])


@shared_task
def unjoin_cluster(pk: int) -> None:
    """Give up our access to a cluster that is leaving, and forget it."""
    if joining.unjoin(pk):
        cluster_gone()


@shared_task
def probe_clusters(pks: list[int] | None = None) -> None:
    """Look whether clusters are well; the periodic call, without keys, also resumes what was left."""
    if pks is None:
        resume()
    probing.probe(pks, clusters_changed)


@shared_task
def discover_kinds(pks: list[int] | None = None) -> None:
    """Read at once what clusters serve, which is otherwise read every few minutes."""
    probing.rediscover(pks)


def resume() -> None:
    """Enqueue what a killed worker, a lost wake-up or an unreachable member left half-way."""
    for pk in joining.unfinished_joins():
        wake(join_cluster, pk)
    for pk in joining.unfinished_unjoins():
        wake(unjoin_cluster, pk)
    if renewing.expiring():
        wake(renew_credentials)


@shared_task
def renew_credentials() -> None:
    """Replace the tokens that come to their end."""
    renewing.renew(renewing.expiring())
