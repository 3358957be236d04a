"""Tell open pages that something changed: a wake-up with keys, never state.

A message that is lost or comes twice does no harm: pages are refreshed after every reconnect.
"""

import logging
from collections.abc import Iterable
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

from clusters.kube import loop

logger = logging.getLogger(__name__)

#: Keys of one message.
BATCH = 500

#: The groups that there are: keys of clusters, of federated resources, and of clusters whose rows changed.
CLUSTERS = "clusters"
WORKLOADS = "workloads"
CLUSTER_PROPAGATIONS = "cluster-propagations"


def announce(group: str, pks: Iterable[int]) -> None:
    """After the commit, send ``{"type": "changed", "group": group, "pks": [...]}`` to a group."""
    keys = sorted(set(pks))
    for start in range(0, len(keys), BATCH):
        message = {"type": "changed", "group": group, "pks": keys[start : start + BATCH]}
        transaction.on_commit(lambda message=message: loop.start(_send(group, message)))  # type: ignore[misc]


async def _send(group: str, message: dict[str, Any]) -> None:
    try:
        if layer := get_channel_layer():
            await layer.group_send(group, message)
    except Exception as error:  # whatever a channel layer raises, the rows are written
        logger.warning("Open pages were not told of a change: %s", type(error).__name__)
