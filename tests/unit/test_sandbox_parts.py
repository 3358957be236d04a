"""The sandbox's pure parts: command lines, places, statuses, credentials, the table."""

import base64
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from fedconsole.sandbox import cli, flags, processes, statuses, tokens
from fedconsole.sandbox.binaries import Binaries
from fedconsole.sandbox.certificates import Authority, service_account_keys
from fedconsole.sandbox.files import ClusterFiles
from fedconsole.sandbox.places import places
from fedconsole.sandbox.processes import Identity
from fedconsole.sandbox.records import Record, read_all
from fedconsole.sandbox.statuses import Behaviour

NOW = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PORTS = flags.Ports(etcd=1, etcd_peer=2, api=3)
FOLDER = Path("/clusters/amsterdam")


def pod(*images: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    metadata = {"name": "web-1", "namespace": "shop", "uid": "0a0b0c0d-1"}
    return {"metadata": metadata, "spec": {"containers": containers, **spec}}


def commands(version: str) -> dict[str, list[str]]:
    programs = Binaries(Path("/bin"), version)
    return {
        "etcd": flags.etcd(programs, FOLDER, PORTS),
        "apiserver": flags.apiserver(programs, FOLDER, PORTS),
        "controller-manager": flags.controller_manager(programs, FOLDER),
        "scheduler": flags.scheduler(programs, FOLDER),
    }


@pytest.mark.parametrize(("version", "old"), [("v1.20.2", True), ("v1.23.9", True), ("v1.24.0", False)])
def test_insecure_ports_are_switched_off_where_they_exist(version: str, old: bool) -> None:
    found = commands(version)
    assert ("--insecure-port=0" in found["apiserver"]) is old
    assert ("--port=0" in found["controller-manager"]) is old
    assert ("--port=0" in found["scheduler"]) is old


@pytest.mark.parametrize("version", ["v1.20.2", "v1.37.2"])
def test_everything_listens_on_the_loopback_or_not_at_all(version: str) -> None:
    found = commands(version)
    assert "--bind-address=127.0.0.1" in found["apiserver"]
    assert all("://127.0.0.1:" in flag for flag in found["etcd"] if "-urls=" in flag)
    assert all("--secure-port=0" in found[name] for name in ("controller-manager", "scheduler"))


def test_places_have_names_and_regions_of_their_own() -> None:
    found = places(8)
    assert [place.name for place in found[:3]] == ["amsterdam", "boston", "singapore"]
    assert len({place.name for place in found}) == 8
    assert all(place.labels["region"] == place.region for place in found)
    assert all(zone.startswith(place.region) for place in found for zone in place.zones)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", Behaviour.NORMAL),
        ("nginx:1.27", Behaviour.NORMAL),
        ("nginx:broken", Behaviour.BROKEN),
        ("registry.example:5000/team/nginx:crash", Behaviour.CRASH),
        ("registry.example:5000/slow", Behaviour.NORMAL),
        ("nginx:slow@sha256:0123", Behaviour.SLOW),
    ],
)
def test_the_tag_tells_the_behaviour(image: str, expected: Behaviour) -> None:
    assert statuses.behaviour(image) is expected


def test_a_running_pod_is_ready() -> None:
    status = statuses.running(pod("a", "b", initContainers=[{"name": "i", "image": "c"}]), NOW)
    assert statuses.is_ready({"status": status})
    assert (status["phase"], status["podIP"]) == ("Running", "10.75.12.13")
    assert [each["ready"] for each in status["containerStatuses"]] == [True, True]
    assert status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_broken_image_keeps_its_own_container_waiting() -> None:
    status = statuses.waiting_for_image(pod("fine:1", "shop:broken"), NOW, back_off=True)
    assert not statuses.is_ready({"status": status})
    assert status["phase"] == "Pending"
    fine, broken = status["containerStatuses"]
    assert "running" in fine["state"]
    expected = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "shop:broken"'}
    assert broken["state"]["waiting"] == expected


@pytest.mark.parametrize(
    ("restarts", "length"), [(1, "10s"), (3, "40s"), (4, "1m20s"), (6, "5m0s"), (99, "5m0s")]
)
def test_a_crashing_container_is_restarted_ever_later(restarts: int, length: str) -> None:
    status = statuses.crashed(pod("shop:crash"), NOW, restarts)
    container = status["containerStatuses"][0]
    waiting = container["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith(f"back-off {length} restarting failed container=c0 pod=web-1_shop(")
    assert (container["restartCount"], container["lastState"]["terminated"]["exitCode"]) == (restarts, 1)


def test_a_finished_pod_has_ended_containers() -> None:
    status = statuses.finished(pod("job:1"), NOW, succeeded=True)
    assert statuses.is_finished({"status": status})
    assert status["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"


def test_nodes_say_what_ails_them() -> None:
    good = statuses.node_conditions(ready=True, now=NOW)
    bad = statuses.node_conditions(ready=False, now=NOW)
    assert statuses.is_ready({"status": {"conditions": good}})
    assert not statuses.is_ready({"status": {"conditions": bad}})
    assert statuses.is_tainted({"spec": {"taints": [{"key": "node.kubernetes.io/not-ready"}]}})
    assert not statuses.is_tainted({"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable"}]}})


def test_certificates_can_be_expired_and_misnamed() -> None:
    authority = Authority("test")
    good = x509.load_pem_x509_certificate(authority.server().certificate.encode())
    expired = x509.load_pem_x509_certificate(authority.server(expired=True).certificate.encode())
    misnamed = x509.load_pem_x509_certificate(authority.server(names=("a.example",)).certificate.encode())
    now = dt.datetime.now(dt.UTC)
    assert expired.not_valid_after_utc < now < good.not_valid_after_utc
    names = misnamed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["a.example"]


def test_tokens_can_be_expired() -> None:
    private, _ = service_account_keys()
    token = tokens.service_account_token(private, "issuer", tokens.Subject("shop", "robot"), lifetime=-60)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "system:serviceaccount:shop:robot"
    assert claims["exp"] < dt.datetime.now(dt.UTC).timestamp()


def test_a_recycled_process_number_is_another_process() -> None:
    this = Identity.of(os.getpid())
    assert this.is_alive
    assert not Identity(this.pid, "another time").is_alive
    assert not Identity(this.pid, "another time").signal(9)


def test_ports_are_free_and_different() -> None:
    found = processes.free_ports(20)
    assert len(set(found)) == 20
    assert all(processes.is_free(port) for port in found)


def test_a_folder_keeps_its_credentials_and_moves_from_taken_ports(tmp_path: Path) -> None:
    files = ClusterFiles(tmp_path / "amsterdam")
    files.prepare("v1.20.2")
    assert files.kubeconfig_path.stat().st_mode & 0o777 == 0o600
    before, ca = files.server, files.ca
    files.prepare("v1.20.2")
    assert (files.server, files.ca) == (before, ca)
    with processes.socket.create_server(("127.0.0.1", files.ports.api)):
        files.prepare("v1.20.2")
    assert files.server != before
    assert files.ca == ca
    assert files.server in files.kubeconfig_text
    assert before not in files.kubeconfig_text


def test_another_version_starts_from_nothing_but_only_in_a_folder_of_ours(tmp_path: Path) -> None:
    foreign = tmp_path / "amsterdam" / "precious"
    foreign.parent.mkdir()
    foreign.touch()
    files = ClusterFiles(foreign.parent)
    files.prepare("v1.20.2")
    assert foreign.exists()
    ca = files.ca
    files.prepare("v1.37.2")
    assert files.ca != ca


def test_the_table_tells_stopped_clusters(tmp_path: Path) -> None:
    folder = tmp_path / "amsterdam"
    ClusterFiles(folder).prepare("v1.20.2")
    nobody = Identity(1, "never")
    programs = {"apiserver": nobody}
    record = Record("amsterdam", "v1.20.2", "eu-west", "https://127.0.0.1:1", nobody, programs)
    record.write(folder)
    assert read_all(tmp_path) == {folder: record}
    lines = cli.table(read_all(tmp_path).items()).splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "REGION", "STATE", "PID", "URL"]
    assert lines[1].split() == ["amsterdam", "v1.20.2", "eu-west", "Stopped", "1", "https://127.0.0.1:1"]
