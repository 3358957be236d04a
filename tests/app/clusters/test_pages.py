"""Every page: who may see it, with which methods, and what it does with names that are none."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from clusters.models import Cluster, Phase
from tests import factories

pytestmark = pytest.mark.django_db

#: Path, method that works, permission class ("view" pages are open to viewers), status for those who may.
PAGES = [
    ("/clusters/", "get", "view", 200),
    ("/clusters/ams/", "get", "view", 200),
    ("/clusters/import/", "get", "change", 200),
    ("/clusters/import/", "post", "change", 422),
    ("/clusters/import/contexts/", "post", "change", 422),
    ("/clusters/import/test/", "post", "change", 422),
    ("/clusters/import/name/", "get", "change", 200),
    ("/clusters/ams/edit/", "get", "change", 200),
    ("/clusters/ams/edit/", "post", "change", 302),
    ("/clusters/ams/cordon/", "post", "change", 302),
    ("/clusters/ams/retry/", "post", "change", 302),
    ("/clusters/ams/reconnect/", "get", "change", 200),
    ("/clusters/ams/reconnect/", "post", "change", 422),
    ("/clusters/ams/unjoin/", "get", "change", 200),
    ("/clusters/ams/unjoin/", "post", "change", 422),
]
every_page = pytest.mark.parametrize(("path", "method", "who", "status"), PAGES)


@pytest.fixture(autouse=True)
def ams() -> Cluster:
    return factories.cluster("ams", labels={"env": "prod"})


@every_page
def test_works(administrator: Client, path: str, method: str, who: str, status: int) -> None:
    assert getattr(administrator, method)(path).status_code == status


@every_page
def test_is_closed_to_strangers(stranger: Client, path: str, method: str, who: str, status: int) -> None:
    assert getattr(stranger, method)(path).status_code == 403


@every_page
def test_lets_viewers_look_and_do_nothing(
    viewer: Client, path: str, method: str, who: str, status: int
) -> None:
    assert getattr(viewer, method)(path).status_code == (200 if who == "view" else 403)


@every_page
def test_sends_the_anonymous_to_the_login(
    anonymous: Client, path: str, method: str, who: str, status: int
) -> None:
    response = getattr(anonymous, method)(path)
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


@every_page
def test_refuses_other_methods(administrator: Client, path: str, method: str, who: str, status: int) -> None:
    allowed = {known for other, known, _who, _status in PAGES if other == path}
    for other in {"get", "post", "delete", "put"} - allowed:
        assert getattr(administrator, other)(path).status_code == 405


@pytest.mark.parametrize("page", ["", "edit/", "cordon/", "retry/", "reconnect/", "unjoin/"])
@pytest.mark.parametrize("name", ["nobody", "Ü%20", "a" * 300])
def test_knows_no_other_names(administrator: Client, page: str, name: str) -> None:
    method = "post" if page in ("cordon/", "retry/") else "get"
    assert getattr(administrator, method)(f"/clusters/{name}/{page}").status_code == 404


def test_a_viewer_sees_no_actions(viewer: Client) -> None:
    listing, detail = viewer.get("/clusters/"), viewer.get("/clusters/ams/")
    for response in (listing, detail):
        text = response.content.decode()
        for path in ("import/", "ams/edit/", "ams/unjoin/", "ams/cordon/", "ams/retry/", "ams/reconnect/"):
            assert path not in text


def test_the_empty_list_holds_the_next_step(administrator: Client, ams: Cluster) -> None:
    ams.delete()
    assert "/clusters/import/" in administrator.get("/clusters/").content.decode()
    factories.cluster("bos")
    assert "No cluster matches" in administrator.get("/clusters/?q=zzz").content.decode()


def test_no_page_holds_a_credential(administrator: Client, ams: Cluster) -> None:
    for path, method, _who, _status in PAGES:
        assert b"a-token-of-our-own" not in getattr(administrator, method)(path).content


def test_editing_keeps_what_was_typed_when_something_is_wrong(administrator: Client, ams: Cluster) -> None:
    response = administrator.post(
        "/clusters/ams/edit/", {"labels": "env=prod\nnonsense", "region": "eu-north"}
    )
    assert response.status_code == 422
    assert "eu-north" in response.content.decode()
    assert "nonsense" in response.content.decode()
    ams.refresh_from_db()
    assert ams.labels == {"env": "prod"}


def test_editing_changes_labels_and_place(administrator: Client, ams: Cluster) -> None:
    typed = {
        "labels": "env=dev, tier=gold",
        "region": "eu-north",
        "zones": "a, b",
        "provider": "own",
        "taints": "dedicated=gpu:NoSchedule\r\ndown:NoExecute",
        "description": "x",
    }
    administrator.post("/clusters/ams/edit/", typed)
    ams.refresh_from_db()
    assert (ams.labels, ams.region, ams.zones) == ({"env": "dev", "tier": "gold"}, "eu-north", ["a", "b"])
    assert ams.taints == [
        {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"},
        {"key": "down", "value": "", "effect": "NoExecute"},
    ]
    assert (
        "dedicated=gpu:NoSchedule\ndown:NoExecute"
        in administrator.get("/clusters/ams/edit/").content.decode()
    )
    page = administrator.get("/clusters/ams/").content.decode()
    assert "down:NoExecute" in page
    assert "also removes what is there" in page


@pytest.mark.parametrize(
    "text", ["gpu", "gpu=yes:Sometimes", "-=x:NoSchedule", "a:NoSchedule, a=b:NoSchedule"]
)
def test_editing_refuses_what_is_no_taint(administrator: Client, ams: Cluster, text: str) -> None:
    response = administrator.post("/clusters/ams/edit/", {"taints": text})
    assert response.status_code == 422
    assert text in response.content.decode()
    ams.refresh_from_db()
    assert ams.taints == []


def test_maintenance_begins_and_ends(administrator: Client, ams: Cluster) -> None:
    administrator.post("/clusters/ams/cordon/", {"cordoned": "1"})
    ams.refresh_from_db()
    assert ams.cordoned
    assert ams.state.value == "Maintenance"
    administrator.post("/clusters/ams/cordon/", {"cordoned": "0"})
    ams.refresh_from_db()
    assert not ams.cordoned


def test_leaving_asks_for_the_name(administrator: Client, ams: Cluster) -> None:
    response = administrator.post("/clusters/ams/unjoin/", {"mode": "keep", "confirmation": "amz"})
    assert response.status_code == 422
    ams.refresh_from_db()
    assert ams.phase == Phase.JOINED


def test_leaving_begins_and_shows_its_checklist(administrator: Client, ams: Cluster) -> None:
    response = administrator.post(
        "/clusters/ams/unjoin/", {"mode": "delete", "confirmation": "ams"}, follow=True
    )
    ams.refresh_from_db()
    assert ams.phase == Phase.DETACHING
    assert "Workloads deleted" in response.content.decode()


def test_forgetting_removes_the_record(administrator: Client) -> None:
    response = administrator.post("/clusters/ams/unjoin/", {"mode": "forget", "confirmation": "ams"})
    assert response.url == "/clusters/"
    assert not Cluster.objects.exists()


def test_placements_are_looked_at_again_after_other_taints(
    administrator: Client,
    ams: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    woken: list[list[int]] = []
    monkeypatch.setattr("clusters.tasks.clusters_changed", woken.append)
    for typed in ({"taints": "gpu:NoSchedule"}, {"taints": "gpu:NoSchedule", "description": "x"}):
        with django_capture_on_commit_callbacks(execute=True):
            administrator.post("/clusters/ams/edit/", {"labels": "env=prod", **typed})
    assert woken == [[ams.pk]]
