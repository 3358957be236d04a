"""The state in SQL and the state in Python are one rule: compared over every combination."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from clusters.models import Cluster, Phase
from clusters.ranking import state_rank

pytestmark = pytest.mark.django_db


def test_every_combination_has_the_same_state_in_sql_and_in_python() -> None:
    now = timezone.now()
    columns = product(
        Phase.values,
        (True, False),
        ("True", "False", "Unknown"),
        ("True", "False", "Unknown"),
        ("", "Unauthorized", "ConnectTimeout"),
        ((None, None), (2, 3), (3, 3)),
        (None, now - timedelta(seconds=1), now - timedelta(minutes=1)),
    )
    Cluster.objects.bulk_create(
        Cluster(
            name=f"cluster-{number}",
            phase=phase,
            cordoned=cordoned,
            ready=ready,
            offline=offline,
            reason=reason,
            nodes_ready=nodes[0],
            nodes_total=nodes[1],
            last_probe_time=probed,
        )
        for number, (phase, cordoned, ready, offline, reason, nodes, probed) in enumerate(columns)
    )
    for cluster in Cluster.objects.annotate(rank=state_rank(now)):
        assert cluster.rank == cluster.state_at(now).rank, vars(cluster)
