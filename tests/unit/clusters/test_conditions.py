"""When a cluster goes down, when it comes back, and what people are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import conditions
from clusters.domain.conditions import ClusterState, Health, Probe, Reason, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Probe(True, True, Reason.CLUSTER_READY)
ILL = Probe(True, False, Reason.CLUSTER_NOT_READY, "etcd failed")
SILENT = Probe(False, False, Reason.CONNECTION_REFUSED, "refused")


def after(*probes: Probe, start: Health | None = None) -> Health:
    health = start or Health()
    for number, probe in enumerate(probes, start=1):
        health = conditions.advance(health, probe, NOW + timedelta(seconds=number))
    return health


def test_the_first_report_counts_at_once() -> None:
    assert after(GOOD).ready == Status.TRUE
    assert after(SILENT).offline == Status.TRUE


def test_three_failures_in_a_row_bring_it_down() -> None:
    assert after(GOOD, SILENT, SILENT).ready == Status.TRUE
    down = after(GOOD, SILENT, SILENT, SILENT)
    assert (down.ready, down.offline, down.reason) == (Status.FALSE, Status.TRUE, Reason.CONNECTION_REFUSED)
    assert after(GOOD, SILENT, SILENT, GOOD, SILENT, SILENT).ready == Status.TRUE


def test_two_good_reports_in_a_row_bring_it_back() -> None:
    down = after(GOOD, SILENT, SILENT, SILENT)
    assert after(GOOD, start=down).ready == Status.FALSE
    assert after(GOOD, SILENT, GOOD, start=down).ready == Status.FALSE
    assert after(GOOD, GOOD, start=down).ready == Status.TRUE


def test_a_cluster_that_answers_but_is_ill_is_not_offline() -> None:
    ill = after(GOOD, ILL, ILL, ILL)
    assert (ill.ready, ill.offline, ill.message) == (Status.FALSE, Status.FALSE, "etcd failed")


@given(st.lists(st.sampled_from([GOOD, ILL, SILENT]), max_size=20))
def test_the_transition_time_moves_when_readiness_flips_and_only_then(probes: list[Probe]) -> None:
    health = Health()
    for number, probe in enumerate(probes, start=1):
        moment = NOW + timedelta(seconds=number)
        before, health = health, conditions.advance(health, probe, moment)
        assert health.last_probe_time == moment
        flipped = health.ready != before.ready
        assert (health.last_transition_time == moment) is flipped


WELL: dict[str, Any] = {
    "phase": "Joined",
    "cordoned": False,
    "ready": Status.TRUE,
    "offline": Status.FALSE,
    "reason": Reason.CLUSTER_READY,
    "nodes_ready": 3,
    "nodes_total": 3,
    "last_probe_time": NOW,
    "now": NOW,
}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, ClusterState.READY),
        ({"phase": "Pending"}, ClusterState.PENDING),
        ({"phase": "Joining"}, ClusterState.JOINING),
        ({"phase": "Detaching"}, ClusterState.DETACHING),
        ({"phase": "DetachFailed"}, ClusterState.DETACH_FAILED),
        ({"last_probe_time": None}, ClusterState.PENDING),
        ({"now": NOW + timedelta(minutes=1)}, ClusterState.STALE),
        ({"cordoned": True}, ClusterState.MAINTENANCE),
        ({"nodes_ready": 2}, ClusterState.DEGRADED),
        ({"nodes_ready": None, "nodes_total": None}, ClusterState.READY),
        ({"ready": Status.FALSE, "reason": Reason.CLUSTER_NOT_READY}, ClusterState.NOT_READY),
        (
            {"ready": Status.FALSE, "offline": Status.TRUE, "reason": "ConnectTimeout"},
            ClusterState.UNREACHABLE,
        ),
        ({"ready": Status.FALSE, "reason": Reason.UNAUTHORIZED}, ClusterState.AUTH_FAILED),
        ({"ready": Status.UNKNOWN}, ClusterState.PENDING),
    ],
)
def test_states(changes: dict[str, Any], state: ClusterState) -> None:
    assert conditions.state(**{**WELL, **changes}) == state


def test_every_state_can_be_shown() -> None:
    assert all(state.label and state.tone and state.icon for state in ClusterState)
    assert [state for state in ClusterState if state.tone == "ok"] == [ClusterState.READY]


def test_health_is_a_value() -> None:
    assert replace(Health(), failures=0) == Health()
