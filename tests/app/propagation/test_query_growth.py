"""A sync takes as many SQL statements for many clusters as for few: sizes of batches, not of fleets."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster
from propagation import changes, dispatching, scheduling, tasks
from propagation.models import FederatedResource, FederatedType, Propagation
from tests import factories_propagation as factories
from tests.app.propagation.members import stub

pytestmark = pytest.mark.django_db

FEW, MANY = 5, 20
#: What more clusters may cost: further batches, and the statements that record one.
BATCHES, PER_BATCH = 4, 12


def sync(url: str, count: int) -> dict[str, int]:
    """Statements of a whole sync of two resources, by step."""
    FederatedResource.objects.all().delete()
    Cluster.objects.all().delete()
    for number in range(count):
        factories.cluster(f"c{number}", server=f"{url}/c{number}")
    kind = FederatedType.objects.get(name="configmaps")
    names = (f"first-{count}", f"second-{count}")
    made = [
        FederatedResource(type=kind, namespace="shop", name=name, placement={"clusterSelector": {}})
        for name in names
    ]
    found: dict[str, int] = {}

    def counted(step: str, function: Any, *arguments: Any) -> Any:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            result = function(*arguments)
        found[step] = len(queries)
        return result

    pks = [one.pk for one in counted("save", changes.save_all, made, None)]
    touched = counted("schedule", scheduling.schedule, pks)
    counted("deliver", dispatching.drain, touched, lambda again: None, tasks.observe)
    counted("look again", scheduling.schedule)
    assert list(Propagation.objects.dirty().values_list("reason", "message")) == []
    assert Propagation.objects.filter(delivery="Applied").count() == 2 * count
    return found


def test_statements_do_not_grow_with_the_number_of_clusters() -> None:
    with stub() as member:
        few = sync(member.url, FEW)
        many = sync(member.url, MANY)
    assert many["save"] == few["save"]
    assert many["look again"] == few["look again"]
    # Rows are inserted, and outcomes recorded, some at a time: more clusters are a few batches more.
    assert many["schedule"] <= few["schedule"] + BATCHES
    assert many["deliver"] <= few["deliver"] + BATCHES * PER_BATCH
