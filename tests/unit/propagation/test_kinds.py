"""Which version of a kind a member serves, and what could be federated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import served
from clusters.domain.references import ResourceType
from propagation.domain import kinds
from propagation.domain.kinds import Catalogue, Coverage, Found

CRON_JOB = ResourceType("batch", "v1", "CronJob", "cronjobs", namespaced=True)
CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
SCALER = ResourceType("autoscaling", "v2", "Scaler", "x", namespaced=True)
WIDGET = ResourceType("example.com", "v1", "Widget", "widgets", namespaced=True)
BETA_WIDGET = ResourceType("example.com", "v1beta1", "Widget", "widgets", namespaced=True)

# The order of https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/
# custom-resource-definition-versioning/#version-priority, and the first of two names that are no versions.
PRIORITY = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]


def offered(*types: ResourceType) -> list[str]:
    return [served.write(kind, served.KEEPING) for kind in types]


@pytest.mark.parametrize(
    ("kind", "api_resources", "version"),
    [
        (CRON_JOB, [], "v1"),
        (CRON_JOB, ["batch/v1/cronjobs", "batch/v2/cronjobs"], "v1"),
        (CRON_JOB, ["batch/v1beta1/cronjobs CronJob Namespaced", "batch/v2alpha1/cronjobs"], "v1beta1"),
        (SCALER, ["autoscaling/v1/x", "autoscaling/v2beta1/x", "autoscaling/v2beta2/x"], "v2beta2"),
        (SCALER, ["autoscaling/v1/x"], "v1"),
        (CRON_JOB, ["batch/v1/jobs", "other/v1/cronjobs", "v1/cronjobs"], None),
        (CONFIG_MAP, ["v1/configmaps ConfigMap Namespaced"], "v1"),
        (CONFIG_MAP, ["v1/pods"], None),
        (CONFIG_MAP, ["batch/v1/configmaps"], None),
    ],
)
def test_the_served_version(kind: ResourceType, api_resources: list[str], version: str | None) -> None:
    assert kinds.served_version(kind, api_resources) == version


@given(st.sets(st.sampled_from(PRIORITY), min_size=1))
def test_the_best_version_is_the_one_of_the_highest_priority(versions: set[str]) -> None:
    assert kinds.best_version(versions) == min(versions, key=PRIORITY.index)


def test_the_coverage_of_a_kind_names_the_exceptions() -> None:
    members = {
        "amsterdam": ["batch/v1/cronjobs"],
        "boston": ["batch/v1beta1/cronjobs"],
        "singapore": ["batch/v1/jobs"],
        "tokyo": [],
    }
    coverage = Catalogue(members).coverage(CRON_JOB)
    assert coverage == Coverage(("amsterdam", "boston"), {"boston": "v1beta1"}, ("singapore",), ("tokyo",))
    assert coverage.total == 4


def test_what_could_be_federated_is_counted() -> None:
    members = {"amsterdam": offered(CONFIG_MAP, WIDGET), "boston": offered(WIDGET, CRON_JOB), "tokyo": []}
    catalogue = Catalogue(members)
    assert catalogue.total == 3
    assert catalogue.federable({"configmaps"}) == [
        Found(CRON_JOB, ("boston",)),
        Found(WIDGET, ("amsterdam", "boston")),
    ]


def test_a_kind_is_found_in_the_version_that_most_members_serve() -> None:
    members = {"a": offered(WIDGET, BETA_WIDGET), "b": offered(BETA_WIDGET), "c": offered(BETA_WIDGET)}
    assert Catalogue(members).federable(()) == [Found(BETA_WIDGET, ("a", "b", "c"))]


def test_of_versions_that_are_served_alike_the_most_stable_is_found() -> None:
    assert Catalogue({"a": offered(BETA_WIDGET, WIDGET)}).federable(()) == [Found(WIDGET, ("a",))]


def test_what_cannot_be_kept_or_is_of_one_cluster_cannot_be_federated() -> None:
    node = "v1/nodes Node Cluster"
    review = "authorization.k8s.io/v1/subjectaccessreviews"
    assert Catalogue({"a": [node, review]}).federable(()) == []


resources = st.lists(st.text(max_size=30) | st.sampled_from(offered(CRON_JOB, WIDGET, CONFIG_MAP)))


@given(st.dictionaries(st.text(max_size=5), resources, max_size=4))
def test_every_member_is_covered_once_and_agrees_with_its_served_version(
    members: dict[str, list[str]],
) -> None:
    coverage = Catalogue(members).coverage(CRON_JOB)
    parts = (*coverage.served, *coverage.missing, *coverage.unknown)
    assert sorted(parts) == sorted(members)
    for name, texts in members.items():
        is_served = kinds.served_version(CRON_JOB, texts) is not None
        assert is_served == (name in coverage.served or name in coverage.unknown)


@given(st.dictionaries(st.text(max_size=5), resources, max_size=4))
def test_reads_anything(members: dict[str, list[str]]) -> None:
    found = Catalogue(members).federable({"configmaps"})
    assert all(one.members and one.type.kind for one in found)
    assert "configmaps" not in {one.type.name for one in found}
