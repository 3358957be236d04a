"""Previews and comparisons on real API servers: what they say happens, and nothing happens by them."""

from typing import Any

import pytest

from propagation import changes, previewing
from propagation.domain.effects import Effect
from propagation.models import ConflictPolicy, FederatedResource
from propagation.previewing import Comparison, Preview
from tests.integration.federation import Federation, template

pytestmark = pytest.mark.integration

EVERYWHERE = ("amsterdam", "boston", "singapore")


def preview(federation: Federation, resource: FederatedResource) -> Preview:
    with federation.stack.database():
        return previewing.preview(resource)


def effects(found: Preview) -> list[tuple[Effect, tuple[str, ...]]]:
    return [(group.forecast.effect, group.clusters) for group in found.groups]


def compare(federation: Federation, resource: FederatedResource, cluster: str) -> Comparison:
    row = federation.row(resource, cluster)
    with federation.stack.database():
        row.resource = FederatedResource.objects.select_related("type").get(pk=resource.pk)
        return previewing.compare(row)


def versions(federation: Federation, namespace: str) -> list[str]:
    """The resourceVersions of the Deployment ``web``, which every write moves."""
    found = [member.deployment("web", namespace) for member in federation.members]
    return [live.metadata.resource_version if live else "" for live in found]


def at_rest(federation: Federation, namespace: str) -> list[str]:
    """The same, once no controller has anything to say any more."""

    def resting() -> bool:
        found = filter(None, (member.deployment("web", namespace) for member in federation.members))
        return all(_is_resting(live) for live in found)

    federation.wait_for(resting, "The Deployments do not come to rest")
    return versions(federation, namespace)


def _is_resting(live: Any) -> bool:
    reasons = {condition.reason for condition in live.status.conditions or []}
    return bool(
        live.status.observed_generation == live.metadata.generation
        and live.status.available_replicas == live.spec.replicas
        and {"NewReplicaSetAvailable", "MinimumReplicasAvailable"} <= reasons
    )


def settled(federation: Federation, namespace: str, **fields: Any) -> FederatedResource:
    """A Deployment that is up everywhere, and whose status is at rest."""
    resource = federation.create("web", namespace, **fields)
    federation.wait_settled(resource)
    return resource


def test_from_the_namespace_to_nothing_left_to_do(federation: Federation) -> None:
    resource = federation.new("web", "previewed")
    first = preview(federation, resource)
    assert effects(first) == [(Effect.CREATE, EVERYWHERE)]
    assert first.groups[0].forecast.namespace == "previewed"
    for member in federation.members:
        assert member.deployment("web", "previewed") is None
        assert "previewed" not in {item.metadata.name for item in member.core.list_namespace().items}
        member.core.create_namespace({"metadata": {"name": "previewed"}})
    second = preview(federation, resource)
    assert effects(second) == [(Effect.CREATE, EVERYWHERE)]
    assert not second.groups[0].forecast.namespace
    assert versions(federation, "previewed") == ["", "", ""]
    federation.create_all([resource])
    federation.wait_settled(resource)
    assert preview(federation, resource).idle


def test_a_change_is_told_once_for_all_and_changes_nothing(federation: Federation) -> None:
    resource = settled(federation, "to-change")
    resource.template = template("web", replicas=2)
    resource.overrides = [
        {"clusterName": "boston", "clusterOverrides": [{"path": "/spec/replicas", "value": 4}]}
    ]
    before = at_rest(federation, "to-change")
    found = preview(federation, resource)
    assert effects(found) == [(Effect.CHANGE, ("amsterdam", "singapore")), (Effect.CHANGE, ("boston",))]
    assert found.groups[0].forecast.diff.fields == ("spec.replicas",)
    assert not found.groups[0].forecast.held
    assert versions(federation, "to-change") == before
    federation.edit(resource, template=resource.template, overrides=resource.overrides)
    federation.wait_for(lambda: all(row.applied_revision == 2 for row in federation.rows(resource)))
    federation.wait_settled(resource)
    assert preview(federation, resource).idle


def test_refusals_are_told_in_the_servers_words(federation: Federation) -> None:
    member = federation["amsterdam"]
    member.core.create_namespace({"metadata": {"name": "refused"}})
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"count/deployments.apps": "0"}}}
    member.core.create_namespaced_resource_quota("refused", quota)

    def enforced() -> bool:
        return bool(member.core.read_namespaced_resource_quota("none", "refused").status.hard)

    federation.wait_for(enforced, "The quota is not enforced")
    federation["boston"].core.create_namespace({"metadata": {"name": "refused"}})
    overrides = [{"clusterName": "boston", "clusterOverrides": [{"path": "/spec/replicas", "value": -1}]}]
    placement = {"clusters": [{"name": "amsterdam"}, {"name": "boston"}]}
    found = preview(federation, federation.new("web", "refused", overrides=overrides, placement=placement))
    messages = {group.clusters: group.forecast.message for group in found.groups}
    assert {group.forecast.effect for group in found.groups} == {Effect.REFUSED}
    assert "exceeded quota: none" in messages["amsterdam",]
    assert "must be greater than or equal to 0" in messages["boston",]
    assert versions(federation, "refused") == ["", "", ""]


def test_a_dead_cluster_is_told_beside_the_others(federation: Federation) -> None:
    federation["boston"].cluster.kill_apiserver()
    found = preview(federation, federation.new("web", "without-boston"))
    assert effects(found) == [
        (Effect.UNREACHABLE, ("boston",)),
        (Effect.CREATE, ("amsterdam", "singapore")),
    ]


def test_overwriting_shows_what_it_takes_out(federation: Federation) -> None:
    member = federation["singapore"]
    member.core.create_namespace({"metadata": {"name": "overwritten"}})
    theirs = template("web", image="nginx:1.26")
    pod = theirs["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 5
    pod["containers"][0]["env"] = [{"name": "MODE", "value": "slow"}]
    pod["containers"].append({"name": "sidecar", "image": "nginx:1.26"})
    body = {"metadata": {"name": "web", "annotations": {"theirs": "1"}}, **theirs}
    member.apps.create_namespaced_deployment("overwritten", body, field_manager="by-hand")
    before = at_rest(federation, "overwritten")
    placement = {"clusters": [{"name": "singapore"}]}
    resource = federation.new("web", "overwritten", placement=placement, conflict_policy="overwrite")
    (group,) = preview(federation, resource).groups
    containers = "spec.template.spec.containers"
    assert set(group.forecast.diff.fields) == {
        "metadata.annotations.theirs",
        "metadata.labels",
        f"{containers}[main].env",
        f"{containers}[main].image",
        f"{containers}[sidecar]",
        "spec.template.spec.terminationGracePeriodSeconds",
    }
    assert versions(federation, "overwritten") == before
    federation.create_all([resource])
    federation.wait_settled(resource, clusters=1)
    live = member.deployment("web", "overwritten")
    assert [one.name for one in live.spec.template.spec.containers] == ["main"]
    assert live.spec.template.spec.termination_grace_period_seconds == 30
    assert "theirs" not in live.metadata.annotations


def test_what_belongs_to_somebody_else(federation: Federation) -> None:
    member = federation["singapore"]
    member.core.create_namespace({"metadata": {"name": "theirs"}})
    body = {"metadata": {"name": "web"}, **template("web", image="nginx:1.26", replicas=2)}
    member.apps.create_namespaced_deployment("theirs", body, field_manager="by-hand")
    before = at_rest(federation, "theirs")
    placement = {"clusters": [{"name": "singapore"}]}
    refusing = federation.new("web", "theirs", placement=placement, conflict_policy=ConflictPolicy.REFUSE)
    (group,) = preview(federation, refusing).groups
    assert group.forecast.effect is Effect.CONFLICT
    assert [held.manager for held in group.forecast.held] == ["by-hand"]
    assert ".spec.replicas" in group.forecast.held[0].fields
    (group,) = preview(federation, federation.new("web", "theirs", placement=placement)).groups
    assert group.forecast.effect is Effect.CHANGE
    assert group.forecast.held[0].manager == "by-hand"
    assert set(group.forecast.diff.fields) == {
        "metadata.labels",
        "spec.replicas",
        "spec.template.spec.containers[main].image",
    }
    assert versions(federation, "theirs") == before


def test_removal(federation: Federation) -> None:
    resource = settled(federation, "to-remove")
    before = at_rest(federation, "to-remove")
    resource.placement = {"clusters": [{"name": "boston"}]}
    assert effects(preview(federation, resource)) == [
        (Effect.REMOVE, ("amsterdam", "singapore")),
        (Effect.NOTHING, ("boston",)),
    ]
    assert versions(federation, "to-remove") == before


def test_drift_is_compared_and_repaired_on_request(federation: Federation) -> None:
    resource = settled(federation, "drifts-on", suspend_repair=True)
    member = federation["amsterdam"]
    member.apps.patch_namespaced_deployment(
        "web", "drifts-on", {"spec": {"replicas": 4}}, field_manager="by-hand"
    )
    federation.wait_for(lambda: federation.row(resource, "amsterdam").drifted)
    before = at_rest(federation, "drifts-on")
    found = compare(federation, resource, "amsterdam")
    assert found.forecast.effect is Effect.CHANGE
    assert [(field, [one.manager for one in owners]) for field, owners in found.owners] == [
        ("spec.replicas", ["by-hand"])
    ]
    assert compare(federation, resource, "boston").forecast.effect is Effect.NOTHING
    assert versions(federation, "drifts-on") == before
    with federation.stack.database():
        changes.repair(resource.propagations.get(cluster__name="amsterdam"), None)
    federation.wait_for(lambda: member.deployment("web", "drifts-on").spec.replicas == 1)
