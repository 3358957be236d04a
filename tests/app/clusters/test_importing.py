"""The import page: what is in a kubeconfig is shown before anything is stored, and never given back."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from clusters import uploads
from clusters.models import Cluster, Phase
from tests import factories

pytestmark = pytest.mark.django_db

SECRET = "tok-secret-1"
IMPORT, CONTEXTS, TEST = "/clusters/import/", "/clusters/import/contexts/", "/clusters/import/test/"
Commit = Callable[..., AbstractContextManager[object]]


def typed(**values: str) -> dict[str, str]:
    defaults = {"name": "ams", "labels": "env=prod", "preset": "deploy", "context": "first"}
    return {**defaults, "kubeconfig": factories.kubeconfig(), **values}


def stored(client: Client) -> str:
    """All that the session holds."""
    return str(dict(client.session))


@pytest.mark.parametrize("partial", [True, False])
def test_shows_the_contexts_and_keeps_the_kubeconfig_to_itself(administrator: Client, partial: bool) -> None:
    headers = {"HX-Request": "true"} if partial else {}
    response = administrator.post(CONTEXTS, typed(), headers=headers)
    text = response.content.decode()
    assert response.status_code == 200
    for shown in ("first", "program", "https://127.0.0.1:1", "admin", "exec"):
        assert shown in text
    assert SECRET not in text
    assert SECRET not in stored(administrator)
    assert ("<html" in text) is not partial
    assert not Cluster.objects.exists()


def test_takes_an_uploaded_file(administrator: Client) -> None:
    file = SimpleUploadedFile("config", factories.kubeconfig().encode())
    response = administrator.post(CONTEXTS, typed(kubeconfig="") | {"kubeconfig_file": file})
    assert b"https://127.0.0.1:1" in response.content


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe\x00", "not text"),
        (b"x" * 1_000_001, "1 MB"),
        (b"a: [1, 2", "line"),
        (b"kind: Pod", "Config"),
    ],
)
def test_says_what_is_wrong_with_a_file(administrator: Client, content: bytes, expected: str) -> None:
    file = SimpleUploadedFile("config", content)
    response = administrator.post(CONTEXTS, typed(kubeconfig="", name="my-name") | {"kubeconfig_file": file})
    assert response.status_code == 422
    assert expected in response.content.decode()
    assert "my-name" in response.content.decode()


def test_a_bomb_is_refused(administrator: Client) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert administrator.post(CONTEXTS, typed(kubeconfig=bomb)).status_code == 422


@pytest.mark.parametrize(
    ("kubeconfig", "context", "expected"),
    [
        (factories.kubeconfig(), "program", "exec"),
        (factories.kubeconfig(), "nobody", "no context"),
        (factories.kubeconfig("https://169.254.169.254"), "first", "metadata"),
        (factories.kubeconfig(insecure=True), "first", "insecure-skip-tls-verify"),
        (factories.kubeconfig(extra_user="\n    tokenFile: /etc/passwd"), "first", "tokenFile"),
    ],
)
@pytest.mark.parametrize("path", [IMPORT, TEST])
def test_refuses_what_it_must_not_use(
    administrator: Client, path: str, kubeconfig: str, context: str, expected: str
) -> None:
    response = administrator.post(path, typed(kubeconfig=kubeconfig, context=context))
    assert response.status_code == 422
    assert expected in response.content.decode()
    assert not Cluster.objects.exists()


def test_an_insecure_context_needs_a_tick(administrator: Client) -> None:
    administrator.post(IMPORT, typed(kubeconfig=factories.kubeconfig(insecure=True), insecure="on"))
    assert Cluster.objects.get().insecure_skip_tls_verify


def test_stores_the_cluster_and_begins_to_join(
    administrator: Client, eager: None, django_capture_on_commit_callbacks: Commit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = administrator.post(IMPORT, typed(zones="a b", region="eu", taints="gpu:NoSchedule"))
    assert response.url == "/clusters/ams/"
    cluster = Cluster.objects.get()
    assert (cluster.labels, cluster.region, cluster.zones) == ({"env": "prod"}, "eu", ["a", "b"])
    assert cluster.taints == [{"key": "gpu", "value": "", "effect": "NoSchedule"}]
    failed = cluster.steps.get(status="failed")
    assert (failed.name, failed.reason) == ("reachable", "ConnectionRefused")
    assert cluster.phase == Phase.JOINING  # tried again by itself
    assert "ConnectionRefused" in administrator.get("/clusters/ams/").content.decode()


def test_a_mistake_loses_nothing_and_shows_no_credential(administrator: Client) -> None:
    response = administrator.post(IMPORT, typed(name="Not A Label", region="eu-north"))
    text = response.content.decode()
    assert response.status_code == 422
    assert "Not A Label" in text
    assert "eu-north" in text
    assert SECRET not in text
    key = response.context["reading"].key
    again = administrator.post(IMPORT, typed(kubeconfig="", upload=key))
    assert again.status_code == 302
    assert Cluster.objects.get().credential["token"] == SECRET
    assert uploads.find(administrator.session, key) == ""


@pytest.mark.parametrize("name", ["ams", "import", "Ams", "-a", "a" * 64, ""])
def test_names_are_free_dns_labels(administrator: Client, name: str) -> None:
    factories.cluster("ams")
    assert administrator.post(IMPORT, typed(name=name)).status_code == 422
    assert Cluster.objects.count() == 1


def test_checks_a_name_as_it_is_typed(administrator: Client) -> None:
    factories.cluster("ams")
    assert b"There is a cluster" in administrator.get("/clusters/import/name/?name=ams").content
    assert b"is free" in administrator.get("/clusters/import/name/?name=bos").content


def test_chosen_namespaces_have_to_be_named(administrator: Client) -> None:
    assert administrator.post(IMPORT, typed(preset="namespaces")).status_code == 422
    assert (
        administrator.post(IMPORT, typed(preset="namespaces", permitted_namespaces="a, b")).status_code == 302
    )
    assert Cluster.objects.get().permitted_namespaces == ["a", "b"]


def test_tries_the_connection(administrator: Client) -> None:
    response = administrator.post(TEST, typed(), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert b"refuses connections" in response.content
    assert not Cluster.objects.exists()


def test_an_upload_is_forgotten_after_a_while(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    session = administrator.session
    key = uploads.keep(session, "text")
    later = timezone.now().timestamp() + uploads.LIFETIME + 1
    assert uploads.find(session, key) == "text"
    monkeypatch.setattr("time.time", lambda: later)
    assert uploads.find(session, key) == ""
    assert uploads.find(session, "unknown") == ""


def test_a_new_kubeconfig_for_a_known_cluster(administrator: Client) -> None:
    cluster = factories.cluster("ams", reason="Unauthorized", uid="the-uid")
    chosen = {"kubeconfig": factories.kubeconfig("https://127.0.0.1:2"), "context": "first"}
    shown = administrator.post("/clusters/ams/reconnect/", chosen | {"read": "1"})
    assert b"https://127.0.0.1:2" in shown.content
    assert administrator.post("/clusters/ams/reconnect/", chosen).status_code == 302
    cluster.refresh_from_db()
    assert (cluster.phase, cluster.server, cluster.uid) == (Phase.JOINING, "https://127.0.0.1:2", "the-uid")
    assert cluster.credential_renew_at is None
