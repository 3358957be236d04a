"""At most one drain works on a cluster: the claim is a lease that lapses when its holder is killed.

A holder's name tells its host and process, so that on the same host nobody waits for the lease of a
process that is no more.
"""

import os
import socket
from collections.abc import Collection
from datetime import timedelta
from uuid import uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from clusters.models import Cluster
from propagation.models import Drain

LEASE = timedelta(seconds=20)


class Claim:
    """The clusters that one drain holds. They are renewed as it makes progress, and released one by one."""

    def __init__(self, cluster_pks: Collection[int]) -> None:
        self._holder = f"{socket.gethostname()} {os.getpid()} {uuid4()}"
        now = timezone.now()
        existing = Cluster.objects.filter(pk__in=cluster_pks).order_by("pk").values_list("pk", flat=True)
        Drain.objects.bulk_create([Drain(cluster_id=pk) for pk in existing], ignore_conflicts=True)
        free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(holder__in=_dead_holders(cluster_pks))
        Drain.objects.filter(free, cluster_id__in=cluster_pks).update(
            holder=self._holder, claimed_until=now + LEASE
        )
        self._renewed_at = now
        self.cluster_pks = set(self._held().values_list("cluster_id", flat=True))

    def _held(self) -> QuerySet[Drain]:
        return Drain.objects.filter(holder=self._holder)

    def renew(self) -> None:
        """Prolong the lease when a third of it has gone by."""
        now = timezone.now()
        if now - self._renewed_at > LEASE / 3:
            self._held().update(claimed_until=now + LEASE)
            self._renewed_at = now

    def release(self, cluster_pks: Collection[int]) -> None:
        """Let other drains work on these clusters."""
        if not cluster_pks:
            return
        self._held().filter(cluster_id__in=cluster_pks).update(holder="", claimed_until=None)
        self.cluster_pks -= set(cluster_pks)


def _dead_holders(cluster_pks: Collection[int]) -> list[str]:
    """Holders of these clusters that were processes of this host and have ended."""
    holders = (
        Drain.objects.filter(cluster__in=cluster_pks).exclude(holder="").values_list("holder", flat=True)
    )
    return [holder for holder in holders.distinct() if not _may_live(holder)]


def _may_live(holder: str) -> bool:
    host, pid, _id = holder.split(" ")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's process: it lives
    return True
