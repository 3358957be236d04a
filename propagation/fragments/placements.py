"""Which clusters a placement selects, and why not the others, before anything is stored."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from clusters.domain.conditions import ClusterState
from clusters.models import Cluster
from propagation import placing
from propagation.domain import placement

#: Rows of either list that a preview shows; the rest is counted.
SHOWN = 50

#: What placement and a cluster's state are read from: neither certificates nor lists of APIs.
COLUMNS = (
    *("name", "labels", "region", "zones", "provider", "version", "cordoned", "taints", "phase", "ready"),
    *("offline", "reason", "nodes_ready", "nodes_total", "last_probe_time"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cluster in a preview; ``reason`` says why it is not selected, or what is odd about it."""

    name: str
    state: ClusterState | None
    region: str
    version: str
    reason: str
    url: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a placement would do now; ``problems`` say what is wrong with the placement itself."""

    matched: list[Candidate]
    others: list[Candidate]
    problems: list[str]

    @property
    def total(self) -> int:
        return len(self.matched) + sum(one.state is not None for one in self.others)

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.matched]

    @property
    def shown_matched(self) -> list[Candidate]:
        return self.matched[:SHOWN]

    @property
    def shown_others(self) -> list[Candidate]:
        return self.others[:SHOWN]

    @property
    def more_matched(self) -> int:
        return max(0, len(self.matched) - SHOWN)

    @property
    def more_others(self) -> int:
        return max(0, len(self.others) - SHOWN)

    @property
    def suspicious(self) -> bool:
        """Whether it is none or all of several clusters, which is seldom meant."""
        return not self.matched or (len(self.matched) == self.total and self.total > 1)


def candidates() -> list[Cluster]:
    """Every cluster that something may be placed in, by name."""
    return list(placing.candidates().only(*COLUMNS).order_by("name"))


def preview(wanted: dict[str, Any], clusters: Sequence[Cluster], holding: Collection[int] = ()) -> Preview:
    """Evaluate a placement on these clusters.

    One in maintenance takes nothing new: it only keeps what it is ``holding`` (keys) already.
    """
    if problems := [problem.message for problem in placement.validate(wanted)]:
        return Preview([], [], problems)
    by_name = {cluster.name: cluster for cluster in clusters}
    held = {cluster.name for cluster in clusters if cluster.pk in holding}
    now = timezone.now()
    matched: list[Candidate] = []
    others: list[Candidate] = []
    for verdict in placement.evaluate(wanted, [placing.facts(cluster) for cluster in clusters], held):
        candidate = _candidate(verdict, by_name.get(verdict.name), now)
        (matched if verdict.selected else others).append(candidate)
    return Preview(matched, others, [])


def _candidate(verdict: placement.Verdict, cluster: Cluster | None, now: datetime) -> Candidate:
    if cluster is None:
        return Candidate(verdict.name, None, "", "", verdict.reason, "")
    return Candidate(
        name=cluster.name,
        state=cluster.state_at(now),
        region=cluster.region,
        version=cluster.version,
        reason=verdict.reason,
        url=cluster.get_absolute_url(),
    )


def unknown(wanted: dict[str, Any], known: Iterable[str]) -> list[str]:
    """Names in a placement that no cluster bears."""
    names = [entry["name"] for entry in wanted.get("clusters") or []]
    return [name for name in names if name not in set(known)]
