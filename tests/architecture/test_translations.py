"""Catalogues are whole, and compiled: a machine that runs the console has no gettext."""

import ast
import gettext
import re
from collections import defaultdict
from pathlib import Path

import pytest

from fedconsole.env import BASE_DIR

CATALOGUES = sorted((BASE_DIR / "locale").glob("*/LC_MESSAGES/django.po"))
#: A field of an entry with its quoted lines.
_FIELD = re.compile(r'^(msg[a-z_]+)(?:\[\d\])? ("(?:.*)"(?:\n".*")*)', re.MULTILINE)
#: What is filled in, and markup.
_FIXED = re.compile(r"%(?:\(\w+\))?[sd%]|\{\w*\}|</?\w[^>]*>")

#: The texts of an entry by field; only ``msgstr`` may have several.
Entry = dict[str, list[str]]

every_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])


def entries(path: Path) -> list[Entry]:
    """Every entry but the header, which is the first."""
    found = []
    for block in path.read_text().split("\n\n"):
        entry: Entry = defaultdict(list)
        for name, quoted in _FIELD.findall(block):
            entry[name].append(ast.literal_eval(f"({quoted})"))
        found.append(entry)
    return found[1:]


def compiled(path: Path) -> gettext.GNUTranslations:
    with path.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def fixed(text: str) -> set[str]:
    """What a translation has to take over."""
    return set(_FIXED.findall(text))


def test_chinese_is_there() -> None:
    assert [path.parts[-3] for path in CATALOGUES] == ["zh_Hans"]


@every_catalogue
def test_nothing_is_empty_or_fuzzy(path: Path) -> None:
    assert "\n#, fuzzy" not in path.read_text()
    assert [entry["msgid"] for entry in entries(path) if not all(entry["msgstr"])] == []


@every_catalogue
def test_what_is_filled_in_stays(path: Path) -> None:
    assert [
        (source, text)
        for entry in entries(path)
        for source in (entry["msgid_plural"] or entry["msgid"])
        for text in entry["msgstr"]
        if fixed(text) != fixed(source)
    ] == []


@every_catalogue
def test_is_compiled(path: Path) -> None:
    done = compiled(path)
    assert [
        entry["msgid"]
        for entry in entries(path)
        for source in entry["msgid"]
        if (done.ngettext(source, "", 1) if entry["msgid_plural"] else done.gettext(source))
        != entry["msgstr"][0]
    ] == []
