"""Which Kubernetes versions are supported."""

import pytest

from clusters.domain import versions


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("v1.20.2", True),
        ("v1.36.3", True),
        ("1.29.1-gke.100", True),
        ("v1.30.0+k3s1", True),
        ("v1.19.16", False),
    ],
)
def test_supported(text: str, supported: bool) -> None:
    assert versions.supported(versions.parse(text)) is supported


def test_an_old_version_is_told_what_is_supported() -> None:
    assert versions.support_message(versions.parse("v1.19.3")) == (
        "The cluster runs Kubernetes 1.19.3; 1.20 and later are supported."
    )


def test_not_a_version() -> None:
    with pytest.raises(ValueError, match="not a Kubernetes version"):
        versions.parse("nginx/1.25")
