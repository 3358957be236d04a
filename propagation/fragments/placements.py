"""Which clusters a placement selects, and why not the others, before anything is stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from clusters.domain.conditions import ClusterState
from clusters.models import Cluster
from propagation import placing
from propagation.domain import placement, replicas
from propagation.models import FederatedResource, Propagation

#: Rows of either list that a preview shows; the rest is counted.
SHOWN = 50

#: What placement and a cluster's state are read from: neither certificates nor lists of APIs.
COLUMNS = (
    *("name", "labels", "region", "zones", "provider", "version", "cordoned", "taints", "phase", "ready"),
    *("offline", "reason", "nodes_ready", "nodes_total", "last_probe_time"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cluster in a preview; ``reason`` says why it is not selected, or what is odd about it.

    ``replicas`` are those that a preference plans for it.
    """

    name: str
    state: ClusterState | None
    region: str
    version: str
    reason: str
    url: str
    replicas: int | None = None


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


def preview(
    resource: FederatedResource, clusters: Sequence[Cluster], rows: Collection[Propagation]
) -> Preview:
    """Where a resource, which need not be stored, would be now; ``rows`` are those that it has by now."""
    if problems := _problems(resource):
        return Preview([], [], problems)
    by_name = {cluster.name: cluster for cluster in clusters}
    now = timezone.now()
    place = placing.Round(now).place_all([resource], {resource.pk: rows})[resource.pk]
    matched: list[Candidate] = []
    others: list[Candidate] = []
    for verdict in place.verdicts:
        cluster = by_name.get(verdict.name)
        replicas = place.clusters.get(cluster.pk) if cluster else None
        (matched if verdict.selected else others).append(_candidate(verdict, cluster, replicas, now))
    return Preview(matched, others, [place.message] if place.message else [])


def _problems(resource: FederatedResource) -> list[str]:
    found = placement.validate(resource.placement) + replicas.validate(resource.replica_scheduling)
    return [problem.message for problem in found]


def eligible(
    resource: FederatedResource, clusters: Sequence[Cluster], rows: Collection[Propagation]
) -> list[str]:
    """The clusters that a preference may give replicas to, though it may use fewer."""
    wanted = resource.replica_scheduling
    if not wanted or _problems(resource):
        return []
    if not wanted.get("intersectWithClusterSelector"):
        return [cluster.name for cluster in clusters]
    held = {row.cluster_id for row in rows}
    holding = {cluster.name for cluster in clusters if cluster.pk in held}
    key = f"{resource.namespace}/{resource.name}"
    facts = [placing.facts(cluster) for cluster in clusters]
    verdicts = placement.evaluate(resource.placement, facts, holding, key)
    return [verdict.name for verdict in verdicts if verdict.selected]


def _candidate(
    verdict: placement.Verdict, cluster: Cluster | None, replicas: int | None, now: datetime
) -> Candidate:
    if cluster is None:
        return Candidate(verdict.name, None, "", "", verdict.reason, "")
    return Candidate(
        name=cluster.name,
        state=cluster.state_at(now),
        region=cluster.region,
        version=cluster.version,
        reason=verdict.reason,
        url=cluster.get_absolute_url(),
        replicas=replicas,
    )
