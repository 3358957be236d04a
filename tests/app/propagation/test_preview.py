"""What a change would do: what members answer, as one word per cluster, and nothing is written."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from clusters.domain.labels import MANAGED
from propagation import previewing
from propagation.domain.effects import Effect, Forecast, Held
from propagation.models import ConflictPolicy, FederatedResource, FederatedType, Propagation
from tests import factories_propagation as factories
from tests.app.clusters import members as silent_members
from tests.app.propagation import members
from tests.app.propagation.test_views_editing import filled, rows

pytestmark = pytest.mark.django_db

PATH = "/apis/apps/v1/namespaces/default/deployments/web"


@pytest.fixture
def member() -> Iterator[members.Stub]:
    with members.stub() as made:
        factories.cluster("eu-1", server=made.url)
        yield made
    assert all(query.get("dryRun") == ["All"] for method, query in member_writes(made)), made.asked


def member_writes(stub: members.Stub) -> list[tuple[str, dict[str, list[str]]]]:
    return [one for one in stub.asked if one[0] != "GET"]


def live(**changes: Any) -> dict[str, Any]:
    """The object as a member holds it after we applied it."""
    metadata = {"name": "web", "namespace": "default", "labels": {MANAGED: "true"}, "uid": "1"}
    template = factories.template("web")
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, **template, **changes}


def new(**values: Any) -> FederatedResource:
    """One that is not stored."""
    defaults: dict[str, Any] = {
        "type": factories.deployment_type(),
        "namespace": "default",
        "name": "web",
        "template": factories.template("web"),
        "placement": {"clusterSelector": {}},
    }
    return FederatedResource(**{**defaults, **values})


def placed(**values: Any) -> FederatedResource:
    """One that is stored, and was applied in eu-1."""
    resource = factories.workload("web")
    row = {"applied_hash": "b" * 64, **values}
    factories.propagation(resource, previewing.Cluster.objects.get(name="eu-1"), **row)
    return resource


def forecast(resource: FederatedResource) -> Forecast:
    """Of the one cluster."""
    preview = previewing.preview(resource)
    (group,) = preview.groups
    assert group.clusters == ("eu-1",)
    return group.forecast


def test_what_is_not_there_will_be_created(member: members.Stub) -> None:
    found = forecast(new())
    assert found.effect is Effect.CREATE
    assert "nginx:1.25.3" in "\n".join(line.text for line in found.diff.lines)
    assert not found.namespace
    assert not FederatedResource.objects.exists()
    assert not Propagation.objects.exists()


def test_a_missing_namespace_will_be_created_too(member: members.Stub) -> None:
    answer = members.status("NotFound", 'namespaces "default" not found', kind="namespaces")
    member.answers["PATCH"] = [(404, answer)]
    found = forecast(new())
    assert (found.effect, found.namespace) == (Effect.CREATE, "default")
    assert found.diff


def test_what_differs_will_change(member: members.Stub) -> None:
    member.there[PATH] = live()
    resource = placed()
    resource.template = factories.template("web", replicas=5)
    found = forecast(resource)
    assert found.effect is Effect.CHANGE
    assert found.diff.fields == ("spec.replicas",)
    assert not found.held


def test_what_is_as_desired_needs_nothing(member: members.Stub) -> None:
    member.there[PATH] = live()
    assert forecast(placed()) == Forecast(Effect.NOTHING)


def test_fields_of_others_that_are_taken_over_are_named(member: members.Stub) -> None:
    member.there[PATH] = live()
    member.answers["PATCH"] = [members.conflict("kubectl-scale", ".spec.replicas")]
    resource = placed()
    resource.template = factories.template("web", replicas=5)
    found = forecast(resource)
    assert found.effect is Effect.CHANGE
    assert found.held == (Held("kubectl-scale", (".spec.replicas",)),)
    assert [query["force"] for _method, query in member_writes(member)] == [["false"], ["true"]]


def test_what_belongs_to_others_is_a_conflict_where_that_is_refused(member: members.Stub) -> None:
    member.there[PATH] = live(metadata={"name": "web", "namespace": "default"})
    member.answers["PATCH"] = [members.conflict("helm", ".spec.replicas", ".metadata.labels")]
    found = forecast(new(conflict_policy=ConflictPolicy.REFUSE))
    assert found.effect is Effect.CONFLICT
    assert "refuse" in found.message
    assert found.held == (Held("helm", (".metadata.labels", ".spec.replicas")),)


def test_a_refusal_is_told_in_the_servers_words(member: members.Stub) -> None:
    words = 'admission webhook "policy.example" denied the request: no latest tags'
    member.answers["PATCH"] = [(403, members.status("Forbidden", words))]
    assert forecast(new()) == Forecast(Effect.REFUSED, words)


def test_what_the_label_forbids_is_blocked(member: members.Stub) -> None:
    there = {"name": "web", "namespace": "default", "labels": {MANAGED: "false"}}
    member.there[PATH] = live(metadata=there)
    found = forecast(new())
    assert found.effect is Effect.BLOCKED
    assert MANAGED in found.message


def test_an_override_that_fails_is_refused(member: members.Stub) -> None:
    overrides = [{"clusterName": "eu-1", "clusterOverrides": [{"path": "/spec/nothing/here", "value": 1}]}]
    assert forecast(new(overrides=overrides)).effect is Effect.REFUSED
    assert not member_writes(member)


@pytest.mark.parametrize(("orphan", "effect"), [(False, Effect.REMOVE), (True, Effect.RELEASE)])
def test_deletion(member: members.Stub, orphan: bool, effect: Effect) -> None:
    member.there[PATH] = live()
    resource = placed()
    resource.deletion_requested_at, resource.orphan = timezone.now(), orphan
    assert forecast(resource).effect is effect
    assert not member_writes(member)


def test_deletion_of_what_is_not_there_needs_nothing(member: members.Stub) -> None:
    resource = placed()
    resource.deletion_requested_at = timezone.now()
    assert forecast(resource).effect is Effect.NOTHING


def test_a_smaller_placement_removes(member: members.Stub) -> None:
    member.there[PATH] = live()
    resource = placed()
    resource.placement = {"clusters": []}
    assert forecast(resource).effect is Effect.REMOVE
    assert Propagation.objects.get().selected


def test_clusters_that_are_away_are_not_asked(member: members.Stub) -> None:
    previewing.Cluster.objects.update(ready="False", offline="True", reason="ConnectTimeout")
    assert forecast(new()).effect is Effect.UNREACHABLE
    assert not member.asked


def test_a_silent_cluster_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "TIMEOUT", 0.3)
    with silent_members.silent() as url:
        factories.cluster("eu-1", server=url)
        assert forecast(new()).effect is Effect.UNREACHABLE


def test_a_closed_port_is_unreachable() -> None:
    factories.cluster("eu-1", server="http://127.0.0.1:1")
    assert forecast(new()).effect is Effect.UNREACHABLE


def test_the_same_change_is_told_once(member: members.Stub) -> None:
    for name in ("eu-2", "us-1"):
        factories.cluster(name, server=member.url)
    factories.unreachable_cluster("down")
    overrides = [{"clusterName": "us-1", "clusterOverrides": [{"path": "/spec/replicas", "value": 9}]}]
    preview = previewing.preview(new(overrides=overrides))
    assert [(one.forecast.effect, one.clusters) for one in preview.groups] == [
        (Effect.UNREACHABLE, ("down",)),
        (Effect.CREATE, ("eu-1", "eu-2")),
        (Effect.CREATE, ("us-1",)),
    ]
    assert preview.counts == [(Effect.UNREACHABLE, 1), (Effect.CREATE, 3)]
    assert preview.clusters == 4
    assert not preview.idle


def test_only_so_many_clusters_are_asked(member: members.Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "MOST", 3)
    for number in range(3):
        factories.cluster(f"us-{number}", server=member.url)
    first, second = new(), new(name="other")
    one, other = previewing.preview_all([first, second])
    assert (one.clusters, one.left_out) == (3, 1)
    assert (other.clusters, other.left_out) == (0, 4)


def test_no_secret_is_told(member: members.Stub) -> None:
    secret = FederatedType.objects.get(name="secrets")
    path = "/api/v1/namespaces/default/secrets/web"
    metadata = {"name": "web", "namespace": "default", "labels": {MANAGED: "true"}}
    member.there[path] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "data": {"pin": "b2xkLXBpbg=="},
    }
    resource = new(template={"data": {"pin": "bmV3LXBpbg=="}})
    resource.type = secret
    found = forecast(resource)
    assert (found.effect, found.diff.fields) == (Effect.CHANGE, ("data.pin",))
    assert "b2xkLXBpbg" not in str(found)
    assert "bmV3LXBpbg" not in str(found)
    member.answers["PATCH"] = [(422, members.status("Invalid", "bad value bmV3LXBpbg== (new-pin)"))]
    assert forecast(resource).message == "bad value (hidden) ((hidden))"


def naming(config: str) -> dict[str, Any]:
    """A template that needs a ConfigMap."""
    template = factories.template("web")
    template["spec"]["template"]["spec"]["volumes"] = [{"name": "config", "configMap": {"name": config}}]
    return template


def config_map(name: str) -> FederatedResource:
    """One that goes nowhere by itself."""
    made = new(name=name, placement={}, template={"data": {"a": "b"}})
    made.type = FederatedType.objects.get(name="configmaps")
    return made


def test_what_a_workload_needs_moves_along(member: members.Stub) -> None:
    config_map("settings").save()
    web, settings = previewing.preview_all([new(template=naming("settings"))])
    assert (web.follows, settings.follows) == (False, True)
    assert settings.resource.name == "settings"
    assert settings.counts == web.counts == [(Effect.CREATE, 1)]
    (alone,) = previewing.preview_all([new()])
    assert not alone.follows


def test_what_a_workload_needs_no_more_moves_along(member: members.Stub) -> None:
    settings = config_map("settings")
    settings.save()
    cluster = previewing.Cluster.objects.get()
    factories.propagation(settings, cluster)
    path = "/api/v1/namespaces/default/configmaps/settings"
    member.there[path] = {"metadata": {"name": "settings", "labels": {MANAGED: "true"}, "uid": "1"}}
    web = factories.workload("web", template=naming("settings"), dependencies=["configmaps/settings"])
    factories.propagation(web, cluster)
    web.template = factories.template("web")
    _web, moved = previewing.preview_all([web])
    assert (moved.resource, moved.counts) == (settings, [(Effect.REMOVE, 1)])


def test_what_lives_in_a_namespace_moves_along(member: members.Stub) -> None:
    member.there[PATH] = live()
    web = placed()
    namespace = new(name="default", namespace="", placement={"clusters": []}, template={})
    namespace.type = FederatedType.objects.get(name="namespaces")
    _namespace, moved = previewing.preview_all([namespace])
    assert (moved.resource, moved.follows, moved.counts) == (web, True, [(Effect.REMOVE, 1)])
    namespace.placement = {"clusters": [{"name": "eu-1"}]}
    assert len(previewing.preview_all([namespace])) == 1, "what stays where it is does not move"


def test_what_is_stored_together_is_placed_together(member: members.Stub) -> None:
    """Nothing goes where its namespace does not, and what a workload needs goes with it."""
    factories.cluster("us-1", server=member.url)
    namespace = new(name="default", placement={"clusters": [{"name": "eu-1"}]}, template={})
    namespace.type = FederatedType.objects.get(name="namespaces")
    needed = config_map("settings")
    together = [needed, new(template=naming("settings")), namespace]
    for preview in previewing.preview_all(together):
        assert [(one.forecast.effect, one.clusters) for one in preview.groups] == [
            (Effect.CREATE, ("eu-1",))
        ], preview.resource
    assert [one.pk for one in together] == [None] * 3
    assert together[1].dependencies == []


def test_a_namespace_with_what_is_not_ours_stays_unless_somebody_said_so(member: members.Stub) -> None:
    resource = new(name="demo", namespace="", template={})
    resource.type = FederatedType.objects.get(name="namespaces")
    resource.save()
    factories.propagation(resource, previewing.Cluster.objects.get())
    labels = {MANAGED: "true"}
    listed = {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["list"]}
    member.there = {
        "/api/v1/namespaces/demo": {"kind": "Namespace", "metadata": {"name": "demo", "labels": labels}},
        "/api": {"versions": ["v1"]},
        "/apis": {"groups": []},
        "/api/v1": {"resources": [listed]},
        "/api/v1/namespaces/demo/configmaps": {"items": [{"metadata": {"name": "theirs"}}]},
    }
    resource.deletion_requested_at = timezone.now()
    found = forecast(resource)
    assert found.effect is Effect.BLOCKED
    assert "ConfigMap theirs" in found.message
    resource.delete_contents = True
    assert forecast(resource).effect is Effect.REMOVE


def test_what_is_not_ours_is_found_behind_all_that_is(member: members.Stub) -> None:
    resource = new(name="demo", namespace="", template={})
    resource.type = FederatedType.objects.get(name="namespaces")
    resource.save()
    factories.propagation(resource, previewing.Cluster.objects.get())
    labels = {MANAGED: "true"}
    listed = {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["list"]}
    configmaps = "/api/v1/namespaces/demo/configmaps"
    ours = [{"metadata": {"name": f"ours-{number}", "labels": labels}} for number in range(20)]
    member.there = {
        "/api/v1/namespaces/demo": {"kind": "Namespace", "metadata": {"name": "demo", "labels": labels}},
        "/api": {"versions": ["v1"]},
        "/apis": {"groups": []},
        "/api/v1": {"resources": [listed]},
        configmaps: {"metadata": {"continue": "two"}, "items": ours},
        f"{configmaps}?continue=two": {"metadata": {"continue": "three"}, "items": ours},
        f"{configmaps}?continue=three": {"metadata": {}, "items": [{"metadata": {"name": "theirs"}}]},
    }
    resource.deletion_requested_at = timezone.now()
    found = forecast(resource)
    assert found.effect is Effect.BLOCKED
    assert "ConfigMap theirs" in found.message


def test_queries_do_not_grow_with_clusters(member: members.Stub, django_assert_max_num_queries: Any) -> None:
    resource = placed()
    for number in range(12):
        factories.cluster(f"us-{number}", server=member.url)
    with django_assert_max_num_queries(9):
        assert previewing.preview(resource).clusters == 13


def test_who_has_been_away_for_long_keeps_its_row(member: members.Stub) -> None:
    """A preview writes nothing, whatever scheduling would make of it."""
    row = placed().propagations.get()
    before = Propagation.objects.filter(pk=row.pk).values().get()
    previewing.Cluster.objects.update(last_probe_time=timezone.now() - timedelta(hours=1))
    previewing.preview(row.resource)
    assert Propagation.objects.filter(pk=row.pk).values().get() == before


# Pages


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


def typed(**changes: Any) -> dict[str, str]:
    """A form for a Deployment, as a browser sends it."""
    awkward = rows("variables", {"name": "MODE", "value": ' "fast" & <b> '})
    return filled(**{"namespace": "default", "note": "Because", **awkward, **changes})


def hidden(page: HttpResponse) -> dict[str, str]:
    """What the preview's form carries."""
    form = page.content.decode().partition('<form method="post" action="/workloads/')[2]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_a_new_workload_is_shown_then_created_by_what_the_page_carries(
    editor: Client, member: members.Stub
) -> None:
    page = editor.post("/workloads/new/preview/", typed())
    assert page.status_code == 200
    assert "Will be created" in page.content.decode()
    assert "image: nginx:1.25.3" in page.content.decode()
    assert not FederatedResource.objects.exists()
    fields = hidden(page)
    assert fields == {name: value for name, value in typed().items() if name != "action"}
    back = editor.post("/workloads/new/", {**fields, "action": "preview"}).content.decode()
    assert "&quot;fast&quot; &amp; &lt;b&gt;" in back
    assert 'value="Because"' in back
    assert editor.post("/workloads/new/", {**fields, "action": "save"}).status_code == 302
    assert FederatedResource.objects.get().template["spec"]["replicas"] == 3


def test_htmx_gets_the_page_in_the_place_of_the_page(editor: Client, member: members.Stub) -> None:
    page = editor.post("/workloads/new/preview/", typed(), headers={"HX-Request": "true"})
    assert page["HX-Retarget"] == page["HX-Reselect"] == "#content"
    assert 'id="content"' in page.content.decode()


@pytest.mark.parametrize("changes", [{"image": "two words"}, {"name": ""}])
def test_what_cannot_be_saved_is_not_previewed(editor: Client, changes: dict[str, str]) -> None:
    page = editor.post("/workloads/new/preview/", typed(**changes))
    assert page.status_code == 422
    assert 'value="Because"' in page.content.decode()


def test_a_taken_name_is_told_before(editor: Client) -> None:
    factories.workload("web")
    page = editor.post("/workloads/new/preview/", typed())
    assert page.status_code == 422
    assert "There is a Deployment of this name" in page.content.decode()


def test_an_edit_is_shown_and_a_stale_one_is_not(editor: Client, member: members.Stub) -> None:
    member.there[PATH] = live()
    resource = placed()
    url = f"/workloads/{resource.pk}/edit/preview/"
    page = editor.post(url, typed(generation="1")).content.decode()
    assert "Will change" in page
    assert "<del>-   replicas: 2\n</del><ins>+   replicas: 3\n</ins>" in page
    assert "spec.replicas" in page
    FederatedResource.objects.update(generation=2)
    stale = editor.post(url, typed(generation="1"))
    assert stale.status_code == 409
    assert "Somebody else changed this" in stale.content.decode()


DOCUMENTS = """\
apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata: {name: web, namespace: default}
spec:
  template:
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: nginx}]}
  placement: {clusterSelector: {}}
"""


def test_documents_are_shown_and_confirmed(editor: Client, member: members.Stub) -> None:
    resource = factories.workload("web")
    page = editor.post("/workloads/yaml/preview/", {"text": DOCUMENTS, "note": "Because"})
    assert "Will be created" in page.content.decode()
    fields = hidden(page)
    assert fields["text"] == DOCUMENTS
    assert editor.post("/workloads/yaml/", {**fields, "action": "save"}).status_code == 302
    resource.refresh_from_db()
    assert resource.generation == 2
    again = editor.post("/workloads/yaml/preview/", {"text": DOCUMENTS})
    assert "Nothing to store" in again.content.decode()


def test_documents_with_errors_go_back(editor: Client) -> None:
    page = editor.post("/workloads/yaml/preview/", {"text": DOCUMENTS.replace("kind: F", "kind: X")})
    assert page.status_code == 422
    assert "line 2" in page.content.decode()


def test_scaling_is_shown(editor: Client, member: members.Stub) -> None:
    member.there[PATH] = live()
    resource = placed()
    url = f"/workloads/{resource.pk}/scale/"
    page = editor.post(f"{url}preview/", {"replicas": "7", "generation": "1"})
    assert "replicas: 7" in page.content.decode()
    assert hidden(page) == {"replicas": "7", "generation": "1"}
    back = editor.post(url, {**hidden(page), "action": "back"})
    assert 'value="7"' in back.content.decode()
    assert editor.post(f"{url}preview/", {"replicas": "-1", "generation": "1"}).status_code == 422
    assert editor.post(f"{url}preview/", {"replicas": "7", "generation": "9"}).status_code == 409
    assert FederatedResource.objects.get().generation == 1


def test_deleting_is_shown(editor: Client, member: members.Stub) -> None:
    member.there[PATH] = live()
    resource = placed()
    url = f"/workloads/{resource.pk}/delete/"
    assert "Will be removed" in editor.get(f"{url}preview/").content.decode()
    page = editor.post(f"{url}preview/", {"fate": "keep", "confirmation": "we"})
    assert "Will stay there, unmanaged" in page.content.decode()
    back = editor.post(url, {**hidden(page), "action": "back"})
    assert 'value="we"' in back.content.decode()
    assert FederatedResource.objects.get().deletion_requested_at is None


def test_who_was_not_asked_is_not_said_to_be_nowhere(
    editor: Client, member: members.Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previewing, "MOST", 0)
    page = editor.post("/workloads/new/preview/", typed()).content.decode()
    assert "1 more cluster was not asked" in page
    assert "In no cluster" not in page


def test_what_goes_with_a_namespace_is_shown(editor: Client, member: members.Stub) -> None:
    member.there = {
        PATH: live(),
        "/api/v1/namespaces/default": {"metadata": {"name": "default", "labels": {MANAGED: "true"}}},
    }
    placed()
    namespace = new(name="default", namespace="", template={})
    namespace.type = FederatedType.objects.get(name="namespaces")
    namespace.save()
    factories.propagation(namespace, previewing.Cluster.objects.get())
    url = f"/workloads/{namespace.pk}/delete/preview/"
    whole = editor.post(url, {"fate": "delete", "delete_contents": "on"})
    assert [one.counts for one in whole.context["previews"]] == [[(Effect.REMOVE, 1)]] * 2
    (kept,) = editor.post(url, {"fate": "keep", "delete_contents": "on"}).context["previews"]
    assert kept.counts == [(Effect.RELEASE, 1)]


PREVIEWS = ["new", "yaml", "{pk}/edit", "{pk}/scale", "{pk}/delete"]


@pytest.mark.parametrize("path", PREVIEWS)
def test_who_may_not_do_it_may_not_preview_it(client: Client, path: str) -> None:
    resource = factories.workload("web")
    url = f"/workloads/{path.format(pk=resource.pk)}/preview/"
    client.force_login(factories.user(*factories.VIEW))
    assert client.post(url, typed()).status_code == 403
    client.force_login(factories.user())
    assert client.post(url, typed()).status_code == 403


@pytest.mark.parametrize("path", PREVIEWS[2:])
def test_previews_of_what_is_not_there(editor: Client, path: str) -> None:
    url = f"/workloads/{path.format(pk=99_999)}/preview/"
    assert editor.post(url, typed()).status_code == 404
    assert editor.put(url).status_code == 405 or path == "{pk}/edit"


@pytest.mark.parametrize("path", PREVIEWS)
def test_previews_take_any_nonsense(editor: Client, path: str) -> None:
    resource = factories.workload("web")
    url = f"/workloads/{path.format(pk=resource.pk)}/preview/"
    assert editor.post(url, {}).status_code in (200, 422)
    assert editor.get(url).status_code == 200
