"""Which version of a kind a member serves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.references import ResourceType
from propagation.domain import kinds

CRON_JOB = ResourceType("batch", "v1", "CronJob", "cronjobs", namespaced=True)
CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)

# The order of https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/
# custom-resource-definition-versioning/#version-priority, and the first of two names that are no versions.
PRIORITY = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]


@pytest.mark.parametrize(
    ("kind", "api_resources", "version"),
    [
        (CRON_JOB, [], "v1"),
        (CRON_JOB, ["batch/v1/cronjobs", "batch/v2/cronjobs"], "v1"),
        (CRON_JOB, ["batch/v1beta1/cronjobs CronJob Namespaced", "batch/v2alpha1/cronjobs"], "v1beta1"),
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


@given(st.lists(st.text(max_size=30)))
def test_reads_anything(api_resources: list[str]) -> None:
    kinds.served_version(CONFIG_MAP, api_resources)
