"""Wake-ups: each task loads, calls one activity, and may be lost, repeated or killed at any line."""

from collections.abc import Collection

from celery import shared_task
from django.utils import timezone

from clusters.tasks import unjoin_cluster, wake
from propagation import departing, dispatching, feed, measuring, observing, placing, scheduling
from propagation.delivering import Outcome
from propagation.models import Propagation


def drain_soon(cluster_pks: Collection[int]) -> None:
    """Ask for a drain of these clusters by whichever worker is free."""
    if cluster_pks:
        wake(drain, sorted(cluster_pks))


def finish_departures() -> None:
    """Let clusters go whose last object has gone."""
    for pk in departing.finish():
        wake(unjoin_cluster, pk)


def observe(outcomes: list[Outcome]) -> None:
    """What the members answered is the first report of a new revision, of which nothing is up yet."""
    reports = [
        observing.observe(one.assignment.cluster_pk, one.assignment.reference.type.name, one.live)
        for one in outcomes
        if one.live
    ]
    observing.record(reports)


@shared_task
def schedule(resource_pks: list[int]) -> None:
    """Place these resources, and deliver them at once: a second hop would cost more than the delivery."""
    if touched := scheduling.schedule(resource_pks):
        dispatching.drain(touched, drain_soon, observe)


@shared_task
def drain(cluster_pks: list[int]) -> None:
    """Deliver what is due in these clusters."""
    dispatching.drain(cluster_pks, drain_soon, observe)
    finish_departures()


@shared_task
def clusters_changed(cluster_pks: list[int]) -> None:
    """Members joined, left, came back, or have other labels: look again at all that it could concern."""
    departing.begin()
    touched = scheduling.schedule(relabelled=cluster_pks)
    scheduling.retry_now(cluster_pks)
    drain_soon(touched | set(cluster_pks))
    finish_departures()


@shared_task
def resync() -> None:
    """Find what lost wake-ups left behind: Redis carries no state, the database does."""
    measuring.measure()
    if scheduling.overlooked():
        scheduling.schedule(relabelled=placing.candidates().values_list("pk", flat=True))
    elif behind := scheduling.unscheduled():
        scheduling.schedule(behind)
    scheduling.sweep()
    observing.repair()
    departing.begin()
    finish_departures()
    due = Propagation.objects.due(timezone.now()).values_list("cluster_id", flat=True).distinct()
    drain_soon(set(due))


@shared_task
def tidy() -> None:
    """Drop what the activity feed need not remember any more."""
    feed.forget()
