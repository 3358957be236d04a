"""The live checklist of a join or an unjoin: its steps, in order, and their one writer."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clusters import live
from clusters.models import JoinStep

Operation = JoinStep.Operation
Status = JoinStep.Status


class Step(StrEnum):
    """What is done to join a cluster, or to leave it."""

    REACHABLE = "reachable"
    TRUSTED = "trusted"
    AUTHENTICATED = "authenticated"
    SUPPORTED = "supported"
    PERMITTED = "permitted"
    DISTINCT = "distinct"
    ACCESS = "access"
    CREDENTIAL = "credential"
    READY = "ready"

    WORKLOADS = "workloads"
    REVOKED = "revoked"
    FORGOTTEN = "forgotten"


STEPS: dict[str, tuple[Step, ...]] = {
    Operation.JOIN: tuple(Step)[:9],
    Operation.UNJOIN: tuple(Step)[9:],
}

LABELS = {
    Step.REACHABLE: _("Reachable"),
    Step.TRUSTED: _("TLS trusted"),
    Step.AUTHENTICATED: _("Authenticated"),
    Step.SUPPORTED: _("Version supported"),
    Step.PERMITTED: _("Permissions sufficient"),
    Step.DISTINCT: _("Not joined elsewhere"),
    Step.ACCESS: _("Service account and roles created"),
    Step.CREDENTIAL: _("Credential exchanged"),
    Step.READY: _("Ready"),
    Step.WORKLOADS: _("Workloads deleted"),
    Step.REVOKED: _("Service account and roles removed"),
    Step.FORGOTTEN: _("Record removed"),
}


def lay_out(cluster_pk: int, operation: str) -> None:
    """Make sure that every step has its row."""
    rows = [
        JoinStep(cluster_id=cluster_pk, operation=operation, position=position, name=step)
        for position, step in enumerate(STEPS[operation])
    ]
    JoinStep.objects.bulk_create(rows, ignore_conflicts=True)


def reset(cluster_pk: int, operation: str, keep: Collection[str] = ()) -> None:
    """Let every step but these wait again."""
    blank: dict[str, Any] = {"reason": "", "message": "", "hint": "", "started_at": None, "finished_at": None}
    _steps(cluster_pk, operation).exclude(name__in=keep).update(status=Status.WAITING, **blank)
    live.announce(live.CLUSTERS, [cluster_pk])


def catch_up(cluster_pk: int, steps: Collection[str]) -> None:
    """These steps are over, whatever was recorded of them before a process was killed."""
    behind = _steps(cluster_pk).filter(name__in=steps).exclude(status=Status.DONE)
    behind.update(status=Status.DONE, reason="", message="", hint="", finished_at=timezone.now())


def start(cluster_pk: int, step: Step) -> None:
    """A step is being worked on."""
    _write(cluster_pk, step, Status.RUNNING, started_at=timezone.now(), finished_at=None)


def done(cluster_pk: int, step: Step, message: str = "") -> None:
    """A step is over; ``message`` tells what was found."""
    _write(cluster_pk, step, Status.DONE, message=message, finished_at=timezone.now())


def skip(cluster_pk: int, step: Step, message: str = "") -> None:
    """A step is not needed."""
    _write(cluster_pk, step, Status.SKIPPED, message=message, finished_at=timezone.now())


def fail(cluster_pk: int, step: Step, reason: str, message: str, hint: str = "") -> None:
    """A step failed: why, and what to do next."""
    _write(
        cluster_pk, step, Status.FAILED, reason=reason, message=message, hint=hint, finished_at=timezone.now()
    )


def _write(cluster_pk: int, step: Step, status: str, **values: Any) -> None:
    cleared = {"reason": "", "message": "", "hint": ""}
    _steps(cluster_pk).filter(name=step).update(status=status, **{**cleared, **values})
    live.announce(live.CLUSTERS, [cluster_pk])


def _steps(cluster_pk: int, operation: str = "") -> QuerySet[JoinStep]:
    steps = JoinStep.objects.filter(cluster_id=cluster_pk)
    return steps.filter(operation=operation) if operation else steps
