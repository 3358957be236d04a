"""Which Kubernetes the sandbox takes, and where from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fedconsole.sandbox import binaries, from_go
from fedconsole.sandbox.sources import Unavailable

RELEASED = """\
module k8s.io/kubernetes

go 1.26.0

require (
	go.etcd.io/etcd/client/pkg/v3 v3.6.8
	go.etcd.io/etcd/client/v3 v3.6.8
	k8s.io/api v0.0.0
	k8s.io/apiserver v0.0.0
	k8s.io/klog/v2 v2.140.0
)
"""

Fill = Callable[[Path], None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path / "fedconsole" / "kubernetes"


def fill(folder: Path, *, without: str = "", version: str = "v1.30.1") -> None:
    folder.mkdir(parents=True)
    for name in binaries.NAMES:
        if name != without:
            (folder / name).write_text(f"#!/bin/sh\necho Kubernetes {version}\n")
            (folder / name).chmod(0o755)


def test_cached_versions_are_sorted_as_numbers_and_complete(cache: Path) -> None:
    for version in ("v1.36.3", "v1.20.2", "v1.9.11"):
        fill(cache / version)
    fill(cache / "v1.37.0", without="etcd")
    assert binaries.cached_versions() == ["v1.9.11", "v1.20.2", "v1.36.3"]


def test_the_newest_cached_version_is_taken_without_a_wish(cache: Path) -> None:
    fill(cache / "v1.20.2")
    fill(cache / "v1.36.3")
    found = binaries.ensure()
    assert (found.version, found.minor, found.path("etcd")) == ("v1.36.3", 36, f"{cache}/v1.36.3/etcd")


@pytest.mark.parametrize("wish", ["1.20.2", "v1.20.2"])
def test_a_wish_is_taken_from_the_cache(cache: Path, wish: str) -> None:
    fill(cache / "v1.20.2")
    fill(cache / "v1.36.3")
    assert binaries.ensure(wish).version == "v1.20.2"


def test_assets_come_before_the_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(cache / "v1.36.3")
    fill(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert binaries.ensure() == binaries.Binaries(tmp_path / "assets", "v1.30.1")


def test_assets_of_another_version_than_wished_are_left(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cache / "v1.36.3")
    fill(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert binaries.ensure("1.36.3").folder == cache / "v1.36.3"


def test_incomplete_assets_are_reported_and_left(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of envtest have no controllers."""
    fill(cache / "v1.36.3")
    fill(tmp_path / "assets", without="kube-scheduler")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    lines: list[str] = []
    assert binaries.ensure(report=lines.append).version == "v1.36.3"
    assert "lacks kube-scheduler" in lines[0]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("", ["Official release", "Go build", "Debian source package"]),
        ("v1.35.1", ["Official release", "Go build"]),
        (binaries.DEBIAN, ["Official release", "Debian source package"]),
    ],
)
def test_sources_in_order(wish: str, expected: list[str]) -> None:
    sources = binaries.sources(wish)
    assert [source.name for source in sources] == expected
    assert {source.version for source in sources} <= {wish or binaries.CURRENT, binaries.DEBIAN}


@pytest.mark.parametrize("wish", ["latest", "1.20", "v1.20.2; rm", "../v1.20.2"])
def test_what_is_no_version_is_refused(wish: str) -> None:
    with pytest.raises(Unavailable, match="no version"):
        binaries.ensure(wish)


def test_our_module_replaces_what_the_release_has_in_its_tree() -> None:
    module = from_go.module("v1.36.3", RELEASED)
    assert "go 1.26.0\n" in module
    assert "\tk8s.io/kubernetes v1.36.3\n" in module
    assert "\tgo.etcd.io/etcd/server/v3 v3.6.8\n" in module
    assert "\tk8s.io/api => k8s.io/api v0.36.3\n" in module
    assert "klog" not in module


def test_the_programs_are_told_their_version() -> None:
    flags = from_go.version_flags("v1.36.3")
    assert "-X k8s.io/component-base/version.gitVersion=v1.36.3" in flags
    assert "-X k8s.io/component-base/version.gitMinor=36" in flags
