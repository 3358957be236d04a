"""Joining and leaving real clusters."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from clusters import access, joining, probing, renewing
from clusters.domain import kubeconfig
from clusters.domain.references import NAMESPACE, ObjectReference, ResourceType
from clusters.kube import errors, loop
from clusters.models import Cluster, Console, Phase
from fedconsole.sandbox import impostors, kubeconfigs
from fedconsole.sandbox.certificates import Authority
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from tests.deadlines import until

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

_RBAC = "rbac.authorization.k8s.io"
_KINDS = (
    NAMESPACE,
    ResourceType(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
    ResourceType(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    ResourceType(_RBAC, "v1", "Role", "roles", namespaced=True),
    ResourceType(_RBAC, "v1", "RoleBinding", "rolebindings", namespaced=True),
)


@pytest.fixture
def member(sandbox: Fleet) -> Iterator[SandboxCluster]:
    """A cluster that no console holds, before the test and after it."""
    cluster = sandbox[0]
    yield cluster
    for joined in Cluster.objects.all():
        joining.begin_unjoin(joined, delete_workloads=False)
        joining.unjoin(joined.pk)
    loop.run(_admin(cluster).delete(ObjectReference(NAMESPACE, "", "fedconsole-system")))
    until(lambda: not ours(cluster), 60, "Something of ours is left")


def _admin(cluster: SandboxCluster) -> Any:
    return loop.shared_pool().member(kubeconfig.parse(cluster.kubeconfig_text).context().connection)


def ours(cluster: SandboxCluster) -> list[str]:
    """Everything of the console in a cluster."""
    listings = [loop.run(_admin(cluster).list(kind)).items for kind in _KINDS]
    names = [f"{item['kind']} {item['metadata']['name']}" for items in listings for item in items]
    return [name for name in names if "fedconsole" in name]


def enroll(text: str, name: str = "ams", **values: Any) -> Cluster:
    return joining.enroll(name=name, kubeconfig_text=text, context="", labels={}, **values)


def join(cluster: Cluster) -> Cluster:
    joining.join(cluster.pk)
    cluster.refresh_from_db()
    return cluster


def test_joins_with_a_credential_of_its_own_and_leaves_nothing_behind(member: SandboxCluster) -> None:
    cluster = join(enroll(member.kubeconfig_text))
    assert not cluster.steps.exclude(status="done").exists()
    assert cluster.phase == Phase.JOINED
    assert set(cluster.credential) == {"token", "client_certificate", "client_key"}
    assert cluster.credential["token"]
    assert not cluster.credential["client_key"]  # the uploaded one is gone
    assert cluster.credential_expires_at is not None
    assert cluster.credential_expires_at > timezone.now()
    probing.probe([cluster.pk], lambda pks: None)
    cluster.refresh_from_db()
    assert cluster.state.value == "Ready"
    assert (cluster.region, cluster.version) == (member.region, member.version)
    assert "apps/v1/deployments Deployment Namespaced" in cluster.api_resources

    joining.begin_unjoin(cluster, delete_workloads=False)
    assert joining.unjoin(cluster.pk)
    assert not Cluster.objects.exists()
    until(lambda: not ours(member), 60, "Something of ours is left")


def test_can_be_joined_again_right_after_leaving(member: SandboxCluster) -> None:
    cluster = join(enroll(member.kubeconfig_text))
    joining.begin_unjoin(cluster, delete_workloads=False)
    joining.unjoin(cluster.pk)
    assert join(enroll(member.kubeconfig_text)).phase == Phase.JOINED


@pytest.mark.parametrize(
    ("preset", "may", "may_not"),
    [
        ("namespaces", ["default/secrets"], ["kube-system/secrets", "kube-system/pods"]),
        ("deploy", ["default/secrets", "kube-system/pods"], []),
    ],
)
def test_may_do_what_it_was_granted_and_no_more(
    member: SandboxCluster, preset: str, may: list[str], may_not: list[str]
) -> None:
    cluster = join(enroll(member.kubeconfig_text, preset=preset, permitted_namespaces=["default"]))
    own = loop.shared_pool().member(cluster.connection)
    for place in may:
        loop.run(own.request("GET", f"/api/v1/namespaces/{place}"))
    for place in may_not:
        with pytest.raises(errors.Forbidden):
            loop.run(own.request("GET", f"/api/v1/namespaces/{place}"))
    role = {"metadata": {"name": "more"}, "rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}
    with pytest.raises(errors.Forbidden):
        loop.run(own.create(ObjectReference(_KINDS[1], "", "more"), role))
    assert loop.run(access.missing(own, "cluster-admin", []))


def test_the_same_cluster_is_refused_under_another_name(member: SandboxCluster) -> None:
    join(enroll(member.kubeconfig_text))
    double = join(enroll(member.kubeconfig_text, "double"))
    assert (double.phase, double.reason) == (Phase.PENDING, "DuplicateCluster")
    joining.begin_unjoin(double, delete_workloads=False)
    assert joining.unjoin(double.pk)
    assert ours(member)  # what belongs to the other record stays


def test_a_cluster_of_another_console_is_refused(member: SandboxCluster) -> None:
    join(enroll(member.kubeconfig_text))
    Cluster.objects.all().delete()
    Console.objects.all().delete()  # as another console sees it
    cluster = join(enroll(member.kubeconfig_text))
    assert (cluster.phase, cluster.reason) == (Phase.PENDING, "HeldByAnotherConsole")


def test_what_is_missing_is_named_verb_by_verb(member: SandboxCluster) -> None:
    weak = join(enroll(member.kubeconfig_text, preset="namespaces", permitted_namespaces=["default"]))
    token = weak.credential["token"]
    Cluster.objects.all().delete()
    cluster = join(enroll(member.kubeconfig_with_token(token)))
    assert (cluster.phase, cluster.reason) == (Phase.PENDING, "Forbidden")
    assert "create clusterroles.rbac.authorization.k8s.io" in cluster.message
    assert token not in cluster.message


def test_an_expired_credential_is_said(member: SandboxCluster) -> None:
    cluster = join(enroll(member.expired_kubeconfig_text))
    assert (cluster.phase, cluster.reason) == (Phase.PENDING, "Unauthorized")
    assert cluster.steps.get(name="authenticated").hint


Bad = Callable[[], AbstractContextManager[str]]


@pytest.mark.parametrize(
    ("server", "reason", "phase"),
    [
        (
            lambda: nullcontext(impostors.closed_port()),
            "ConnectionRefused",
            Phase.JOINING,
        ),
        (impostors.black_hole, "ConnectTimeout", Phase.JOINING),
        (impostors.plain_http, "NotTLS", Phase.PENDING),
        (lambda: impostors.tls_server(impostors.stranger()), "UnknownAuthority", Phase.PENDING),
        (lambda: nullcontext("https://no-such-host.invalid:6443"), "NameNotResolved", Phase.JOINING),
    ],
)
def test_every_failure_has_its_own_reason(
    member: SandboxCluster, server: Bad, reason: str, phase: Phase
) -> None:
    with server() as url:
        text = member.kubeconfig_text.replace(member.server, url.replace("http://", "https://"))
        cluster = join(enroll(text))
    assert (cluster.reason, cluster.phase) == (reason, phase)
    assert cluster.steps.get(status="failed").message


@pytest.mark.parametrize(
    ("server", "reason"),
    [(impostors.expired, "CertificateExpired"), (impostors.wrong_name, "WrongCertificateName")],
)
def test_certificates_that_are_no_good(server: Callable[[Authority], Any], reason: str) -> None:
    authority = Authority("test")
    with impostors.tls_server(server(authority)) as url:
        cluster = join(enroll(_kubeconfig(url, authority.certificate)))
    assert cluster.reason == reason


def _kubeconfig(url: str, ca: str) -> str:
    return kubeconfigs.kubeconfig("impostor", url, ca, token="a-token")


class Killed(BaseException):
    """What a process that is killed does: nothing any more."""


@contextmanager
def killed_at(statement: int) -> Iterator[None]:
    """The process dies before this statement to the database."""
    left = [statement]

    def execute(run: Any, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return run(*arguments)

    with connection.execute_wrapper(execute):
        yield


def test_a_join_that_is_killed_anywhere_goes_on(member: SandboxCluster) -> None:
    deaths = 0
    for statement in range(0, 400, 2):
        cluster = enroll(member.kubeconfig_text)
        try:
            with killed_at(statement):
                joining.join(cluster.pk)
        except Killed:
            deaths += 1
        cluster.refresh_from_db()
        if cluster.phase == Phase.JOINED:
            break
        assert join(cluster).phase == Phase.JOINED, statement
        assert not cluster.steps.exclude(status="done").exists()
        assert not cluster.credential["client_key"]
        Cluster.objects.all().delete()
    assert deaths > 10


def test_a_token_is_renewed(member: SandboxCluster) -> None:
    cluster = join(enroll(member.kubeconfig_text))
    Cluster.objects.update(credential={"token": "wrong"}, credential_renew_at=timezone.now())
    assert renewing.expiring() == [cluster.pk]
    renewing.renew([cluster.pk])
    assert cluster.steps.get(name="credential").reason == "Unauthorized"  # shown, and tried again soon
    Cluster.objects.update(credential=cluster.credential, credential_renew_at=timezone.now())
    renewing.renew([cluster.pk])
    cluster.refresh_from_db()
    assert cluster.steps.get(name="credential").status == "done"
    assert cluster.credential_renew_at is not None
    assert cluster.credential_renew_at > timezone.now() + access.TOKEN_LIFETIME / 2
    loop.run(loop.shared_pool().member(cluster.connection).list(_KINDS[0]))


def test_an_unreachable_cluster_is_left_later_or_forgotten(
    healthy_sandbox: Fleet, member: SandboxCluster
) -> None:
    cluster = join(enroll(member.kubeconfig_text))
    member.kill_apiserver()
    joining.begin_unjoin(cluster, delete_workloads=False)
    assert not joining.unjoin(cluster.pk)
    cluster.refresh_from_db()
    failed = cluster.steps.get(name="revoked")
    assert (cluster.phase, failed.status, failed.reason) == (Phase.DETACHING, "failed", "ConnectionRefused")
    member.restart_apiserver()
    assert joining.unjoin(cluster.pk)


def test_workloads_are_waited_for(member: SandboxCluster) -> None:
    cluster = join(enroll(member.kubeconfig_text))
    joining.begin_unjoin(cluster, delete_workloads=True)
    assert not joining.unjoin(cluster.pk)
    assert not joining.keeping_workloads().exists()
    assert joining.workloads_removed(cluster.pk)
    assert not joining.workloads_removed(cluster.pk)
    assert joining.unfinished_unjoins() == [cluster.pk]
    assert joining.unjoin(cluster.pk)
