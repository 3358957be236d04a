"""How much CPU the members have free, as long as some preference asks for it.

The nodes' capacity is probed anyway; what the pods have asked for takes a list of all of them, which is why
this happens seldom, and only where a preference depends on it.
"""

import asyncio
import logging
from datetime import timedelta

from django.utils import timezone

from clusters.domain.conditions import Status
from clusters.domain.references import POD
from clusters.kube import errors, loop
from clusters.kube.client import Member
from clusters.models import Cluster, Phase
from propagation.domain import pods
from propagation.domain.replicas import MEASURED
from propagation.models import ClusterCapacity, FederatedResource

logger = logging.getLogger(__name__)

#: How old a measurement may be.
GOOD_FOR = timedelta(seconds=30)
#: Lists of pods under way at once: they are large.
CONCURRENCY = 8


def measure() -> None:
    """Measure the members whose figures are old, if anybody needs them."""
    wanted = FederatedResource.objects.filter(replica_scheduling__mode__in=MEASURED)
    if not wanted.exists():
        return
    now = timezone.now()
    fresh = ClusterCapacity.objects.filter(observed_at__gt=now - GOOD_FOR)
    ready = Cluster.objects.filter(phase=Phase.JOINED, ready=Status.TRUE, cpu_capacity_millis__isnull=False)
    due = list(ready.exclude(pk__in=fresh.values("cluster_id")).defer("api_resources"))
    found = loop.run(_measure_all(due))
    capacities = [
        ClusterCapacity(cluster_id=pk, free_cpu_millis=free, observed_at=now) for pk, free in found.items()
    ]
    ClusterCapacity.objects.bulk_create(
        capacities,
        update_conflicts=True,
        update_fields=["free_cpu_millis", "observed_at"],
        unique_fields=["cluster"],
    )


async def _measure_all(clusters: list[Cluster]) -> dict[int, int]:
    places = asyncio.Semaphore(CONCURRENCY)
    pool = loop.shared_pool()

    async def measure_in_turn(cluster: Cluster) -> tuple[int, int | None]:
        async with places:
            return cluster.pk, await _free(pool.member(cluster.connection), cluster)

    found = await asyncio.gather(*map(measure_in_turn, clusters))
    return {pk: free for pk, free in found if free is not None}


async def _free(member: Member, cluster: Cluster) -> int | None:
    """Millicores that no pod has asked for; None where the pods cannot be listed."""
    try:
        listing = await member.list(POD, field_selector="status.phase!=Succeeded,status.phase!=Failed")
    except errors.MemberError as error:
        logger.info("Cannot tell what %s has free: %s", cluster.name, error.reason)
        return None
    asked = sum(pods.cpu_request(pod.get("spec") or {}) for pod in listing.items)
    return max(0, (cluster.cpu_capacity_millis or 0) - asked)
