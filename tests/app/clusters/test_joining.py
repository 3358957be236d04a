"""Joining and leaving, as far as no cluster is needed: what is stored, resumed, waited for and forgotten."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clusters import checklist, joining, renewing
from clusters.domain.kubeconfig import KubeconfigError
from clusters.models import Cluster, JoinStep, Phase
from tests import factories

pytestmark = pytest.mark.django_db


def enroll(**values: object) -> Cluster:
    defaults = {
        "name": "ams",
        "kubeconfig_text": factories.kubeconfig(),
        "context": "",
        "labels": {"env": "prod"},
    }
    return joining.enroll(**{**defaults, **values})  # type: ignore[arg-type]


def test_a_credential_appears_in_no_text() -> None:
    cluster = enroll()
    assert cluster.connection.credential.token == "tok-secret-1"
    for shown in (repr(cluster), repr(cluster.connection), repr(cluster.connection.credential)):
        assert "tok-secret-1" not in shown


def test_lays_out_the_whole_checklist() -> None:
    steps = enroll().steps.values_list("name", "status")
    assert list(steps) == [(step, "waiting") for step in checklist.STEPS["join"]]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": "Not A Label"}, ValidationError),
        ({"labels": {"-": "x"}}, ValidationError),
        ({"permitted_namespaces": ["Not A Label"]}, ValidationError),
        ({"preset": "everything"}, ValidationError),
        ({"kubeconfig_text": "nonsense"}, KubeconfigError),
        ({"context": "nobody"}, KubeconfigError),
        ({"context": "program"}, joining.Refused),
        ({"kubeconfig_text": factories.kubeconfig(insecure=True)}, joining.Refused),
    ],
)
def test_refuses_what_cannot_be_joined(values: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        enroll(**values)
    assert "tok-secret-1" not in str(raised.value)
    assert not Cluster.objects.exists()


def test_a_name_is_taken_once() -> None:
    enroll()
    with pytest.raises(ValidationError, match="already exists"):
        enroll()


def test_a_member_that_does_not_answer_is_tried_again_by_itself() -> None:
    cluster = enroll()
    assert not joining.join(cluster.pk)
    cluster.refresh_from_db()
    assert (cluster.phase, cluster.reason) == (Phase.JOINING, "ConnectionRefused")
    assert cluster.steps.get(status="failed").hint
    assert joining.unfinished_joins() == []
    pause = joining.RETRY_AFTER + timedelta(seconds=1)
    JoinStep.objects.update(started_at=timezone.now() - pause, finished_at=timezone.now() - pause)
    Cluster.objects.update(created_at=timezone.now() - pause)
    assert joining.unfinished_joins() == [cluster.pk]


def test_a_join_that_nobody_picked_up_is_found() -> None:
    cluster = factories.new_cluster(created_at=timezone.now() - timedelta(minutes=1))
    factories.new_cluster()  # just imported
    factories.new_cluster(
        reason="Forbidden", created_at=timezone.now() - timedelta(minutes=1)
    )  # waits for somebody
    factories.cluster(created_at=timezone.now() - timedelta(minutes=1))
    assert joining.unfinished_joins() == [cluster.pk]


def test_joining_what_is_not_there_or_joined_does_nothing() -> None:
    assert not joining.join(12345)
    member = factories.cluster()
    assert not joining.join(member.pk)
    assert not joining.unjoin(12345)
    assert not joining.unjoin(member.pk)


def test_keeping_workloads_goes_on_at_once_deleting_them_waits() -> None:
    keep, delete = factories.cluster("keep"), factories.cluster("delete")
    joining.begin_unjoin(keep, delete_workloads=False)
    joining.begin_unjoin(delete, delete_workloads=True)
    assert set(joining.keeping_workloads()) == {keep}
    assert joining.unfinished_unjoins() == [keep.pk]
    assert not joining.workloads_removed(keep.pk)
    assert joining.workloads_removed(delete.pk)
    assert joining.unfinished_unjoins() == [keep.pk, delete.pk]


def test_one_can_change_ones_mind_and_keep_the_workloads() -> None:
    cluster = factories.cluster()
    joining.begin_unjoin(cluster, delete_workloads=True)
    joining.begin_unjoin(cluster, delete_workloads=False)
    assert joining.keeping_workloads().exists()


def test_what_was_never_given_access_is_not_asked() -> None:
    cluster = factories.new_cluster(server="https://127.0.0.1:1")
    joining.begin_unjoin(cluster, delete_workloads=False)
    assert joining.unjoin(cluster.pk)
    assert not Cluster.objects.exists()


def test_forgetting_asks_nobody() -> None:
    joining.forget(factories.cluster(server="https://127.0.0.1:1"))
    assert not Cluster.objects.exists()


def test_an_unreachable_member_stays_until_it_answers_or_is_forgotten() -> None:
    cluster = factories.cluster(server="https://127.0.0.1:1", uid="a-uid")
    joining.begin_unjoin(cluster, delete_workloads=False)
    assert not joining.unjoin(cluster.pk)
    step = cluster.steps.get(name="revoked")
    assert (step.status, step.reason) == ("failed", "ConnectionRefused")
    assert "forgotten" in step.hint


def test_a_renewal_that_fails_is_shown_and_tried_again() -> None:
    cluster = factories.cluster(server="https://127.0.0.1:1", credential_renew_at=timezone.now())
    checklist.lay_out(cluster.pk, "join")
    assert renewing.expiring() == [cluster.pk]
    renewing.renew([cluster.pk])
    assert renewing.expiring() == []
    step = cluster.steps.get(name="credential")
    assert (step.status, step.reason) == ("failed", "ConnectionRefused")
    cluster.refresh_from_db()
    assert cluster.credential == {"token": "a-token-of-our-own"}
