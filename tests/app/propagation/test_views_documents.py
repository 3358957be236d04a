"""Paste KubeFed documents and take them away: line and column, confirmation, and a lossless round trip."""

from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from propagation.models import Activity, FederatedResource
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

YAML = "/workloads/yaml/"

GUIDE = """
apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata:
  name: nginx-federated
  namespace: default
spec:
  template:
    spec:
      replicas: 2
      selector:
        matchLabels:
          app: nginx
      template:
        metadata:
          labels:
            app: nginx
        spec:
          containers:
          - name: nginx
            image: nginx:1.25.3
  placement:
    clusters:
    - name: member-cluster
"""
CONFIG = """
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: settings, namespace: shop}
spec:
  template: {data: {mode: fast}}
  placement: {clusterSelector: {}}
"""


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(factories.user(*factories.EDIT))
    return client


def post(client: Client, text: str, action: str = "save", **fields: Any) -> Any:
    return client.post(YAML, {"text": text, "action": action, **fields})


def test_the_guides_own_document_works_unchanged(editor: Client) -> None:
    page = post(editor, GUIDE, "check").content.decode()
    assert "1 valid document" in page
    assert "no such cluster, ignored until there is one: member-cluster" in page
    assert not FederatedResource.objects.exists()
    assert post(editor, GUIDE).status_code == 302
    resource = FederatedResource.objects.get()
    assert str(resource) == "Deployment default/nginx-federated"
    assert resource.placement == {"clusters": [{"name": "member-cluster"}]}


def test_stores_several_documents(editor: Client) -> None:
    assert post(editor, f"{GUIDE}---{CONFIG}")["Location"] == reverse("propagation:list")
    assert {one.type.kind for one in FederatedResource.objects.all()} == {"Deployment", "ConfigMap"}


def test_errors_have_line_and_column_and_nothing_is_stored(editor: Client) -> None:
    broken = GUIDE.replace("replicas: 2", "replicas: two")
    response = post(editor, f"{broken}---{CONFIG}")
    page = response.content.decode()
    assert response.status_code == 422
    assert "line 10, column 7" in page
    assert "1 valid document" in page
    assert "replicas: two" in page
    assert not FederatedResource.objects.exists()


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "kind: Pod", "&a [*a]", "a: 1\na: 2", "\x00", "{}"])
def test_nonsense_is_refused_and_given_back(editor: Client, text: str) -> None:
    response = post(editor, text)
    assert response.status_code == 422
    assert not FederatedResource.objects.exists()


def test_updates_are_shown_before_they_are_stored(editor: Client) -> None:
    post(editor, GUIDE)
    changed = GUIDE.replace("replicas: 2", "replicas: 5")
    response = post(editor, changed)
    page = response.content.decode()
    resource = FederatedResource.objects.get()
    assert response.status_code == 200
    assert "Save once more to confirm" in page
    assert "changed: template" in page
    assert resource.generation == 1
    assert f'value="{resource.pk}:1"' in page
    assert post(editor, changed, confirmed=f"{resource.pk}:1").status_code == 302
    resource.refresh_from_db()
    assert (resource.generation, resource.template["spec"]["replicas"]) == (2, 5)


def test_a_confirmation_does_not_outlive_a_change_by_somebody_else(editor: Client) -> None:
    post(editor, GUIDE)
    resource = FederatedResource.objects.get()
    FederatedResource.objects.update(generation=2)
    response = post(editor, GUIDE.replace("replicas: 2", "replicas: 5"), confirmed=f"{resource.pk}:1")
    assert response.status_code == 200
    resource.refresh_from_db()
    assert resource.generation == 2


def test_the_reason_is_kept_while_it_is_confirmed(editor: Client) -> None:
    post(editor, GUIDE, note="First")
    changed = GUIDE.replace("replicas: 2", "replicas: 5")
    assert 'value="Black Friday"' in post(editor, changed, note="Black Friday").content.decode()
    resource = FederatedResource.objects.get()
    post(editor, changed, confirmed=f"{resource.pk}:1", note="Black Friday")
    assert list(resource.revisions.values_list("note", flat=True)) == ["Black Friday", "First"]


def test_the_same_again_changes_nothing(editor: Client) -> None:
    post(editor, GUIDE)
    assert "changes nothing" in post(editor, GUIDE, "check").content.decode()
    assert post(editor, GUIDE).status_code == 302
    assert FederatedResource.objects.get().generation == 1


def test_a_text_of_more_than_a_megabyte_is_refused_clearly(editor: Client) -> None:
    response = post(editor, GUIDE + "# " + "x" * 1_000_000)
    assert response.status_code == 422
    assert "larger than 1,000,000 bytes" in response.content.decode()


def test_takes_a_file_where_there_is_no_script(editor: Client) -> None:
    upload = SimpleUploadedFile("a.yaml", GUIDE.encode())
    assert post(editor, "", file=upload).status_code == 302
    assert FederatedResource.objects.count() == 1


def test_a_large_file_is_refused_clearly(editor: Client) -> None:
    response = post(editor, "", file=SimpleUploadedFile("a.yaml", b"x" * 1_000_001))
    assert response.status_code == 422
    assert "larger than 1,000,000 bytes" in response.content.decode()


@pytest.mark.parametrize(
    ("permission", "text", "message"),
    [
        ("change", GUIDE, "You may not create workloads"),
        ("add", CONFIG.replace("fast", "slow"), "You may not change workloads"),
    ],
)
def test_creating_and_changing_are_permissions_of_their_own(
    client: Client, editor: Client, permission: str, text: str, message: str
) -> None:
    post(editor, CONFIG)
    person = factories.user(*factories.VIEW, f"propagation.{permission}_federatedresource")
    client.force_login(person)
    response = post(client, text)
    assert response.status_code == 422
    assert message in response.content.decode()


def test_one_that_is_leaving_is_not_changed(editor: Client) -> None:
    post(editor, GUIDE)
    resource = FederatedResource.objects.get()
    editor.post(
        reverse("propagation:delete", args=[resource.pk]), {"confirmation": resource.name, "fate": "remove"}
    )
    response = post(editor, GUIDE.replace("replicas: 2", "replicas: 5"))
    assert response.status_code == 422
    assert "wait until it is gone" in response.content.decode()


def test_an_export_can_be_pasted_again(editor: Client) -> None:
    post(editor, f"{GUIDE}---{CONFIG}")
    exported = editor.get(reverse("propagation:export_many")).content.decode()
    assert post(editor, exported, "check").content.decode().count("changes nothing") == 2


def test_an_export_has_the_status(editor: Client) -> None:
    member = factories.cluster("eu-1")
    resource = factories.workload("shop")
    factories.propagation(resource, member, delivery="ApplyFailed", reason="UpdateFailed")
    response = editor.get(reverse("propagation:export", args=[resource.pk]))
    (document,) = yaml.safe_load_all(response.content)
    assert response["Content-Disposition"] == 'attachment; filename="shop.yaml"'
    assert document["kind"] == "FederatedDeployment"
    assert document["spec"]["template"] == resource.template
    assert document["status"]["clusters"] == [{"name": "eu-1", "status": "UpdateFailed"}]
    (condition,) = document["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "CheckClusters")
    assert post(editor, response.content.decode(), "check").status_code == 200


SECRET = """
apiVersion: types.kubefed.io/v1beta1
kind: FederatedSecret
metadata: {name: keys, namespace: shop}
spec:
  template: {type: Opaque, data: {password: aHVudGVyMg==}}
  placement: {clusterSelector: {}}
  overrides:
  - clusterName: eu-1
    clusterOverrides: [{path: /data/password, value: c2VjcmV0}]
"""


def test_the_values_of_a_secret_are_for_those_who_may_change_it_and_ask(
    client: Client, editor: Client
) -> None:
    post(editor, SECRET)
    (resource,) = FederatedResource.objects.all()
    exports = [
        reverse("propagation:export", args=[resource.pk]),
        reverse("propagation:export_many"),
        reverse("propagation:export_everything"),
    ]
    pages = [*exports, resource.get_absolute_url() + "?tab=yaml", f"{YAML}?resource={resource.pk}"]
    assert not any(leaks(editor.get(url)) for url in pages)
    for number, url in enumerate(exports, start=1):
        assert leaks(editor.post(url))
        assert Activity.objects.filter(verb=Activity.Verb.REVEALED, resource=resource).count() == number
    client.force_login(factories.user(*factories.VIEW))
    assert not any(leaks(client.get(url)) for url in pages[:-1])
    assert [client.post(url).status_code for url in exports] == [403, 403, 403]


def leaks(response: Any) -> bool:
    """Whether both values are in it; neither is where they are hidden."""
    text = response.content.decode()
    there = ["aHVudGVyMg" in text, "c2VjcmV0" in text]
    assert all(there) or ("(hidden)" in text and not any(there))
    return all(there)


def test_the_editor_opens_with_the_resource(editor: Client) -> None:
    resource = factories.workload("shop")
    page = editor.get(YAML, {"resource": resource.pk}).content.decode()
    assert "kind: FederatedDeployment" in page
    assert editor.get(YAML, {"resource": 999}).status_code == 404
    assert editor.get(YAML, {"resource": "x"}).status_code == 200


URLS = {"yaml": (), "export": ("pk",), "export_many": (), "export_everything": ()}
every_url = pytest.mark.parametrize(("name", "arguments"), URLS.items(), ids=URLS)


def url_of(name: str, arguments: tuple[str, ...]) -> str:
    return reverse(f"propagation:{name}", args=[factories.workload().pk] if arguments else [])


@every_url
def test_sends_strangers_to_the_login(client: Client, name: str, arguments: tuple[str, ...]) -> None:
    assert client.get(url_of(name, arguments))["Location"].startswith(reverse("login"))


@every_url
def test_refuses_people_without_permission(client: Client, name: str, arguments: tuple[str, ...]) -> None:
    client.force_login(factories.user())
    assert client.get(url_of(name, arguments)).status_code == 403


@every_url
def test_viewers_may_take_away_but_not_paste(client: Client, name: str, arguments: tuple[str, ...]) -> None:
    client.force_login(factories.user(*factories.VIEW))
    assert client.get(url_of(name, arguments)).status_code == (403 if name == "yaml" else 200)


@every_url
def test_refuses_other_methods(editor: Client, name: str, arguments: tuple[str, ...]) -> None:
    assert editor.put(url_of(name, arguments)).status_code == 405


def test_does_not_know_a_bad_id(editor: Client) -> None:
    assert editor.get(reverse("propagation:export", args=[999])).status_code == 404


def test_takes_few_queries_whatever_the_number(editor: Client, django_assert_max_num_queries: Any) -> None:
    text = "---".join(CONFIG.replace("settings", f"settings-{number}") for number in range(40))
    with django_assert_max_num_queries(10):
        assert post(editor, text, "check").status_code == 200
