"""Tokens of our own: how they are stored, and their replacement before they end."""

import logging
from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from clusters import access, checklist
from clusters.checklist import Step
from clusters.kube import errors, loop
from clusters.models import Cluster, Phase

logger = logging.getLogger(__name__)

#: The part of its lifetime after which a token is replaced.
SHARE = 0.6
#: After a failed renewal.
PAUSE = timedelta(minutes=2)


def columns(token: access.Token) -> dict[str, Any]:
    """A token as columns of its cluster."""
    now = timezone.now()
    return {
        "credential": asdict(token.credential),
        "credential_expires_at": token.expires_at,
        "credential_renew_at": now + (token.expires_at - now) * SHARE,
    }


def expiring() -> list[int]:
    """Keys of members whose token is to be replaced by now."""
    phases = [Phase.JOINED, Phase.DETACHING, Phase.DETACH_FAILED]
    due = Cluster.objects.filter(phase__in=phases, credential_renew_at__lte=timezone.now())
    return list(due.values_list("pk", flat=True))


def renew(pks: Collection[int]) -> None:
    """Replace the tokens of these clusters; a failure shows in the checklist, and is tried again soon."""
    clusters = Cluster.objects.filter(pk__in=pks)
    clusters.update(credential_renew_at=timezone.now() + PAUSE)  # nobody else need try it meanwhile
    for batch in loop.gather_batches([_try(cluster) for cluster in clusters]):
        for cluster, outcome in batch:
            _record(cluster, outcome)


async def _try(cluster: Cluster) -> tuple[Cluster, access.Token | errors.MemberError]:
    try:
        return cluster, await access.own_token(cluster.connection, cluster.name)
    except errors.MemberError as error:
        return cluster, error


def _record(cluster: Cluster, outcome: access.Token | errors.MemberError) -> None:
    mine = Cluster.objects.filter(pk=cluster.pk)
    if isinstance(outcome, access.Token):
        mine.update(**columns(outcome))
        checklist.done(cluster.pk, Step.CREDENTIAL)
        return
    logger.warning("Cannot renew the token of %s: %s", cluster.name, outcome.reason)
    checklist.fail(cluster.pk, Step.CREDENTIAL, outcome.reason, f"The token was not renewed. {outcome}")
