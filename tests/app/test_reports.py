"""The technical error page tells where something went wrong, and nothing that is secret."""

from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client

from propagation.views.documents import YamlView

SECRET = "hunter" + "2"  # in two parts: the page shows lines of code


def _break(view: YamlView, *args: Any) -> None:
    password = SECRET
    raise RuntimeError(f"{len(password)} characters")


@pytest.mark.django_db
def test_shows_no_values(admin_user: User, settings: Any) -> None:
    settings.DEBUG = True
    settings.CELERY_BROKER_URL = settings.CHANNEL_LAYERS["default"]["HOSTS"] = f"redis://:{SECRET}@redis/0"
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    with mock.patch.object(YamlView, "_plan", _break):
        answer = client.post("/workloads/yaml/", {"text": f"password: {SECRET}"})
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "10 characters" not in page
    assert "7 characters" in page
    assert "CELERY_BROKER" in page
    assert SECRET not in page
