"""A placement in words."""

from typing import Any

import pytest

from propagation.fragments import whereabouts


@pytest.mark.parametrize(
    ("placement", "told"),
    [
        ({}, ["No cluster."]),
        ({"clusters": []}, ["No cluster."]),
        ({"clusterSelector": {}}, ["All clusters."]),
        ({"clusters": [{"name": "eu-1"}, {"name": "us-1"}]}, ["Only eu-1, us-1."]),
        (
            {
                "clusterSelector": {
                    "matchLabels": {"env": "prod"},
                    "matchExpressions": [
                        {"key": "tier", "operator": "In", "values": ["a", "b"]},
                        {"key": "old", "operator": "NotIn", "values": ["yes"]},
                        {"key": "gpu", "operator": "Exists"},
                        {"key": "arm", "operator": "DoesNotExist"},
                    ],
                }
            },
            ["Clusters with env=prod, tier in (a, b), old notin (yes), gpu, !arm."],
        ),
        (
            {"regions": ["us", "eu"], "zones": ["z1"], "providers": ["aws"], "versions": ">=1.25"},
            [
                "All clusters.",
                "In the regions eu, us.",
                "In the zones z1.",
                "Of the providers aws.",
                "With Kubernetes >=1.25.",
            ],
        ),
        (
            {
                "clusterSelector": {},
                "tolerations": [
                    {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
                    {"operator": "Exists"},
                ],
                "spread": {"maxClusters": 2, "by": "region"},
            },
            [
                "All clusters.",
                "Also where tainted with *, gpu=yes:NoSchedule.",
                "At most 2 clusters, spread over regions.",
            ],
        ),
        ({"spread": {"maxClusters": 1}}, ["All clusters.", "At most 1 cluster."]),
    ],
)
def test_is_told_in_sentences(placement: dict[str, Any], told: list[str]) -> None:
    assert whereabouts.told(placement) == told
