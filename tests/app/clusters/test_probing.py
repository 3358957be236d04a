"""Probing: when a member counts as down or well, how fast, and what that costs."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clusters import probing
from clusters.models import Cluster, Phase
from tests import factories
from tests.app.clusters.members import silent, stub

pytestmark = pytest.mark.django_db(transaction=True)


def probe(*clusters: Cluster) -> list[int]:
    """Probe, read again, and return the keys that were told."""
    told: list[int] = []
    probing.probe([cluster.pk for cluster in clusters] or None, told.extend)
    for cluster in clusters:
        cluster.refresh_from_db()
    return sorted(told)


def test_the_first_good_report_makes_a_member_ready_and_reads_what_it_is() -> None:
    with stub() as server:
        cluster = factories.new_cluster(server=server.url, phase=Phase.JOINED)
        assert probe(cluster) == [cluster.pk]
    assert (cluster.ready, cluster.offline, cluster.reason) == ("True", "False", "ClusterReady")
    assert cluster.version == "v1.33.1"
    assert cluster.nodes_total == 0
    assert cluster.api_resources == ["v1/pods"]


def test_remembers_what_can_be_kept_with_kind_and_scope() -> None:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    node = {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": verbs}
    with stub(**{"api/v1": (200, {"resources": [node]})}) as server:
        cluster = factories.new_cluster(server=server.url, phase=Phase.JOINED)
        probe(cluster)
    assert cluster.api_resources == ["v1/nodes Node Cluster"]


def test_what_a_member_serves_is_read_again_on_request() -> None:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    config_map = {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": verbs}
    with stub(**{"api/v1": (200, {"resources": [config_map]})}) as server:
        known = factories.cluster(server=server.url, api_resources=["v1/pods"])
        away = factories.cluster("away", server="http://127.0.0.1:1", api_resources=["v1/pods"])
        probing.rediscover(None)
    known.refresh_from_db()
    away.refresh_from_db()
    assert known.api_resources == ["v1/configmaps ConfigMap Namespaced"]
    assert away.api_resources == ["v1/pods"]


def test_a_dead_server_is_shown_within_five_seconds() -> None:
    cluster = factories.cluster(server="http://127.0.0.1:1")
    began = time.monotonic()
    assert probe(cluster) == [cluster.pk]
    assert time.monotonic() - began < 5
    assert (cluster.ready, cluster.offline, cluster.reason) == ("False", "True", "ConnectionRefused")
    assert cluster.state.value == "Unreachable"


def test_a_silent_server_is_shown_within_fifteen_seconds_and_delays_nobody() -> None:
    with silent() as black_hole, stub(healthz=(500, "no")) as ill:
        slow = factories.cluster(server=black_hole)
        other = factories.cluster(server=ill.url)
        began, written = time.monotonic(), {}

        def tell(pks: list[int]) -> None:
            written.update(dict.fromkeys(pks, time.monotonic() - began))

        probing.probe(None, tell)
    slow.refresh_from_db()
    assert written[other.pk] < 5
    assert written[slow.pk] < 15
    assert (slow.offline, slow.reason) == ("True", "RequestTimeout")


def test_a_server_that_answers_badly_is_not_ready_but_not_offline() -> None:
    with stub(healthz=(500, "[-]etcd failed")) as server:
        cluster = factories.cluster(server=server.url)
        probe(cluster)
    assert (cluster.ready, cluster.offline) == ("False", "False")


def test_a_credential_that_is_refused_is_said() -> None:
    refusal = {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"}
    with stub(healthz=(401, refusal)) as server:
        cluster = factories.cluster(server=server.url)
        probe(cluster)
    assert cluster.state.value == "AuthFailed"


def test_comes_back_after_two_good_reports() -> None:
    with stub() as server:
        cluster = factories.cluster(server=server.url, ready="False", offline="True", reason="X", successes=0)
        assert probe(cluster) == []
        assert cluster.ready == "False"
        assert probe(cluster) == [cluster.pk]
        assert (cluster.ready, cluster.reason) == ("True", "ClusterReady")


def test_a_single_failure_is_looked_into_and_forgotten() -> None:
    with stub(healthz=(500, "once")) as server:
        cluster = factories.cluster(server=server.url)
        first = cluster.last_transition_time

        class OnlyOnce(dict[str, tuple[int, str]]):
            def get(self, path: str, default: object = None) -> object:  # type: ignore[override]
                return (500, "once") if server.asked.count("/healthz") == 1 else (200, "ok")

        server.answers = OnlyOnce()
        assert probe(cluster) == []
    assert (cluster.ready, cluster.failures) == ("True", 0)
    assert cluster.last_transition_time == first


def test_a_sweep_over_members_that_are_well_is_one_statement(
    django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "_turn", lambda now: 0)
    monkeypatch.setattr(probing, "DETAILS_EVERY", 10**9)
    monkeypatch.setattr(probing, "DISCOVERY_EVERY", 10**9)
    long_ago = timezone.now() - timedelta(minutes=5)
    with stub() as server:
        for _ in range(20):
            factories.cluster(server=server.url, last_probe_time=long_ago)
        with django_assert_max_num_queries(13):  # one to read; a statement in a transaction for each batch
            assert probe() == []
    assert not Cluster.objects.filter(last_probe_time__lte=long_ago).exists()


def test_only_members_are_probed() -> None:
    with stub() as server:
        for phase in (Phase.PENDING, Phase.JOINING):
            factories.new_cluster(server=server.url, phase=phase)
        assert probe() == []
        assert server.asked == []


def test_the_nodes_place_wins_over_what_people_gave() -> None:
    labels = {"topology.kubernetes.io/region": "eu-north", "topology.kubernetes.io/zone": "eu-north-1a"}
    nodes = {"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"labels": labels}}]}
    with stub(**{"api/v1/nodes": (200, nodes)}) as server:
        cluster = factories.new_cluster(server=server.url, phase=Phase.JOINED, region="somewhere")
        probe(cluster)
    assert (cluster.region, cluster.zones) == ("eu-north", ["eu-north-1a"])
