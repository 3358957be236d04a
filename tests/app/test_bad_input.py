"""Nonsense, on every path and in every field: refused with an answer, never with a 500."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster
from propagation import changes, delivering, dispatching, importing, scheduling
from propagation.domain import bundles
from propagation.domain.overrides import OverrideError
from propagation.forms.workload import Editor
from propagation.fragments import exporting
from propagation.fragments.detail import Detail
from propagation.models import FederatedResource, FederatedType, Propagation
from propagation.views import editing
from tests import factories_propagation as factories
from tests.architecture.test_urls import private_routes

pytestmark = pytest.mark.django_db

DEEP = "[" * 2_000 + "]" * 2_000
BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n"
DOCUMENT = "apiVersion: types.kubefed.io/v1beta1\nkind: Federated{kind}\nmetadata: {metadata}\nspec: {spec}\n"

#: Values for any field.
NONSENSE = ["", "x\0y", "-1", "9" * 40, "NaN", "<b>ünïcödé ☸ \u202e" + "x" * 300, DEEP]

#: What a text field of documents might be given.
TEXTS = [
    BOMB,
    DEEP,
    "{" * 5_000,
    "- \0",
    "%YAML 9\n---\n",
    "!!python/object/apply:os.system [id]",
    "x: " + "y" * 1_200_000,
    *(
        DOCUMENT.format(kind=kind, metadata=metadata, spec=spec)
        for kind in ("Deployment", "Secret", "Nothing")
        for metadata in ("{name: x}", "{name: 5, namespace: [a]}", '{name: "x\\0y"}')
        for spec in (
            "null",
            "[]",
            "{template: 5}",
            "{template: {metadata: 5, spec: [], data: 7}, placement: {clusters: 5}}",
            "{template: {spec: {replicas: .nan, template: {spec: {containers: {}}}}}}",
            "{placement: {clusterSelector: [], spread: {maxClusters: x}, versions: {}, tolerations: 5}}",
            "{overrides: [{clusterName: [], clusterOverrides: {}}, 7, null]}",
            "{overrides: [{clusterName: a, clusterOverrides: [{path: '', value: 1}, {path: 5}]}]}",
            '{template: {data: {a: "\\0"}}, placement: {}}',
            "{template: {data: {a: 2026-01-01, b: 0x1f, c: 1.5e309}}, placement: {}}",
        )
    ),
    *(
        f"apiVersion: {group}.kubefed.io/{version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n"
        for group, version, kind in (
            ("scheduling", "v1alpha1", "ReplicaSchedulingPreference"),
            ("core", "v1beta1", "FederatedTypeConfig"),
            ("core", "v1beta1", "KubeFedCluster"),
        )
        for spec in ("5", "{targetType: 7, federatedType: []}", "{apiEndpoint: 7, secretRef: x}")
    ),
    "apiVersion: v1\nkind: List\nitems: 5\n",
]


@pytest.fixture
def root(admin_user: User) -> Client:
    """Somebody who may do everything; what goes wrong inside comes out as a 500."""
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    return client


@pytest.fixture
def console() -> tuple[Cluster, FederatedResource]:
    """A cluster called "some", and a workload with the key 1 where the database allows it."""
    member = factories.cluster("some", server="https://127.0.0.1:1")
    resource = FederatedResource(
        type=factories.deployment_type(),
        namespace="shop",
        name="web",
        template=factories.template("web"),
        placement={"clusterSelector": {}},
    )
    changes.save(resource, None)
    factories.propagation(resource, member)
    return member, resource


def paths(member: Cluster, resource: FederatedResource) -> Iterator[str]:
    """Every path of the console with keys that exist, but for the one that logs out."""
    kind = FederatedType.objects.get(name="configmaps")
    for route in private_routes():
        if route.startswith("admin/"):
            continue
        key = kind.pk if route.startswith("types/") else resource.pk
        yield "/" + route.replace("/1/", f"/{key}/").replace("<int:cluster_pk>", str(member.pk))


def test_nonsense_in_addresses_and_fields(root: Client, console: tuple[Cluster, FederatedResource]) -> None:
    found = []
    for path in paths(*console):
        names = field_names(root, path)
        assert root.put(path, b"nonsense").status_code < 500
        for value in NONSENSE:
            data = dict.fromkeys(names, value)
            answers = (root.get(path, data), root.post(path, data))
            found += [
                f"{answer.request['REQUEST_METHOD']} {path} with {value[:20]!r}"
                for answer in answers
                if answer.status_code >= 500
            ]
    assert not found, "\n".join(sorted(set(found)))


#: Names that views read, of forms that a page shows only after a step.
HIDDEN = (
    "q",
    "page",
    "sort",
    "state",
    "kind",
    "namespace",
    "from",
    "to",
    "resource",
    "cluster",
    "action",
    "text",
)
COUNTS = ("TOTAL_FORMS", "INITIAL_FORMS")


def field_names(root: Client, path: str) -> list[str]:
    """The names of the fields on a page, and those that any page may be asked for."""
    answer = root.get(path)
    context: Any = answer.context or {}
    forms = [context.get(name) for name in ("form", "import_form") if context.get(name)] if context else []
    names = [form.add_prefix(name) for form in forms for name in getattr(form, "fields", {})]
    if editor := (context.get("editor") if context else None):
        names += list(editor.basics.fields)
        names += [
            f"{rows.prefix}-{count}" for rows in (editor.variables, editor.requirements) for count in COUNTS
        ]
    return sorted({*names, *HIDDEN})


@pytest.mark.parametrize(
    "path", ["/workloads/yaml/", "/workloads/yaml/preview/", "/clusters/import/contexts/"]
)
def test_nonsense_in_documents(root: Client, path: str) -> None:
    factories.cluster("a", server="https://127.0.0.1:1")
    found = []
    for text in TEXTS:
        answer = root.post(path, {"text": text, "kubeconfig": text, "action": "save"})
        if answer.status_code >= 500:
            found.append(repr(text[:300]))
    assert not found, "\n".join(sorted(set(found)))


PLACEMENT = {
    "clusters": [{"name": "a"}],
    "clusterSelector": {
        "matchLabels": {"a": "b"},
        "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}],
    },
    "regions": ["eu"],
    "versions": ">=1.25",
    "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}],
    "spread": {"maxClusters": 2, "by": "region"},
}
OVERRIDES = [
    {
        "clusterName": "a",
        "clusterOverrides": [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}],
    },
    {
        "clusterSelector": {"matchLabels": {"a": "b"}},
        "clusterOverrides": [{"op": "remove", "path": "/metadata"}],
    },
]
CONTAINER = {
    "name": "c",
    "image": "i",
    "ports": [{"containerPort": 80}],
    "resources": {"requests": {"cpu": "1"}},
    "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "envFrom": [{"secretRef": {"name": "s"}}],
}
POD = {
    "serviceAccountName": "s",
    "imagePullSecrets": [{"name": "s"}],
    "volumes": [{"name": "v", "configMap": {"name": "c"}}],
    "containers": [CONTAINER],
}
LABELLED = {"labels": {"a": "b"}}
TEMPLATES: dict[str, dict[str, Any]] = {
    "Deployment": {
        "metadata": LABELLED,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": LABELLED, "spec": POD},
        },
    },
    "Secret": {"metadata": LABELLED, "type": "Opaque", "data": {"a": "Yg=="}, "stringData": {"a": "b"}},
}
PREFERENCE = {
    "apiVersion": "scheduling.kubefed.io/v1alpha1",
    "kind": "ReplicaSchedulingPreference",
    "metadata": {"name": "x", "namespace": "shop"},
    "spec": {
        "targetKind": "FederatedDeployment",
        "totalReplicas": 9,
        "rebalance": True,
        "intersectWithClusterSelector": True,
        "clusters": {"*": {"weight": 1, "minReplicas": 0, "maxReplicas": 5}},
    },
}
WRONG: tuple[Any, ...] = (
    *(None, True, 2**63, "", "x" * 400 + "\u202e☸"),
    *([], [None], {}, {"x": {}}),
)


def whole(kind: str) -> list[dict[str, Any]]:
    """Documents that use every part of the format; of a Secret, only what its kind makes special."""
    every = kind == "Deployment"
    annotations = {"fedconsole.io/conflict-policy": "refuse", "fedconsole.io/suspend-repair": "true"}
    spec = {
        "template": TEMPLATES[kind],
        "placement": PLACEMENT,
        "overrides": OVERRIDES,
        "retainReplicas": True,
    }
    federated = {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": f"Federated{kind}",
        "metadata": {"name": "x", "namespace": "shop", "annotations": annotations, **LABELLED},
        "spec": spec if every else {"template": TEMPLATES[kind], "placement": {"clusterSelector": {}}},
    }
    return [federated, PREFERENCE] if every else [federated]


def wrong(value: Any) -> Iterator[Any]:
    """The value with something wrong in the place of each of its parts, one after the other."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ({**value, name: one} for one in (*WRONG, *wrong(part)))
            yield {other: one for other, one in value.items() if other != name}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from ([*value[:index], one, *value[index + 1 :]] for one in (*WRONG, *wrong(part)))


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_every_part_of_a_document_may_be_anything(kind: str, admin_user: User) -> None:
    """What is not refused can be stored, placed, rendered, shown and taken away."""
    member = factories.cluster("a", server="https://127.0.0.1:1", labels={"a": "b"})
    stored_types, accepted = importing.types_by_name(), 0
    for documents in wrong(whole(kind)):
        text = "\n---\n".join(map(json.dumps, documents))
        parsed = bundles.parse(text, [one.resource_type for one in stored_types.values()])
        plan = importing.plan_parsed(parsed, stored_types, ["a"], importing.Rights(True, True, True))
        if plan.errors or not plan.planned:
            continue
        accepted += 1
        try:
            _use(plan, member, admin_user)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}: {text}") from error
    assert accepted > 30


def _use(plan: importing.Plan, member: Cluster, user: User) -> None:
    with transaction.atomic():
        for resource in importing.store(plan, user):
            scheduling.schedule([resource.pk])
            resource.refresh_from_db()
            assert exporting.text([resource], user, timezone.now())
            assert render_to_string(
                "propagation/_detail_header.html", {"detail_header": Detail(resource, timezone.now())}
            )
            row = Propagation(resource=resource, cluster=member)
            with contextlib.suppress(OverrideError):
                delivering.rendered(dispatching.assignment(row, resource))
            if editing.editable(resource):
                Editor(clusters=[], resource=resource).is_valid()
        transaction.set_rollback(True)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\0" * 100, b"x" * 5_000_000, b""])
@pytest.mark.parametrize(
    "path", ["/workloads/yaml/", "/clusters/import/", "/clusters/import/contexts/", "/migrate/"]
)
def test_nonsense_in_files(root: Client, path: str, content: bytes) -> None:
    for name in ("file", "upload", "kubeconfig_file"):
        answer = root.post(path, {name: SimpleUploadedFile("x.yaml", content), "text": "", "action": "save"})
        assert answer.status_code < 500


def test_keys_that_no_database_has(root: Client) -> None:
    for route in private_routes():
        for key in ("0", "9" * 18, "9" * 30):
            path = "/" + route.replace("/1/", f"/{key}/")
            assert root.get(path).status_code < 500, path
            assert root.post(path).status_code < 500, path
