"""What may hold secrets is not in the database in the clear, and follows the keys."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from propagation import changes
from propagation.models import FederatedResource, FederatedType

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> FederatedResource:
    overrides = [{"clusterName": "a", "clusterOverrides": [{"path": "/data/x", "value": "b3ZlcnJpZGU="}]}]
    made = FederatedResource(
        type=FederatedType.objects.get(name="secrets"),
        namespace="shop",
        name="password",
        template={"data": {"x": "dGVtcGxhdGU="}},
        overrides=overrides,
        placement={"clusterSelector": {}},
    )
    return changes.save(made, None)


def test_templates_overrides_and_revisions_are_encrypted(secret: FederatedResource) -> None:
    with connection.cursor() as cursor:
        for table in ("federatedresource", "revision", "activity"):
            cursor.execute(f"SELECT * FROM propagation_{table}")  # noqa: S608
            stored = str(cursor.fetchall())
            assert "shop" in stored or table == "revision"
            assert "dGVtcGxhdGU=" not in stored
            assert "b3ZlcnJpZGU=" not in stored


def test_rotatekeys_takes_everything_to_the_new_key(secret: FederatedResource, settings: Any) -> None:
    new = [Fernet.generate_key().decode()]
    settings.ENCRYPTION_KEYS = [*new, *settings.ENCRYPTION_KEYS]
    call_command("rotatekeys")
    settings.ENCRYPTION_KEYS = new
    secret.refresh_from_db()
    assert secret.template == {"data": {"x": "dGVtcGxhdGU="}}
    assert secret.revisions.get().spec["template"] == secret.template
