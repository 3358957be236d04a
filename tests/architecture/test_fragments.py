"""A fragment is one element with an id of its own, whatever it shows, so that it can be swapped alone."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fedconsole.env import BASE_DIR

TEMPLATES = BASE_DIR / "templates"
FRAGMENTS = sorted([*TEMPLATES.glob("clusters/_*.html"), *TEMPLATES.glob("propagation/_*.html")])

_DJANGO = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
_COMMENT = re.compile(r"{% comment .*?{% endcomment %}", re.DOTALL)
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"}
_CONTROLS = {"input", "select", "textarea", "form"}


class Roots(HTMLParser):
    """Counts top-level elements and texts; remembers every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.roots: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if self._depth == 0:
            self.roots.append(dict(attrs))
        self._depth += tag not in _VOID

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag not in _VOID

    def handle_data(self, data: str) -> None:
        if self._depth == 0 and data.strip():
            self.texts.append(data.strip())


def parse(path: Path) -> Roots:
    parser = Roots()
    parser.feed(_DJANGO.sub("", _COMMENT.sub("", path.read_text())))
    parser.close()
    return parser


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
class TestFragment:
    def test_has_one_root(self, path: Path) -> None:
        found = parse(path)
        assert len(found.roots) == 1
        assert found.texts == []

    def test_is_named_after_its_file(self, path: Path) -> None:
        name = path.stem.strip("_").replace("_", "-")
        assert (parse(path).roots[0]["id"] or "").rstrip("-") == name

    def test_holds_nothing_that_somebody_types_into(self, path: Path) -> None:
        assert parse(path).tags & _CONTROLS == set()

    def test_does_not_swap_elsewhere(self, path: Path) -> None:
        assert "hx-swap-oob" not in parse(path).attributes


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_templates_obey_the_content_security_policy(path: Path) -> None:
    source = _COMMENT.sub("", path.read_text())
    assert re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|hx-on|\sstyle=|js:", source) is None
