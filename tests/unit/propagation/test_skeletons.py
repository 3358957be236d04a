"""A document to begin with, for every kind."""

import pytest

from clusters.domain.references import ResourceType
from propagation.domain import bundles, skeletons, types

CUSTOM = ResourceType("example.com", "v1", "Widget", "widgets", True)
KINDS = [*types.BUILT_IN, CUSTOM]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_skeleton_is_a_valid_document(kind: ResourceType) -> None:
    parsed = bundles.parse(skeletons.skeleton(kind), KINDS)
    assert parsed.errors == []
    (manifest,) = parsed.manifests
    assert manifest.type == kind
    assert manifest.template
    assert manifest.placement == {"clusterSelector": {}}
    assert "NAME" not in str(manifest.template)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_commented_override_is_valid_too(kind: ResourceType) -> None:
    text = skeletons.skeleton(kind)
    start = text.index("  # overrides:")
    told = "\n".join(line.replace("  # ", "  ", 1) for line in text[start:].splitlines())
    (manifest,) = bundles.parse(text[:start] + told, KINDS).manifests
    assert manifest.overrides[0]["clusterName"] == "eu-1"
