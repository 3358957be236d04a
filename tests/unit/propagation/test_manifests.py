"""KubeFed's federated objects in and out."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.references import ResourceType
from propagation.domain import bundles, manifests, types

GUIDE = (Path(__file__).parent.parent / "cases" / "federated-deployment.yaml").read_text()


def parse(text: str) -> bundles.Parsed:
    return bundles.parse(text, types.BUILT_IN)


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
        (GUIDE.replace("  placement:", "  where:"), "no field where"),
        (GUIDE.replace("spec:", "extra: 1\nspec:", 1), "A document has no field extra"),
        (GUIDE.replace("metadata:", "metadata:\n  generateName: a", 1), "no field generateName"),
        (GUIDE.replace("spec:", "spec:\n  retainReplicas: maybe", 1), "true or false"),
        (GUIDE.replace("name: nginx-federated", 'name: "nginx\\n"'), "The name has"),
        (GUIDE.replace("namespace: default", 'namespace: "default\\n"'), "The namespace has"),
        (GUIDE + "\n---\n" + GUIDE, "already"),
        ("x" * 1_000_001, "larger"),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert any(message in error.message for error in parse(text).errors)


SERVERS_OWN: dict[str, Any] = {
    "uid": "0b1c",
    "resourceVersion": "81",
    "creationTimestamp": "2024-01-01T00:00:00Z",
    "generation": 2,
    "managedFields": [{"manager": "kubectl"}],
    "finalizers": ["kubefed.io/sync-controller"],
    "selfLink": "/apis/types.kubefed.io/v1beta1/x",
}


def from_a_server(document: dict[str, Any]) -> dict[str, Any]:
    """A document as ``kubectl get`` prints it."""
    copy = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(document)}
    annotations = {**document["metadata"].get("annotations", {}), **copy}
    metadata = {**document["metadata"], **SERVERS_OWN, "annotations": annotations}
    return {**document, "metadata": metadata, "status": {"observedGeneration": 2, "clusters": []}}


def test_what_a_server_says_is_ignored_on_the_way_in() -> None:
    document: dict[str, Any] = yaml.safe_load(GUIDE)
    parsed = parse(yaml.safe_dump(from_a_server(document)))
    assert parsed.errors == []
    assert manifests.document(parsed.manifests[0]) == document


def annotated(**annotations: str) -> str:
    document: dict[str, Any] = yaml.safe_load(GUIDE)
    document["metadata"]["annotations"] = {
        f"fedconsole.io/{k.replace('_', '-')}": v for k, v in annotations.items()
    }
    return yaml.safe_dump(document)


def test_options_that_kubefed_does_not_have_are_annotations() -> None:
    text = annotated(conflict_policy="refuse", suspend_repair="true", follow_dependencies="false")
    (manifest,) = parse(text).manifests
    assert (manifest.conflict_policy, manifest.suspend_repair, manifest.follow_dependencies) == (
        "refuse",
        True,
        False,
    )
    assert manifest.annotations == {}
    assert manifests.document(manifest) == yaml.safe_load(text)


def test_options_that_are_the_default_are_not_written() -> None:
    (manifest,) = parse(annotated(conflict_policy="adopt", suspend_repair="false")).manifests
    assert "annotations" not in manifests.document(manifest)["metadata"]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"conflict_policy": "explode"}, "one of adopt, refuse, overwrite"),
        ({"suspend_repair": "yes"}, "one of true, false"),
        ({"conflict_polcy": "refuse"}, "no annotation fedconsole.io/conflict-polcy"),
    ],
)
def test_misspelt_options_are_refused(annotations: dict[str, str], message: str) -> None:
    (error,) = parse(annotated(**annotations)).errors
    assert message in error.message
    assert "fedconsole.io" in annotated(**annotations).splitlines()[error.line - 1]


def test_only_a_namespace_of_the_cluster_wide_kinds_lives_in_one() -> None:
    by_kind = {kind.kind: kind for kind in types.BUILT_IN}
    namespace = manifests.Manifest(by_kind["Namespace"], "", "shop", {}, {})
    role = manifests.Manifest(by_kind["ClusterRole"], "", "reader", {}, {})
    assert manifests.document(namespace)["metadata"] == {"name": "shop", "namespace": "shop"}
    assert manifests.document(role)["metadata"] == {"name": "reader"}


names = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
) | st.sampled_from(
    [
        "yes",
        "1e3",
        "1e999",
        "0o17",
        "0x1F",
        "~",
        "",
        "- a",
        "a: b",
        "#",
        "2001-01-01",
        "|",
        "a\n",
        " a\n b",
        "\ta\n",
    ]
)
numbers = st.integers(-(2**64) + 1, 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
pairs = st.dictionaries(names, names, max_size=2)
custom = st.builds(
    ResourceType, names, st.just("v1"), st.just("Widget"), st.just("widgets"), namespaced=st.booleans()
)
placements = st.fixed_dictionaries(
    {}, optional={"clusters": st.lists(st.fixed_dictionaries({"name": names}), max_size=3)}
)
patches = st.fixed_dictionaries(
    {"path": names.map("/data/{}".format), "value": values},
    optional={"op": st.sampled_from(["add", "replace"])},
)
some_overrides = st.lists(
    st.fixed_dictionaries({"clusterName": names, "clusterOverrides": st.lists(patches, max_size=1)}),
    max_size=3,
    unique_by=lambda entry: str(entry["clusterName"]),
)


@st.composite
def federated(draw: st.DrawFn) -> manifests.Manifest:
    kind = draw(custom)
    data = draw(st.dictionaries(texts, values, max_size=3))
    return manifests.Manifest(
        type=kind,
        namespace=draw(names) if kind.namespaced else "",
        name=draw(names),
        template={"data": data, "metadata": {"labels": draw(pairs)}},
        placement=draw(placements),
        overrides=draw(some_overrides),
        retain_replicas=draw(st.booleans()),
        labels=draw(pairs),
        annotations=draw(st.dictionaries(names, texts, max_size=2)),
        conflict_policy=draw(st.sampled_from(["adopt", "refuse", "overwrite"])),
        suspend_repair=draw(st.booleans()),
        follow_dependencies=draw(st.booleans()),
    )


@given(federated(), st.booleans())
def test_reading_what_was_written_gives_the_same(manifest: manifests.Manifest, as_json: bool) -> None:
    written = [manifests.document(manifest)]
    text = manifests.dump_json(written) if as_json else manifests.dump(written)
    parsed = bundles.parse(text, [manifest.type])
    assert parsed.errors == []
    assert parsed.manifests == [manifest]


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_nothing_is_ever_raised(text: str) -> None:
    parsed = parse(text)
    assert parsed.errors or parsed.manifests


@given(values)
def test_whatever_a_field_holds_nothing_is_raised(value: Any) -> None:
    """Every value in every place of a document that is otherwise right."""
    for path in (
        ("metadata",),
        ("metadata", "annotations"),
        ("spec",),
        ("spec", "template"),
        ("spec", "overrides"),
    ):
        document: dict[str, Any] = yaml.safe_load(GUIDE)
        inside = document
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = value
        parsed = parse(manifests.dump([document]))
        assert parsed.errors or parsed.manifests


def test_numbers_keep_their_kind() -> None:
    (manifest,) = parse(GUIDE.replace("replicas: 2", "replicas: 2\n      share: 0.5")).manifests
    assert math.isclose(manifest.template["spec"]["share"], 0.5)
