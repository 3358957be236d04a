"""Put members into a console's database as if they had joined: ``python -m benchmarks.fill N STUBS_URL``."""

import os
import sys

import django


def fill(count: int, stubs: str) -> None:
    """Clusters whose API servers are the stubs, with a token that is good for long."""
    from datetime import timedelta

    from django.utils import timezone

    from clusters.models import Cluster, Phase

    now = timezone.now()
    later = now + timedelta(days=365)
    Cluster.objects.bulk_create(
        Cluster(
            name=f"c{number}",
            server=f"{stubs}/c{number}",
            uid=f"uid-{number}",
            labels={"env": "prod" if number % 10 else "dev"},
            region=f"region-{number % 20}",
            credential={"token": "stub"},
            credential_expires_at=later,
            credential_renew_at=later,
            phase=Phase.JOINED,
            joined_at=now,
        )
        for number in range(count)
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fedconsole.settings")
    django.setup()
    fill(int(sys.argv[1]), sys.argv[2])
