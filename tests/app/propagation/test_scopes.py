"""People and installations that are limited to some namespaces."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.test import Client

from propagation import changes, scopes
from propagation.domain import manifests, type_configs
from propagation.models import Activity, FederatedResource, FederatedType, NamespaceScope, Propagation
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited() -> User:
    """Somebody who may do everything in the namespace "shop", and nothing elsewhere."""
    person = factories.user(*factories.EDIT)
    group = Group.objects.create(name="shop")
    NamespaceScope.objects.create(group=group, namespaces=["shop"])
    person.groups.add(group)
    return person


@pytest.fixture
def browser(limited: User) -> Client:
    client = Client()
    client.force_login(limited)
    return client


@pytest.fixture
def theirs() -> FederatedResource:
    return factories.workload("theirs", namespace="shop")


@pytest.fixture
def foreign() -> FederatedResource:
    return factories.workload("foreign", namespace="bank")


def test_pages_show_the_persons_namespaces(
    browser: Client, theirs: FederatedResource, foreign: FederatedResource
) -> None:
    member = factories.cluster("ams")
    for resource in (theirs, foreign):
        factories.propagation(resource, member)
    for path in ("/", "/workloads/", f"/workloads/in-cluster/{member.pk}/"):
        page = browser.get(path).content.decode()
        assert "theirs" in page, path
        assert "foreign" not in page, path


@pytest.mark.parametrize("path", ["", "edit/", "scale/", "delete/", "export/", "options/", "revisions/"])
def test_what_is_elsewhere_is_not_found(
    browser: Client, theirs: FederatedResource, foreign: FederatedResource, path: str
) -> None:
    assert browser.get(f"/workloads/{foreign.pk}/{path}").status_code == 404
    assert browser.get(f"/workloads/{theirs.pk}/{path}").status_code in (200, 302)


def test_nothing_can_be_stored_or_removed_elsewhere(limited: User, foreign: FederatedResource) -> None:
    new = factories.deployment_type()
    with scopes.serving(limited):
        with pytest.raises(PermissionDenied, match="bank is not open"):
            changes.save(FederatedResource(type=new, namespace="bank", name="x"), limited)
        with pytest.raises(PermissionDenied):
            changes.request_deletion(foreign, limited)
        wide = FederatedType.objects.get(name="clusterroles.rbac.authorization.k8s.io")
        with pytest.raises(PermissionDenied, match="whole cluster"):
            changes.save(FederatedResource(type=wide, name="x"), limited)
        space = FederatedType.objects.get(name="namespaces")
        changes.save(FederatedResource(type=space, name="shop"), limited)


def test_the_form_says_which_namespaces_are_open(browser: Client) -> None:
    factories.cluster("ams")
    data = {"name": "web", "namespace": "bank", "image": "nginx:1", "replicas": "1", "placement": "all"}
    sets = {
        f"{prefix}-{name}": "0"
        for prefix in ("variables", "requirements", "tolerations")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    answer = browser.post("/workloads/new/", {**data, **sets})
    assert answer.status_code == 422
    assert "these namespaces are: shop" in answer.content.decode()
    assert not FederatedResource.objects.exists()


def test_documents_say_it_with_their_line(browser: Client) -> None:
    text = (
        "apiVersion: types.kubefed.io/v1beta1\nkind: FederatedConfigMap\n"
        "metadata: {name: x, namespace: bank}\nspec: {template: {}, placement: {clusters: []}}\n"
    )
    answer = browser.post("/workloads/yaml/", {"text": text, "action": "save"})
    assert answer.status_code == 422
    assert "bank is not open" in answer.content.decode()


def test_what_concerns_all_namespaces_is_not_for_them(browser: Client, limited: User) -> None:
    for name in ("propagation.change_federatedtype", "clusters.add_cluster"):
        app, codename = name.split(".")
        limited.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    kind = factories.deployment_type()
    assert browser.get("/migrate/").status_code == 403
    assert browser.post("/migrate/").status_code == 403
    assert browser.post(f"/types/{kind.pk}/disable/", {"confirmed": "on"}).status_code == 403
    text = manifests.dump([type_configs.document(type_configs.of(kind.resource_type, enabled=False))])
    answer = browser.post("/workloads/yaml/", {"text": text, "action": "save"})
    assert answer.status_code == 422
    assert "may not change which kinds" in answer.content.decode()
    kind.refresh_from_db()
    assert kind.enabled


def test_files_and_previews_keep_to_it(
    browser: Client, theirs: FederatedResource, foreign: FederatedResource
) -> None:
    for path in ("/export/", "/workloads/export/", "/workloads/export/?namespace=bank"):
        for answer in (browser.get(path), browser.post(path)):
            assert "foreign" not in answer.content.decode()
    for path in ("edit/preview/", "scale/preview/", "delete/preview/", "export/", "revisions/1/rollback/"):
        assert browser.post(f"/workloads/{foreign.pk}/{path}").status_code == 404
    assert browser.get(f"/workloads/placement/?resource={foreign.pk}").status_code == 404
    assert browser.get(f"/workloads/yaml/?resource={foreign.pk}").status_code == 404
    assert "foreign" not in browser.get(f"/activity/?resource={foreign.pk}").content.decode()


def test_superusers_and_people_without_such_a_group_see_everything(
    theirs: FederatedResource, foreign: FederatedResource, admin_user: User
) -> None:
    for person in (admin_user, factories.user(*factories.VIEW)):
        with scopes.serving(person):
            assert FederatedResource.objects.count() == 2


def test_an_installation_can_be_limited(settings: Any, theirs: FederatedResource, admin_user: User) -> None:
    settings.NAMESPACES = ["bank"]
    with pytest.raises(PermissionDenied):
        changes.save(theirs, None)
    with scopes.serving(admin_user):
        assert not FederatedResource.objects.exists()
    assert FederatedResource.objects.exists()  # what is there is still taken care of


def test_the_feed_and_the_rows_keep_to_it(
    limited: User, theirs: FederatedResource, foreign: FederatedResource
) -> None:
    member = factories.cluster()
    for resource in (theirs, foreign):
        factories.propagation(resource, member)
        Activity.objects.create(verb="changed", resource=resource, subject=str(resource))
    with scopes.serving(limited):
        assert [row.resource for row in Propagation.objects.all()] == [theirs]
        assert [line.resource for line in Activity.objects.all()] == [theirs]
