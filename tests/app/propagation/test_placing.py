"""Replicas by preference, dependencies that follow, namespaces that limit, and what the feed tells."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters.models import Cluster
from propagation import changes, dispatching, scheduling
from propagation.models import Activity, FederatedResource, FederatedType, Propagation
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

EVERYWHERE = {"clusterSelector": {}}


def store(kind: str, name: str, namespace: str = "shop", **values: Any) -> FederatedResource:
    found = FederatedType.objects.get(name=kind)
    fields = {"placement": EVERYWHERE, "template": {}, **values}
    made = changes.save(FederatedResource(type=found, namespace=namespace, name=name, **fields), None)
    scheduling.schedule([made.pk])
    return made


def workload(name: str = "web", **values: Any) -> FederatedResource:
    return store("deployments.apps", name, **{"template": factories.template(name), **values})


def naming(config_map: str) -> dict[str, Any]:
    template = factories.template("web")
    template["spec"]["template"]["spec"]["volumes"] = [{"name": "x", "configMap": {"name": config_map}}]
    return template


def where(resource: FederatedResource) -> dict[str, int | None]:
    rows = Propagation.objects.filter(resource=resource, selected=True)
    return dict(rows.values_list("cluster__name", "replicas"))


@pytest.fixture
def three() -> list[Cluster]:
    return [factories.cluster(name, labels={"name": name}) for name in ("ams", "bos", "sin")]


def test_a_total_is_split_and_replanned_when_a_cluster_is_gone(three: list[Cluster]) -> None:
    made = workload(replica_scheduling={"totalReplicas": 9})
    assert where(made) == {"ams": 3, "bos": 3, "sin": 3}
    long_ago = timezone.now() - timedelta(minutes=2)
    Cluster.objects.filter(name="bos").update(ready="False", last_transition_time=long_ago)
    scheduling.schedule(scheduling.unscheduled())
    assert sum(count or 0 for count in where(made).values()) == 9
    assert "bos" not in where(made)
    told = Activity.objects.filter(verb=Activity.Verb.REPLANNED).first()
    assert told is not None
    assert "taken out of bos" in told.message


def test_a_cluster_that_is_away_for_a_moment_keeps_its_replicas(three: list[Cluster]) -> None:
    made = workload(replica_scheduling={"totalReplicas": 9})
    Cluster.objects.filter(name="bos").update(ready="False", last_transition_time=timezone.now())
    scheduling.schedule(scheduling.unscheduled())
    assert where(made) == {"ams": 3, "bos": 3, "sin": 3}


def test_pods_without_a_node_make_room_elsewhere(three: list[Cluster]) -> None:
    made = workload(replica_scheduling={"totalReplicas": 9})
    rows = Propagation.objects.filter(resource=made)
    rows.update(ready_replicas=3, total_replicas=3)
    rows.filter(cluster__name="ams").update(ready_replicas=1, unschedulable_replicas=2)
    scheduling.schedule([made.pk])
    assert where(made) == {"ams": 1, "bos": 4, "sin": 4}


def test_what_kubefed_has_shared_out_stays_where_it_is(three: list[Cluster]) -> None:
    shares = {"ams": 5, "bos": 1, "sin": 3}
    written = [
        {"clusterName": name, "clusterOverrides": [{"path": "/spec/replicas", "value": count}]}
        for name, count in shares.items()
    ]
    made = workload(overrides=written, replica_scheduling={"totalReplicas": 9})
    assert where(made) == shares
    scheduling.schedule([made.pk])
    assert where(made) == shares, "nothing has been heard of the clusters yet"
    even = {"totalReplicas": 9, "rebalance": True}
    assert where(workload("even", overrides=written, replica_scheduling=even)) == dict.fromkeys(shares, 3)


def test_a_removal_does_not_wait_for_a_cluster_that_never_joined(three: list[Cluster]) -> None:
    never = factories.cluster("never", phase="Joining", joined_at=None, ready="Unknown")
    made = workload(placement={"clusters": [{"name": "never"}]})
    assert set(where(made)) == {"never"}
    changes.request_deletion(made)
    dispatching.drain(scheduling.schedule([made.pk]), lambda again: None, lambda outcomes: None)
    assert not FederatedResource.objects.filter(pk=made.pk).exists()
    assert never.propagations.count() == 0


def test_who_was_overtaken_has_it_placed_again(three: list[Cluster], monkeypatch: pytest.MonkeyPatch) -> None:
    """A round reads a placement, another one places a newer one, and only then the first one writes."""
    made = workload()
    made.placement = {"clusters": [{"name": "ams"}, {"name": "bos"}]}
    changes.save(made, None)
    write, newer = scheduling._write, {"clusters": [{"name": "ams"}]}

    def overtaken(plan: scheduling.Plan) -> None:
        monkeypatch.setattr(scheduling, "_write", write)
        made.placement = newer
        changes.save(made, None)
        scheduling.schedule([made.pk])
        write(plan)

    FederatedResource.objects.get(pk=made.pk).propagations.all().delete()
    monkeypatch.setattr(scheduling, "_write", overtaken)
    scheduling.schedule([made.pk])
    assert set(where(made)) == {"ams", "bos"}
    scheduling.schedule(scheduling.unscheduled())
    assert set(where(made)) == {"ams"}


def test_a_preference_heeds_the_selector_only_when_asked(three: list[Cluster]) -> None:
    chosen = {"clusterSelector": {"matchLabels": {"name": "ams"}}}
    preference = {"totalReplicas": 4}
    assert set(where(workload("all", placement=chosen, replica_scheduling=preference))) == {
        "ams",
        "bos",
        "sin",
    }
    heeding = {**preference, "intersectWithClusterSelector": True}
    assert where(workload("some", placement=chosen, replica_scheduling=heeding)) == {"ams": 4}


def test_an_unchanged_plan_touches_nothing(three: list[Cluster]) -> None:
    made = workload(replica_scheduling={"totalReplicas": 9})
    assert scheduling.schedule([made.pk]) == set()


def test_what_a_workload_names_goes_where_it_goes(three: list[Cluster]) -> None:
    settings = store("configmaps", "settings", placement={"clusters": []})
    assert where(settings) == {}
    made = workload(template=naming("settings"), placement={"clusters": [{"name": "bos"}]})
    assert set(where(settings)) == {"bos"}
    made.placement = {"clusters": [{"name": "sin"}]}
    changes.save(made, None)
    scheduling.schedule([made.pk])
    assert set(where(settings)) == {"sin"}
    scheduling.schedule([settings.pk])
    assert set(where(settings)) == {"sin"}


def test_dependencies_can_be_told_to_stay(three: list[Cluster]) -> None:
    settings = store("configmaps", "settings", placement={"clusters": []})
    workload(template=naming("settings"), follow_dependencies=False)
    assert where(settings) == {}


def test_a_dependency_leaves_with_the_last_workload_that_names_it(
    three: list[Cluster], django_capture_on_commit_callbacks: Any
) -> None:
    settings = store("configmaps", "settings", placement={"clusters": []})
    made = workload(template=naming("settings"))
    assert len(where(settings)) == 3
    changes.request_deletion(made)
    scheduling.schedule([made.pk])
    assert where(settings) == {}


def test_a_federated_namespace_limits_what_lives_in_it(three: list[Cluster]) -> None:
    made = workload()
    assert len(where(made)) == 3
    namespace = store("namespaces", "shop", "", placement={"clusters": [{"name": "ams"}]})
    assert set(where(made)) == {"ams"}
    namespace.placement = EVERYWHERE
    changes.save(namespace, None)
    scheduling.schedule([namespace.pk])
    assert len(where(made)) == 3


def test_the_strict_rule_says_why_something_goes_nowhere(three: list[Cluster], settings: Any) -> None:
    settings.STRICT_NAMESPACES = True
    made = workload()
    made.refresh_from_db()
    assert where(made) == {}
    assert made.placement_reason == "NamespaceNotFederated"


def test_overrides_by_label_are_delivered_again_when_labels_change(three: list[Cluster]) -> None:
    overrides = [{"clusterSelector": {"matchLabels": {"name": "ams"}}, "clusterOverrides": []}]
    made, plain = workload(overrides=overrides), workload("plain")
    Propagation.objects.update(applied_generation=1)
    assert scheduling.schedule(relabelled=[three[0].pk]) == {three[0].pk}
    assert Propagation.objects.dirty().get().resource == made != plain


def test_a_disabled_kind_is_left_as_it_is(three: list[Cluster]) -> None:
    made = workload()
    FederatedType.objects.filter(name="deployments.apps").update(enabled=False)
    made.placement = {"clusters": []}
    changes.save(made, None)
    assert scheduling.schedule([made.pk]) == set()
    assert len(where(made)) == 3


def test_the_number_of_queries_does_not_grow(
    three: list[Cluster], django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        workload(f"web-{number}", template=naming(f"settings-{number}"))
        store("configmaps", f"settings-{number}", placement={"clusters": []})
    FederatedResource.objects.update(generation=2)
    with django_assert_max_num_queries(16):
        scheduling.schedule()
