"""README.md names every environment variable; vendored files are what their lock says."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from fedconsole.env import BASE_DIR

#: Variables of others, which we respect.
FOREIGN = {"XDG_CACHE_HOME", "DJANGO_SETTINGS_MODULE"}
_READ = re.compile(r'"(FEDCONSOLE_[A-Z_]+|[A-Z_]+_URL|KUBEBUILDER_ASSETS)"')
_ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)

STATIC = BASE_DIR / "static"
LOCK = tomllib.loads((STATIC / "vendor" / "vendor.lock").read_text())["file"]


def variables_read() -> set[str]:
    """Every variable whose name stands in the code as a string."""
    folders = [BASE_DIR / name for name in ("fedconsole", "clusters", "propagation", "tests", "benchmarks")]
    files = [file for folder in folders for file in folder.rglob("*.py") if "architecture" not in file.parts]
    return {name for file in files for name in _READ.findall(file.read_text())} - FOREIGN


def variables_documented() -> set[str]:
    return set(_ROW.findall((BASE_DIR / "README.md").read_text()))


def test_every_variable_is_documented() -> None:
    assert variables_read() - variables_documented() == set()


def test_every_documented_variable_is_read() -> None:
    assert variables_documented() - variables_read() == set()


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["path"])
def test_vendored_files_are_unchanged(entry: dict[str, str]) -> None:
    assert hashlib.sha256((STATIC / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (STATIC / entry["licence_file"]).is_file()


def test_every_vendored_file_is_locked() -> None:
    """What is under ``build`` is ours: how a file was made."""
    locked = {entry["path"] for entry in LOCK} | {entry["licence_file"] for entry in LOCK}
    found = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").rglob("*.*")}
    found = {path for path in found if "/build/" not in path}
    assert found - locked - {"vendor/vendor.lock"} == set()


@pytest.mark.parametrize("path", sorted(BASE_DIR.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
