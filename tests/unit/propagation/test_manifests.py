"""KubeFed's YAML in and out."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import manifests, types

GUIDE = (Path(__file__).parent.parent / "cases" / "federated-deployment.yaml").read_text()


def parse(text: str) -> manifests.Parsed:
    return manifests.parse(text, types.BUILT_IN)


def test_the_guides_own_example_works_unchanged() -> None:
    parsed = parse(GUIDE)
    assert parsed.errors == []
    (manifest,) = parsed.manifests
    assert (manifest.type.kind, manifest.namespace, manifest.name) == (
        "Deployment",
        "default",
        "nginx-federated",
    )
    assert manifest.placement == {"clusters": [{"name": "member-cluster"}]}
    assert manifest.template["spec"]["replicas"] == 2


def test_a_round_trip_changes_nothing() -> None:
    (manifest,) = parse(GUIDE).manifests
    written = manifests.dump([manifests.document(manifest)])
    assert yaml.safe_load(written) == yaml.safe_load(GUIDE)
    (again,) = parse(written).manifests
    assert manifests.document(again) == manifests.document(manifest)


def test_every_document_is_read_and_every_error_told_with_its_place() -> None:
    broken = GUIDE.replace("replicas: 2", "replicas: many").replace("name: nginx-federated", "name: Nginx")
    parsed = parse(f"{GUIDE}\n---\n{broken}\n---\nkind: Pod\n")
    assert len(parsed.manifests) == 1
    assert {error.document for error in parsed.errors} == {2, 3}
    offset = len(GUIDE.splitlines()) + 2
    lines = broken.splitlines()
    for error, text in zip(parsed.errors, ["name: Nginx", "replicas: many"], strict=False):
        assert text in lines[error.line - 1 - offset]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no document"),
        ("- a", "mapping"),
        ("a: [", "not valid YAML"),
        ("a: &x [1]\nb: *x", "Aliases"),
        ("a: 1\na: 2", "twice"),
        ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}", "FederatedDeployment"),
        (GUIDE.replace("FederatedDeployment", "FederatedPod"), "not a kind"),
        (GUIDE.replace("  placement:", "  where:"), "spec.where"),
        (GUIDE + "\n---\n" + GUIDE, "already"),
        ("x" * 1_000_001, "larger"),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert any(message in error.message for error in parse(text).errors)


def test_status_is_ignored_on_the_way_in() -> None:
    document: dict[str, Any] = yaml.safe_load(GUIDE) | {"status": {"clusters": []}}
    assert parse(yaml.safe_dump(document)).errors == []


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_nothing_is_ever_raised(text: str) -> None:
    parsed = parse(text)
    assert parsed.errors or parsed.manifests
