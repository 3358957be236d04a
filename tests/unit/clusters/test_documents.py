"""YAML from people: limits, positions, and what an unquoted word means."""

import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import documents
from clusters.domain.documents import DocumentError

BOMB = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n"


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        (BOMB, "Aliases", 2, 8),
        ("a: 1\nb: 2\na: 3", "twice", 3, 1),
        ("<<: {a: 1}", "Merge", 1, 1),
        ("a: [1, 2", "not valid YAML", 1, None),
        ("a: b: c", "not valid YAML", 1, 5),
        ("\ta: b", "not valid YAML", 1, None),
        ("[" * 70, "nested", 1, 61),
        ("? [a]\n: b", "plain word", 1, 3),
        ("x: 1e999", "number", 1, 4),
        ("x: " + "9" * 30, "number", 1, 4),
        ("x: 0x" + "f" * 5_000, "number", 1, 4),
        ('x: "\\0"', "NUL", 1, 4),
        ('"\\0": x', "NUL", 1, 1),
    ],
)
def test_errors_have_a_place(text: str, message: str, line: int, column: int | None) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        documents.load_all(text)
    assert caught.value.line == line
    assert column is None or caught.value.column == column


def test_size_is_limited() -> None:
    with pytest.raises(DocumentError, match="larger"):
        documents.load_all("a" * 1_000_001)
    with pytest.raises(DocumentError, match="more than"):
        documents.load_all("[" + "1," * 100_001 + "]")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("yes", True),
        ("Off", False),
        ("12", 12),
        ("0x1f", 31),
        ("0o17", 15),
        ("017", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ("2026-01-01", "2026-01-01"),
        ("12:30:45", "12:30:45"),
        ("1.27.0", "1.27.0"),
        ("!!str 5", "5"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    assert documents.load_all(f"a: {text}")[0].value == {"a": value}


def test_positions() -> None:
    first, second = documents.load_all("a: 1\n---\nb:\n  - c: 1\n  - d/e: 2\n")
    assert first.position("/a") == (1, 1)
    assert second.position("/b/1/d~1e") == (5, 5)
    assert second.position("/b/1/missing") == (5, 5)
    assert second.position("/nowhere") == (3, 1)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.text(st.characters(codec="utf-8", exclude_categories=("C",))),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON.filter(lambda value: value is not None))
def test_what_is_written_is_read_again(value: Any) -> None:
    dumper = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    (document,) = documents.load_all(yaml.dump(value, Dumper=dumper, allow_unicode=True))
    assert document.value == value


@given(st.text(max_size=80))
def test_nothing_else_is_ever_raised(text: str) -> None:
    with contextlib.suppress(DocumentError):
        documents.load_all(text)
