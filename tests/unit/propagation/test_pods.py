"""Where pods are kept, and what they ask for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import pods, quantities


def container(cpu: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}}


def sidecar(cpu: Any) -> dict[str, Any]:
    return {"restartPolicy": "Always", **container(cpu)}


@pytest.mark.parametrize(
    ("pod", "millicores"),
    [
        ({}, 0),
        ({"containers": [container("250m"), container(1), {}]}, 1250),
        ({"containers": [container("1")], "initContainers": [container("3"), container("2")]}, 3000),
        ({"containers": [container("1")], "initContainers": [sidecar("500m"), container("2")]}, 2500),
        ({"containers": [container("1")], "initContainers": [container("1"), sidecar("500m")]}, 1500),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, 1250),
        ({"containers": [container("much"), container("0.5")]}, 500),
        ({"containers": "none"}, 0),
    ],
)
def test_what_a_pod_asks_for(pod: dict[str, Any], millicores: int) -> None:
    assert pods.cpu_request(pod) == millicores


@given(st.integers(0, 10**9))
def test_units(number: int) -> None:
    assert quantities.parse(f"{number}Ki") == quantities.parse(number * 1024)
    assert (
        quantities.parse(f"{number}e3") == quantities.parse(f"{number}k") == quantities.parse(number * 1000)
    )
    assert quantities.parse(f"{number}n") == quantities.parse(f"{number}e-9")
    assert quantities.parse(f"{number}m") == quantities.parse(number) / 1000  # type: ignore[operator]
