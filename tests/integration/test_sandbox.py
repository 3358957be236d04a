"""The sandbox against itself: real control planes of every version that the cache holds."""

import json
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fedconsole.sandbox import binaries, guard, rest
from fedconsole.sandbox.cluster import SandboxCluster, SandboxError
from fedconsole.sandbox.fleet import Fleet
from fedconsole.sandbox.places import places
from fedconsole.sandbox.proxy import FaultProxy
from fedconsole.sandbox.statuses import is_ready
from tests import sandbox_fixtures
from tests.deadlines import until
from tests.sandbox_fixtures import MakeCluster

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
#: Seconds: on a busy machine everything takes its time.
PATIENCE = 60.0


@pytest.fixture(params=sandbox_fixtures.versions() or ["none"])
def cluster(request: pytest.FixtureRequest, sandbox: Fleet) -> SandboxCluster:
    """One cluster per version."""
    for found in sandbox:
        if found.version == request.param:
            return found
    pytest.skip(f"no cluster of this session has {request.param}")


@pytest.fixture
def namespace(cluster: SandboxCluster) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.request("POST", "/api/v1/namespaces", body)
    yield name
    cluster.request("DELETE", f"/api/v1/namespaces/{name}")


def deploy(
    cluster: SandboxCluster, namespace: str, image: str, replicas: int = 2
) -> Callable[[], dict[str, Any]]:
    """Create the Deployment ``web``; returns what reads it."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    cluster.request("POST", path, body)
    return lambda: cluster.request("GET", f"{path}/web")


def available(deployment: dict[str, Any]) -> int:
    count: int = deployment["status"].get("availableReplicas", 0)
    return count


def pods(cluster: SandboxCluster, namespace: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return items


def waiting_reasons(cluster: SandboxCluster, namespace: str) -> set[str]:
    statuses = [pod["status"].get("containerStatuses", []) for pod in pods(cluster, namespace)]
    return {each["state"].get("waiting", {}).get("reason", "") for status in statuses for each in status}


def event_reasons(cluster: SandboxCluster, namespace: str) -> set[str]:
    events = cluster.request("GET", f"/api/v1/namespaces/{namespace}/events")["items"]
    return {event["reason"] for event in events if event["type"] == "Warning"}


def test_it_is_the_version_that_it_says(cluster: SandboxCluster) -> None:
    assert cluster.request("GET", "/version")["gitVersion"] == cluster.version


def test_a_deployment_becomes_available_and_goes(cluster: SandboxCluster, namespace: str) -> None:
    read = deploy(cluster, namespace, "nginx:1.27")
    until(lambda: available(read()) == 2, timeout=PATIENCE)
    assert all(pod["status"]["podIP"] for pod in pods(cluster, namespace))
    cluster.request("DELETE", f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    until(lambda: not pods(cluster, namespace), timeout=PATIENCE)


def test_a_new_image_makes_new_pods(cluster: SandboxCluster, namespace: str) -> None:
    read = deploy(cluster, namespace, "nginx:1.27")
    until(lambda: available(read()) == 2, timeout=PATIENCE)
    before = {pod["metadata"]["uid"] for pod in pods(cluster, namespace)}
    change = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:1.28"}
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.request("PATCH", path, [change], content_type="application/json-patch+json")

    def replaced() -> bool:
        after = {pod["metadata"]["uid"] for pod in pods(cluster, namespace)}
        return available(read()) == 2 and len(after) == 2 and not after & before

    until(replaced, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("tag", "reason", "events"),
    [("broken", "ImagePullBackOff", {"Failed", "BackOff"}), ("crash", "CrashLoopBackOff", {"BackOff"})],
)
def test_pods_have_bad_days(
    cluster: SandboxCluster, namespace: str, tag: str, reason: str, events: set[str]
) -> None:
    read = deploy(cluster, namespace, f"nginx:{tag}")
    until(lambda: waiting_reasons(cluster, namespace) == {reason}, timeout=PATIENCE)
    until(lambda: events <= event_reasons(cluster, namespace), timeout=PATIENCE)
    assert available(read()) == 0


def test_a_job_completes(cluster: SandboxCluster, namespace: str) -> None:
    containers = [{"name": "once", "image": "busybox"}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"template": template},
    }
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    cluster.request("POST", path, body)
    until(lambda: cluster.request("GET", f"{path}/once")["status"].get("succeeded") == 1, timeout=PATIENCE)


def test_a_burst_of_pods_runs(cluster: SandboxCluster, namespace: str) -> None:
    read = deploy(cluster, namespace, "nginx:1.27", replicas=200)
    until(lambda: available(read()) == 200, timeout=PATIENCE)


def _verify(cluster: SandboxCluster, ca: str) -> None:
    context = ssl.create_default_context(cadata=ca)
    with urllib.request.urlopen(f"{cluster.server}/healthz", timeout=5, context=context) as answer:  # noqa: S310
        assert answer.read() == b"ok"


def test_tls_verifies_by_its_own_authority_alone(cluster: SandboxCluster, sandbox: Fleet) -> None:
    _verify(cluster, cluster.ca)
    other = next(each for each in sandbox if each is not cluster)
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        _verify(cluster, other.ca)


def _status_with(cluster: SandboxCluster, token: str) -> int:
    """What the API server makes of a token."""
    context = ssl.create_default_context(cadata=cluster.ca)
    url, headers = f"{cluster.server}/api/v1/nodes", {"Authorization": f"Bearer {token}"}
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_tokens_are_issued_and_expire(cluster: SandboxCluster) -> None:
    spec = {"expirationSeconds": 3600}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    token = cluster.request("POST", path, body)["status"]["token"]
    assert _status_with(cluster, token) == 403  # known, without rights
    assert _status_with(cluster, cluster.expired_token()) == 401
    assert _status_with(cluster, "nonsense") == 401


def test_nodes_survive_their_api_server(
    cluster: SandboxCluster, healthy_sandbox: Fleet, namespace: str
) -> None:
    cluster.kill_apiserver()
    assert not cluster.answers()
    cluster.restart_apiserver()
    read = deploy(cluster, namespace, "nginx:1.27")
    until(lambda: available(read()) == 2, timeout=PATIENCE)


def test_a_frozen_api_server_accepts_and_is_silent(cluster: SandboxCluster, healthy_sandbox: Fleet) -> None:
    cluster.freeze_apiserver()
    with pytest.raises(OSError, match="timed out"):
        cluster.request("GET", "/version", timeout=0.5)
    cluster.thaw_apiserver()
    assert until(lambda: cluster.request("GET", "/version"), timeout=PATIENCE)


def test_a_node_can_be_made_not_ready(cluster: SandboxCluster, healthy_sandbox: Fleet) -> None:
    def ready() -> bool:
        return is_ready(cluster.request("GET", "/api/v1/nodes/node-1"))

    cluster.set_node_ready("node-1", ready=False)
    until(lambda: not ready(), timeout=PATIENCE)
    cluster.set_node_ready("node-1", ready=True)
    until(ready, timeout=PATIENCE)


def _watch_from(cluster: SandboxCluster, version: str) -> int:
    """200, or the error code by which a watch from there ends."""
    path = f"/api/v1/configmaps?watch=true&timeoutSeconds=1&resourceVersion={version}"
    try:
        answer = cluster.request("GET", path)
    except rest.ApiError as error:
        return error.status
    events = [answer] if isinstance(answer, dict) else [json.loads(line) for line in answer.splitlines()]
    return next((event["object"]["code"] for event in events if event["type"] == "ERROR"), 200)


def test_watches_from_before_a_compaction_are_gone(
    cluster: SandboxCluster, healthy_sandbox: Fleet, namespace: str
) -> None:
    version = cluster.request("GET", "/api/v1/configmaps")["metadata"]["resourceVersion"]
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "news"}}
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
    assert _watch_from(cluster, version) == 200
    cluster.compact_etcd()
    assert _watch_from(cluster, version) == 410


def test_the_proxy_stands_before_an_api_server(cluster: SandboxCluster) -> None:
    context = ssl.create_default_context(cadata=cluster.ca)
    with FaultProxy(cluster.ports.api) as proxy:
        assert rest.call(context, "GET", f"{proxy.url}/healthz", None, rest.JSON, 5) == "ok"
        proxy.black_hole()
        with pytest.raises(OSError, match="timed out"):
            rest.call(context, "GET", f"{proxy.url}/healthz", None, rest.JSON, 0.5)


def test_a_full_cluster_leaves_pods_pending(make_sandbox_cluster: MakeCluster) -> None:
    cluster = make_sandbox_cluster(nodes=1, pods_per_node=1)
    deploy(cluster, "default", "nginx:1.27")
    until(lambda: "FailedScheduling" in event_reasons(cluster, "default"), timeout=PATIENCE)
    until(
        lambda: {pod["status"]["phase"] for pod in pods(cluster, "default")} == {"Running", "Pending"},
        timeout=PATIENCE,
    )


def test_a_stopped_cluster_leaves_nothing_but_its_data(make_sandbox_cluster: MakeCluster) -> None:
    cluster = make_sandbox_cluster()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}
    cluster.request("POST", "/api/v1/namespaces/default/configmaps", body)
    pids, server = cluster.pids, cluster.server
    assert len(pids) == 5
    cluster.stop()
    assert not [pid for pid in pids.values() if guard.started_at(pid)]
    cluster.start()
    cluster.wait_ready()
    assert cluster.server == server
    assert cluster.request("GET", "/api/v1/namespaces/default/configmaps/kept")


def test_a_running_cluster_refuses_a_second_owner(sandbox: Fleet) -> None:
    first = sandbox[0]
    second = SandboxCluster(first.place, first.binaries, first.folder)
    with pytest.raises(SandboxError, match="runs already"):
        second.start()
    second.stop()
    assert first.answers()


_OWNER = """
import sys, time
from pathlib import Path
from fedconsole.sandbox import binaries
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.places import places
cluster = SandboxCluster(places(1)[0], binaries.ensure(sys.argv[1]), Path(sys.argv[2]))
cluster.start()
print(*cluster.pids.values(), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_program_outlives_its_owner(sandbox: Fleet, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _OWNER, sandbox[0].version, str(tmp_path / "amsterdam")]
    owner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2
    finally:
        owner.send_signal(number)
        owner.wait()
    until(lambda: not [pid for pid in pids if guard.started_at(pid)], timeout=10)


def _sandbox(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "fedconsole.sandbox", *arguments, "--folder", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_runs_a_sandbox_in_the_background(sandbox: Fleet, tmp_path: Path) -> None:
    name = places(1)[0].name
    try:
        _sandbox(tmp_path, "up", "--detach", "-n", "1", "--version", sandbox[0].version)
        assert "Ready" in _sandbox(tmp_path, "status")
        _sandbox(tmp_path, "fault", name, "kill")
        until(lambda: "API server down" in _sandbox(tmp_path, "status"), timeout=PATIENCE)
        _sandbox(tmp_path, "fault", name, "restart")
        assert "Ready" in _sandbox(tmp_path, "status")
    finally:
        _sandbox(tmp_path, "down")
    assert name not in _sandbox(tmp_path, "status")


def test_several_versions_take_turns(sandbox: Fleet) -> None:
    chosen = sandbox_fixtures.versions()
    assert [each.version for each in sandbox] == [chosen[n % len(chosen)] for n in range(len(sandbox))]
    assert set(chosen) <= set(binaries.cached_versions())
