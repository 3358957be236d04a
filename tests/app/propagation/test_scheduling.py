"""One row per selected cluster, and what happens to rows when clusters and placements change."""

import os
import socket
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters import joining
from clusters.models import Cluster, Phase
from propagation import changes, departing, scheduling, tasks
from propagation.claims import Claim
from propagation.forms.actions import DeleteForm
from propagation.models import Drain, FederatedResource, FederatedType, Propagation
from tests import factories

pytestmark = pytest.mark.django_db


def member(name: str, **fields: Any) -> Cluster:
    cluster = factories.new_cluster(name)
    Cluster.objects.filter(pk=cluster.pk).update(phase=Phase.JOINED, **fields)
    cluster.refresh_from_db()
    return cluster


def resource(**fields: Any) -> FederatedResource:
    kind = FederatedType.objects.get(name="configmaps")
    values = {"placement": {"clusterSelector": {}}, "template": {"data": {"a": "b"}}, **fields}
    return changes.save(FederatedResource(type=kind, namespace="shop", name="settings", **values), None)


def rows(selected: bool = True) -> set[str]:
    found = Propagation.objects.filter(selected=selected)
    return set(found.values_list("cluster__name", flat=True))


def test_one_row_for_each_selected_cluster() -> None:
    ams, bos = member("ams", labels={"env": "prod"}), member("bos", labels={"env": "dev"})
    made = resource(placement={"clusterSelector": {"matchLabels": {"env": "prod"}}})
    assert scheduling.schedule([made.pk]) == {ams.pk}
    assert rows() == {"ams"}
    assert scheduling.unscheduled() == []
    Cluster.objects.filter(pk=bos.pk).update(labels={"env": "prod"})
    assert scheduling.schedule() == {bos.pk}
    assert rows() == {"ams", "bos"}


def test_a_second_look_changes_nothing() -> None:
    member("ams")
    made = resource()
    scheduling.schedule([made.pk])
    before = Propagation.objects.get().desired_generation
    assert scheduling.schedule([made.pk]) == set()
    assert Propagation.objects.get().desired_generation == before


def test_a_cordoned_cluster_gets_nothing_new_and_keeps_what_it_has() -> None:
    member("ams")
    made = resource()
    scheduling.schedule([made.pk])
    Cluster.objects.update(cordoned=True)
    member("bos", cordoned=True)
    scheduling.schedule()
    assert rows() == {"ams"}


def test_deletion_deselects_every_row() -> None:
    member("ams")
    made = resource()
    scheduling.schedule([made.pk])
    changes.request_deletion(made)
    scheduling.schedule([made.pk])
    assert rows(selected=False) == {"ams"}


@pytest.mark.parametrize(("delete", "deselected"), [(True, {"ams"}), (False, set())])
def test_leaving_deselects_only_what_is_to_be_deleted(delete: bool, deselected: set[str]) -> None:
    ams = member("ams")
    made = resource()
    scheduling.schedule([made.pk])
    joining.begin_unjoin(ams, delete)
    changes.save(FederatedResource.objects.get(pk=made.pk), None)
    scheduling.schedule()
    assert rows(selected=False) == deselected
    departing.begin()
    assert Propagation.objects.exists() is delete


def test_a_resource_that_is_nowhere_goes_at_once() -> None:
    made = resource(placement={})
    scheduling.schedule([made.pk])
    changes.request_deletion(made)
    scheduling.schedule([made.pk])
    assert not FederatedResource.objects.exists()


def test_a_resource_goes_with_its_last_cluster() -> None:
    ams = member("ams")
    made = resource()
    scheduling.schedule([made.pk])
    changes.request_deletion(made)
    scheduling.schedule([made.pk])
    joining.forget(ams)
    scheduling.sweep()
    assert not FederatedResource.objects.exists()


def test_rows_do_not_wait_for_a_cluster_that_is_back() -> None:
    member("ams", ready="True")
    made = resource()
    scheduling.schedule([made.pk])
    later = timezone.now() + timedelta(minutes=5)
    Propagation.objects.update(reason="ClusterNotReady", next_attempt_at=later)
    scheduling.sweep()
    assert Propagation.objects.due(timezone.now()).count() == 1


def test_a_resync_finds_clusters_that_changed_without_a_wake_up() -> None:
    ams, bos = member("ams", labels={"env": "prod"}), member("bos", labels={"env": "dev"})
    resource(placement={"clusterSelector": {"matchLabels": {"env": "prod"}}, "spread": {"maxClusters": 1}})
    tasks.resync()
    assert rows() == {"ams"}
    assert not scheduling.overlooked()
    Cluster.objects.filter(pk=bos.pk).update(labels={"env": "prod"})
    Cluster.objects.filter(pk=ams.pk).update(labels={"env": "dev"})
    tasks.resync()
    assert rows() == {"bos"}
    member("cph", labels={"env": "prod"})
    tasks.resync()
    assert rows() == {"bos"}
    assert not scheduling.overlooked()
    bos.delete()
    tasks.resync()
    assert rows() == {"cph"}


def test_a_resync_repeats_what_goes_by_labels_that_changed_without_a_wake_up() -> None:
    ams = member("ams")
    patches = [{"op": "add", "path": "/data/gold", "value": "1"}]
    by_label = {"clusterSelector": {"matchLabels": {"tier": "gold"}}, "clusterOverrides": patches}
    resource(overrides=[by_label])
    tasks.resync()
    before = Propagation.objects.get().desired_generation
    Cluster.objects.filter(pk=ams.pk).update(labels={"tier": "gold"})
    tasks.resync()
    assert Propagation.objects.get().desired_generation == before + 1
    tasks.resync()
    assert Propagation.objects.get().desired_generation == before + 1


def test_a_cluster_that_is_gone_cannot_be_claimed() -> None:
    ams = member("ams")
    gone = ams.pk + 1000
    assert Claim([ams.pk, gone]).cluster_pks == {ams.pk}


def test_a_claim_excludes_others_until_it_is_released() -> None:
    ams, bos = member("ams"), member("bos")
    first = Claim([ams.pk])
    assert Claim([ams.pk, bos.pk]).cluster_pks == {bos.pk}
    first.release([ams.pk])
    assert Claim([ams.pk]).cluster_pks == {ams.pk}


def test_an_edit_of_an_older_generation_is_refused() -> None:
    made = resource()
    stale = FederatedResource.objects.get(pk=made.pk)
    made.template = {"data": {"a": "c"}}
    changes.save(made, None)
    stale.template = {"data": {"a": "d"}}
    with pytest.raises(changes.StaleEdit) as caught:
        changes.save(stale, None)
    assert caught.value.resource.template == {"data": {"a": "c"}}


def test_nobody_waits_for_a_process_that_is_no_more() -> None:
    cluster = member("ams")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    later = timezone.now() + timedelta(minutes=1)
    for holder, free in (
        (f"{socket.gethostname()} {gone.pid} x", True),
        (f"{socket.gethostname()} {os.getppid()} x", False),
        (f"elsewhere {gone.pid} x", False),
    ):
        Drain.objects.update_or_create(cluster=cluster, defaults={"holder": holder, "claimed_until": later})
        assert bool(Claim([cluster.pk]).cluster_pks) is free


def test_a_namespace_in_which_something_is_federated_stays_until_all_of_it_may_go() -> None:
    member("ams")
    kind = FederatedType.objects.get(name="namespaces")
    space = changes.save(FederatedResource(type=kind, name="shop", placement={"clusterSelector": {}}), None)
    inside = resource()
    with pytest.raises(changes.Inhabited):
        changes.request_deletion(space)
    form = {"fate": "remove", "confirmation": "shop"}
    assert "1 federated object lives in it" in str(DeleteForm(space, form).errors)
    assert DeleteForm(space, {**form, "delete_contents": "on"}).is_valid()
    assert DeleteForm(space, {**form, "fate": "keep"}).is_valid()
    changes.request_deletion(space, delete_contents=True)
    inside.refresh_from_db()
    assert inside.deletion_requested_at
    scheduling.schedule([space.pk, inside.pk])
    assert not FederatedResource.objects.exists()
