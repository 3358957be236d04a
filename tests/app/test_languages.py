"""The console in the languages of its menu."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db

BOARD = reverse("propagation:board")


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*factories.VIEW))
    return client


def test_speaks_the_language_of_the_browser(viewer: Client) -> None:
    page = viewer.get(BOARD, headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}).content.decode()
    assert '<html lang="zh-hans"' in page
    assert "<h1>总览</h1>" in page


def test_the_menu_chooses_and_what_is_chosen_stays(viewer: Client) -> None:
    factories.cluster("eu-1")
    answer = viewer.post(reverse("set_language"), {"language": "zh-hans", "next": BOARD}, follow=True)
    assert "总览" in answer.content.decode()
    assert "就绪" in viewer.get(BOARD).content.decode()  # a word of a domain, which knows no translation
    answer = viewer.post(reverse("set_language"), {"language": "en", "next": BOARD}, follow=True)
    assert "总览" not in answer.content.decode()


def test_speaks_english_to_everybody_else(viewer: Client) -> None:
    page = viewer.get(BOARD, headers={"accept-language": "tlh"}).content.decode()
    assert '<html lang="en"' in page
    assert "总览" not in page
