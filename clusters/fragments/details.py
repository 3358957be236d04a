"""A cluster's page: its state, what is known of it, and the checklist of its join or its leaving."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from clusters.checklist import LABELS, Operation, Status, Step
from clusters.domain import taints
from clusters.domain.conditions import ClusterState
from clusters.domain.taints import Effect, Taint
from clusters.fragments import Fragment, fragment
from clusters.models import Cluster, JoinStep, Phase

_LOOKS = {
    Status.WAITING: ("unknown", "clock"),
    Status.RUNNING: ("progress", "progress"),
    Status.DONE: ("ok", "check"),
    Status.FAILED: ("error", "x"),
    Status.SKIPPED: ("unknown", "zero"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A step, with what it is called and the way it looks."""

    step: JoinStep

    @property
    def label(self) -> str:
        return str(LABELS[Step(self.step.name)])

    @property
    def status(self) -> str:
        return str(Status(self.step.status).label)

    @property
    def tone(self) -> str:
        return _LOOKS[Status(self.step.status)][0]

    @property
    def icon(self) -> str:
        return _LOOKS[Status(self.step.status)][1]


class Detail:
    """The cluster of a name at one moment; ``cluster`` is None once it was forgotten.

    Elements are named after the cluster's name, which outlives its key.
    """

    def __init__(self, cluster: Cluster | None, name: str, now: datetime) -> None:
        self.cluster = cluster
        self.name = name
        self.now = now

    @cached_property
    def state(self) -> ClusterState | None:
        return self.cluster.state_at(self.now) if self.cluster else None

    @property
    def leaving(self) -> bool:
        return self.cluster is not None and self.cluster.phase in (Phase.DETACHING, Phase.DETACH_FAILED)

    @cached_property
    def taints(self) -> tuple[Taint, ...]:
        return taints.parse_taints(self.cluster.taints) if self.cluster else ()

    @property
    def evicts(self) -> bool:
        """Whether what is there already has to tolerate a taint, too."""
        return any(taint.effect is Effect.NO_EXECUTE for taint in self.taints)

    @cached_property
    def lines(self) -> list[Line]:
        """The steps of the operation that is under way, or was last."""
        if self.cluster is None:
            return []
        operation = Operation.UNJOIN if self.leaving else Operation.JOIN
        return [Line(step) for step in self.cluster.steps.filter(operation=operation)]


PARTS = ("cluster_header", "cluster_checklist", "cluster_facts")


def part(name: str, detail: Detail) -> Fragment:
    """One of the parts of the page."""
    key = f"{name.replace('_', '-')}-{detail.name}"
    context: dict[str, Any] = {name: detail}
    return fragment(f"clusters/_{name}.html", key=key, **context)


def parts(detail: Detail) -> Iterator[Fragment]:
    """Every part of the page."""
    for name in PARTS:
        yield part(name, detail)
