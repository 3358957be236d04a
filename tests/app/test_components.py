"""The components: tags, form fields, pages without a context, and the files that they rest on."""

import gzip
import hashlib
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from clusters.domain.conditions import ClusterState
from clusters.templatetags import console, vocabulary
from propagation.domain.statuses import BADGES, Delivery, Rollout
from propagation.fragments import standing

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text()))
WORDS = [*ClusterState, *Delivery, *Rollout, *BADGES.values(), standing.NOWHERE]
TONES = {"ok", "progress", "warn", "error", "paused", "unknown"}

#: Bytes that the first page may take, compressed.
FIRST_PAGE = 200_000


def render(source: str, **context: object) -> str:
    return Template("{% load console %}" + source).render(Context(context))


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Lower case.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="I am sure")
    secret = forms.CharField(widget=forms.HiddenInput)


def test_icon_is_a_symbol_that_screen_readers_skip() -> None:
    html = render('{% icon "server" %}')
    assert 'aria-hidden="true"' in html
    assert "img/icons.svg#server" in html


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.value)
def test_every_status_word_has_its_look_and_its_translation(word: console.Word) -> None:
    assert word.icon in SYMBOLS
    assert word.tone in TONES
    assert word.label in vocabulary.STATUS_LABELS


def test_icons_named_in_templates_exist() -> None:
    text = "".join(template.read_text() for template in TEMPLATES)
    named = set(re.findall(r'{% icon "([^"]+)" %}', text)) | set(re.findall(r'\bicon="([^"]+)"', text))
    assert named <= SYMBOLS


def test_badge_escapes_and_is_nothing_for_none() -> None:
    assert render("{% badge word %}", word=None) == ""
    html = render("{% badge word %}", word=Rollout.COMPLETE)
    assert "fc-tone-ok" in html
    assert "Complete" in html


def test_proportions_fill_the_bar() -> None:
    html = console.proportions([(Rollout.FAILED, 1), (Rollout.COMPLETE, 3)])
    assert 'viewBox="0 0 4 1"' in html
    assert re.findall(r'x="(\d)" width="(\d)"', html) == [("0", "1"), ("1", "3")]
    assert console.proportions([]) == ""


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "0 s ago"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_ago(age: timedelta, text: str) -> None:
    html = str(console.ago(timezone.now() - age))
    assert f">{text}</time>" in html
    assert "data-ago" in html
    assert console.ago(None) == "never"


def test_field_has_label_hint_and_error_that_belong_to_it() -> None:
    html = str(SampleForm({}, auto_id="id_%s")["name"].as_field_group())
    assert '<label class="form-label" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "form-control is-invalid" in html


def test_fields_that_may_stay_empty_say_so() -> None:
    form = SampleForm()
    assert "optional" in str(form["note"].as_field_group())
    assert "optional" not in str(form["name"].as_field_group())


def test_choices_are_labelled_by_a_legend() -> None:
    html = str(SampleForm()["kind"].as_field_group())
    assert "<legend" in html
    assert html.count("form-check-input") == 2
    assert html.count("<label") == 2


def test_choice_without_its_label_is_the_bare_control() -> None:
    option = next(iter(SampleForm()["kind"]))
    assert "<label" not in option.tag()


def test_check_box_is_within_its_label() -> None:
    html = str(SampleForm()["sure"].as_field_group())
    assert re.search(r'<label class="form-check">\s*<input type="checkbox"', html)
    assert html.count("I am sure") == 1


def test_hidden_control_has_no_style() -> None:
    assert "class" not in str(console.control(SampleForm()["secret"]))


@pytest.mark.parametrize(
    ("level", "tone"), [(constants.SUCCESS, "ok"), (constants.ERROR, "error"), (constants.INFO, "progress")]
)
def test_toast_takes_the_tone_of_its_message(level: int, tone: str) -> None:
    html = render_to_string("components/_toast.html", {"message": Message(level, "<b>done</b>")})
    assert f"fc-fg-{tone}" in html
    assert "&lt;b&gt;done&lt;/b&gt;" in html


def test_texts_of_the_scripts_are_data_in_the_language_of_the_page() -> None:
    with translation.override("en"):
        html = console.script_texts()
    assert html.startswith('<script id="fc-texts" type="application/json">')
    assert "{n} min ago" in html


def test_navigation_marks_where_one_is() -> None:
    source = (
        '{% nav_link "clusters:list" "server" "Clusters" %}{% nav_link "propagation:board" "board" "Board" %}'
    )
    html = render(source, request=RequestFactory().get("/clusters/import/"))
    assert html.count("aria-current") == 1
    assert re.search(r'href="/clusters/" aria-current="page"', html)


def test_navigation_marks_pages_of_a_part_that_lie_elsewhere() -> None:
    html = Template(
        '{% load console %}{% nav_link "clusters:list" "server" "Clusters" "propagation:migrate" %}'
    ).render(Context({"request": RequestFactory().get("/migrate/")}))
    assert 'href="/clusters/" aria-current="page"' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_no_context(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert "<h1>" in html
    assert 'href="/"' in html


@pytest.mark.django_db
def test_login_page(client: Client) -> None:
    response = client.get("/accounts/login/?next=/clusters/")
    assert response.status_code == 200
    assert 'value="/clusters/"' in response.text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_nothing_is_inline(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:|\bjs:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


def test_vendored_files_are_those_of_the_lock() -> None:
    files = tomllib.loads((STATIC / "vendor/vendor.lock").read_text())["file"]
    for file in files:
        assert hashlib.sha256((STATIC / file["path"]).read_bytes()).hexdigest() == file["sha256"], file[
            "path"
        ]
        assert (STATIC / file["licence_file"]).is_file()


def test_lock_of_the_bundle_names_no_registry() -> None:
    assert "resolved" not in (STATIC / "vendor/codemirror/build/package-lock.json").read_text()


def test_first_page_is_light() -> None:
    own = [STATIC / "vendor/tabler/tabler.min.css", STATIC / "img/icons.svg", STATIC / "img/logo.svg"]
    own += [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")]
    theirs = [path for name in ("htmx-2.min.js", "ext/hx-ws-2.min.js") for path in _package_files(name)]
    assert len(theirs) == 2
    assert sum(len(gzip.compress(path.read_bytes())) for path in own + theirs) < FIRST_PAGE


def _package_files(name: str) -> list[Path]:
    found = finders.find(f"django_htmx/{name}")
    return [Path(found)] if found else []
