"""The form's finer choices: what narrows a placement, and how replicas are shared out."""

from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from propagation.models import FederatedResource
from tests import factories_propagation as factories
from tests.app.propagation.test_views_editing import CREATE, edited, filled, rows

pytestmark = pytest.mark.django_db

PREVIEW = "/workloads/placement/"


@pytest.fixture(autouse=True)
def members() -> list[Cluster]:
    factories.deployment_type()
    gpu = [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    return [
        factories.cluster("eu-1", region="eu", zones=["eu-a"], provider="own", version="v1.29.1"),
        factories.cluster("eu-2", region="eu", zones=["eu-b"], provider="own", version="v1.31.0", taints=gpu),
        factories.cluster("us-1", region="us", zones=["us-a"], provider="rented", version="v1.33.0"),
    ]


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


def preview(editor: Client, resource: FederatedResource | None = None, **fields: Any) -> str:
    address = f"{PREVIEW}?resource={resource.pk}" if resource else PREVIEW
    posted = edited(resource, **fields) if resource else filled(**fields)
    response = editor.post(address, posted, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_begins_with_all_clusters_and_the_same_everywhere(editor: Client) -> None:
    page = editor.get(CREATE).content.decode()
    assert "Matched 2 of 3 clusters" in page
    assert 'value="same" class="form-check-input" id="id_sharing_0" checked' in page
    assert '<details class="fc-section" open>' not in page


TOLERATION = {"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}


def test_stores_what_narrows(editor: Client) -> None:
    fields = {
        "regions": ["eu"],
        "zones": ["eu-a", "eu-b"],
        "providers": ["own"],
        "versions": " >=1.25, <1.32 ",
        "most": "2",
        "by": "zone",
        **rows("tolerations", TOLERATION, {"key": "", "operator": "Equal"}, {"operator": "Exists"}),
    }
    assert editor.post(CREATE, filled(**fields)).status_code == 302
    assert FederatedResource.objects.get().placement == {
        "clusterSelector": {},
        "regions": ["eu"],
        "zones": ["eu-a", "eu-b"],
        "providers": ["own"],
        "versions": ">=1.25, <1.32",
        "tolerations": [TOLERATION, {"operator": "Exists"}],
        "spread": {"maxClusters": 2, "by": "zone"},
    }


NARROW = {
    "regions": ["us", "eu", "nowhere"],
    "versions": ">=1.25",
    "tolerations": [{"key": "dedicated", "value": "gpu"}],
    "spread": {"maxClusters": 3},
}


def test_saving_an_untouched_narrow_placement_changes_nothing(editor: Client) -> None:
    resource = factories.workload("shop", placement=deepcopy(NARROW))
    url = reverse("propagation:edit", args=[resource.pk])
    page = editor.get(url).content.decode()
    assert '<details class="fc-section" open>' in page
    assert 'value="nowhere"' in page
    typed = {
        "regions": ["eu", "nowhere", "us"],
        "versions": ">=1.25",
        "most": "3",
        **rows("tolerations", {"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": ""}),
        "tolerations-INITIAL_FORMS": "1",
    }
    editor.post(url, edited(resource, **typed))
    resource.refresh_from_db()
    assert (resource.placement, resource.generation) == (NARROW, 1)
    editor.post(url, edited(resource))
    resource.refresh_from_db()
    assert (resource.placement, resource.generation) == ({"clusterSelector": {}}, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"regions": ["mars"]},
        {"versions": "new ones"},
        {"most": "0"},
        {"most": "x"},
        {"by": "region"},
        {"most": "2", "by": "planet"},
        rows("tolerations", {"key": "", "value": "gpu", "operator": "Equal"}),
        rows("tolerations", {"key": "a b", "operator": "Exists"}),
        rows("tolerations", {"key": "a", "operator": "Exists", "value": "x"}),
        rows("tolerations", {"key": "a", "operator": "In"}),
        rows("tolerations", {"key": "a", "operator": "Exists", "effect": "PreferNoSchedule"}),
    ],
)
def test_gives_back_what_does_not_narrow(editor: Client, fields: dict[str, Any]) -> None:
    response = editor.post(CREATE, filled(description="precious", **fields))
    page = response.content.decode()
    assert response.status_code == 422
    assert "precious" in page
    assert page.count('<details class="fc-section" open>') == 1
    assert "fc-error" in page
    assert not FederatedResource.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"regions": ["us"]}, ["Its region is eu, us is wanted."]),
        ({"zones": ["eu-a"]}, ["Its zone is us-a, eu-a is wanted."]),
        ({"providers": ["own"]}, ["Its provider is rented, own is wanted."]),
        ({}, ["Its taint dedicated=gpu:NoSchedule is not tolerated."]),
        ({"versions": "<1.30"}, ["It runs Kubernetes 1.33.0, &lt;1.30 is wanted."]),
        (
            {"most": "1", **rows("tolerations", TOLERATION)},
            ["It is left out: at most 1 clusters are wanted."],
        ),
        ({"versions": "new"}, ["&#x27;new&#x27; is not a bound like &gt;=1.25 or &lt;1.31."]),
        ({"most": "many", "regions": ["mars"], "by": "x"}, ["Matched 2 of 3 clusters"]),
    ],
)
def test_says_why_a_cluster_is_kept_out(editor: Client, fields: dict[str, Any], reasons: list[str]) -> None:
    page = preview(editor, **fields)
    assert [reason for reason in reasons if reason not in page] == []


def test_one_more_toleration_is_asked_for_where_it_can_be_seen(editor: Client) -> None:
    page = editor.post(CREATE, filled(action="add:tolerations")).content.decode()
    assert 'name="tolerations-0-key"' in page
    assert '<details class="fc-section" open>' in page
    assert "Nothing was saved" not in page


def shares(**values: str) -> dict[str, str]:
    """The numbers of clusters: ``eu_1_weight`` is that of eu-1, ``others_weight`` that of all others."""
    fields = {}
    for name, value in values.items():
        cluster, _separator, column = name.rpartition("_")
        fields[f"share-{'-others' if cluster == 'others' else cluster.replace('_', '-')}-{column}"] = value
    return fields


def test_stores_a_total_that_is_split_by_weight(editor: Client) -> None:
    numbers = shares(others_weight="1", us_1_weight="3", us_1_maxReplicas="5", eu_1_weight="")
    fields = {"sharing": "weighted", "total": "9", "rebalance": "on", **numbers}
    assert editor.post(CREATE, filled(**fields)).status_code == 302
    resource = FederatedResource.objects.get()
    assert resource.replica_scheduling == {
        "totalReplicas": 9,
        "rebalance": True,
        "intersectWithClusterSelector": True,
        "clusters": {"*": {"weight": 1}, "us-1": {"weight": 3, "maxReplicas": 5}},
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sharing": "capacity", "total": "0", "heed": ""}, {"mode": "capacity", "totalReplicas": 0}),
        (
            {"sharing": "aggregated", "total": "4", "heed": "", **shares(eu_1_maxReplicas="2")},
            {
                "mode": "aggregated",
                "totalReplicas": 4,
                "clusters": {"eu-1": {"maxReplicas": 2}, "*": {}},
            },
        ),
        (
            {"sharing": "static", "heed": "", **shares(eu_1_replicas="2", others_replicas="1")},
            {"mode": "static", "clusters": {"eu-1": {"replicas": 2}, "*": {"replicas": 1}}},
        ),
        ({"sharing": "same", "total": "4", **shares(eu_1_weight="2")}, {}),
    ],
)
def test_stores_the_other_ways(editor: Client, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    typed = {name: value for name, value in filled(**fields).items() if (name, value) != ("heed", "")}
    assert editor.post(CREATE, typed).status_code == 302
    assert FederatedResource.objects.get().replica_scheduling == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"sharing": "somehow"},
        {"sharing": "weighted"},
        {"sharing": "capacity", "total": "-1"},
        {"sharing": "weighted", "total": "10000000"},
        {"sharing": "weighted", "total": "9", **shares(eu_1_weight="-1")},
        {"sharing": "aggregated", "total": "9", **shares(eu_1_minReplicas="5", eu_1_maxReplicas="3")},
        {"sharing": "static"},
        {"sharing": "static", **shares(eu_1_replicas="many")},
    ],
)
def test_gives_back_what_cannot_be_shared_out(editor: Client, fields: dict[str, Any]) -> None:
    response = editor.post(CREATE, filled(description="precious", **fields))
    assert response.status_code == 422
    assert "precious" in response.content.decode()
    assert not FederatedResource.objects.exists()


@pytest.mark.parametrize(
    ("preference", "typed"),
    [
        (
            {"totalReplicas": 9},
            {"sharing": "weighted", "total": "9", **shares(others_weight="", eu_1_weight="")},
        ),
        (
            {"mode": "static", "intersectWithClusterSelector": True, "clusters": {"gone": {"replicas": 2}}},
            {"sharing": "static", "heed": "on", **shares(gone_replicas="2")},
        ),
    ],
)
def test_saving_an_untouched_preference_changes_nothing(
    editor: Client, preference: dict[str, Any], typed: dict[str, Any]
) -> None:
    resource = factories.workload("shop", replica_scheduling=deepcopy(preference))
    fields = {name: value for name, value in edited(resource).items() if name != "heed"} | typed
    url = reverse("propagation:edit", args=[resource.pk])
    assert editor.get(url).status_code == 200
    assert editor.post(url, fields).status_code == 302
    resource.refresh_from_db()
    assert (resource.replica_scheduling, resource.generation) == (preference, 1)


def test_previews_the_replicas_of_each_cluster(editor: Client) -> None:
    page = preview(editor, sharing="weighted", total="6")
    assert page.count("<strong>3 replicas</strong>") == 2
    assert 'name="share--others-weight"' in page
    page = preview(editor, sharing="weighted", total="6", **shares(eu_1_weight="1", us_1_weight="2"))
    assert "<strong>2 replicas</strong>" in page
    assert "<strong>4 replicas</strong>" in page


def test_a_cluster_without_replicas_keeps_its_row(editor: Client) -> None:
    page = preview(editor, sharing="aggregated", total="6", **shares(us_1_maxReplicas="9"))
    assert "Matched 1 of 3 clusters" in page
    assert "The preference gives it no replicas" in page
    for cluster, shown in (("eu-1", True), ("us-1", True), ("eu-2", False)):
        assert (f'name="share-{cluster}-maxReplicas"' in page) is shown


def test_without_heeding_the_placement_every_cluster_may_get_some(editor: Client) -> None:
    fields = filled(sharing="weighted", total="6", placement="pick", clusters=["eu-1"])
    assert "Matched 1 of 3" in editor.post(PREVIEW, fields).content.decode()
    del fields["heed"]
    page = editor.post(PREVIEW, fields).content.decode()
    assert "Matched 2 of 3" in page
    assert 'name="share-eu-2-weight"' in page


@pytest.mark.parametrize("total", ["", "many", "-3"])
def test_a_total_that_is_none_is_said_to_be_so(editor: Client, total: str) -> None:
    assert "totalReplicas is a number" in preview(editor, sharing="weighted", total=total)


def test_overrides_of_replicas_wait_while_a_preference_decides(editor: Client) -> None:
    operation = {"path": "/spec/replicas", "value": 7}
    overrides = [{"clusterName": "eu-1", "clusterOverrides": [operation]}]
    resource = factories.workload("shop", overrides=deepcopy(overrides))
    typed = {"sharing": "weighted", "total": "6", "override-eu-1-replicas": "7", "override-eu-1-image": ""}
    page = preview(editor, resource, **typed)
    assert "numbers here are kept, and do not count" in page
    assert 'value="7" placeholder=" " aria-label="Replicas, eu-1" readonly' in page
    editor.post(reverse("propagation:edit", args=[resource.pk]), edited(resource, **typed))
    resource.refresh_from_db()
    assert resource.overrides == overrides
    assert resource.replica_scheduling["totalReplicas"] == 6


def test_overrides_by_labels_are_shown_and_kept(editor: Client) -> None:
    entry = {
        "clusterSelector": {"matchLabels": {"tier": "gold"}},
        "clusterOverrides": [
            {"path": "/spec/replicas", "value": 11},
            {"op": "remove", "path": "/spec/paused"},
        ],
    }
    resource = factories.workload("shop", overrides=[deepcopy(entry)])
    url = reverse("propagation:edit", args=[resource.pk])
    page = editor.get(url).content.decode()
    assert "clusters with tier=gold" in page
    assert "/spec/replicas: 11" in page
    assert "/spec/paused removed" in page
    editor.post(url, edited(resource, **{"override-eu-1-replicas": "5", "override-eu-1-image": ""}))
    resource.refresh_from_db()
    assert resource.overrides[0] == entry
    assert resource.overrides[1]["clusterName"] == "eu-1"


def test_the_slower_of_two_editors_is_told_of_placement_and_replicas(editor: Client) -> None:
    resource = factories.workload("shop")
    stale = edited(resource, regions=["eu"])
    FederatedResource.objects.update(
        generation=2, replica_scheduling={"totalReplicas": 42, "clusters": {"eu-1": {"weight": 3}}}
    )
    response = editor.post(reverse("propagation:edit", args=[resource.pk]), stale)
    page = response.content.decode()
    assert response.status_code == 409
    for theirs in ("42", "eu-1: weight 3", "<dt>Regions</dt>", "weighted"):
        assert theirs in page


@pytest.mark.parametrize("size", [1, 20])
def test_a_preview_takes_few_queries_whatever_the_size(
    editor: Client, django_assert_max_num_queries: Any, size: int
) -> None:
    resource = factories.workload("shop")
    for number in range(size):
        factories.propagation(resource, factories.cluster(f"more-{number}"))
    fields = edited(resource, sharing="capacity", total="9")
    with django_assert_max_num_queries(14):
        editor.post(f"{PREVIEW}?resource={resource.pk}", fields)


@pytest.mark.parametrize(
    ("preference", "told"),
    [
        (
            {"totalReplicas": 9, "rebalance": True},
            "9 in total, split by weight, rebalanced, in any cluster, whatever the placement selects",
        ),
        (
            {"mode": "capacity", "totalReplicas": 9, "intersectWithClusterSelector": True},
            "9 in total, where there is room",
        ),
        ({"mode": "static", "intersectWithClusterSelector": True}, "a number for each cluster"),
    ],
)
def test_the_page_of_a_workload_tells_how_replicas_are_shared_out(
    editor: Client, members: list[Cluster], preference: dict[str, Any], told: str
) -> None:
    resource = factories.workload("shop", replica_scheduling=preference)
    factories.propagation(resource, members[0], replicas=6)
    page = editor.get(resource.get_absolute_url()).content.decode()
    assert f"<dd>{told}</dd>" in page
    assert "6 planned" in page
    assert "Replicas in each cluster" not in page
    scale = reverse("propagation:scale", args=[resource.pk])
    static = preference.get("mode") == "static"
    assert (scale in page) is not static
    assert editor.get(scale).status_code == (404 if static else 200)


def test_scaling_changes_the_total(editor: Client) -> None:
    preference = {"totalReplicas": 9, "clusters": {"eu-1": {"weight": 3}}}
    overrides = [{"clusterName": "eu-1", "clusterOverrides": [{"path": "/spec/replicas", "value": 7}]}]
    resource = factories.workload("shop", replica_scheduling=preference, overrides=overrides)
    url = reverse("propagation:scale", args=[resource.pk])
    page = editor.get(url).content.decode()
    assert "Replicas in total" in page
    assert 'value="9"' in page
    assert "keep their own number" not in page
    editor.post(url, {"replicas": "12", "generation": "1"})
    resource.refresh_from_db()
    assert resource.replica_scheduling == {**preference, "totalReplicas": 12}
    assert resource.template["spec"]["replicas"] == 2
