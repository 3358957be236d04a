"""What nodes tell about their cluster."""

from typing import Any

from clusters.domain import nodes


def node(*, ready: str = "True", cpu: str = "4", memory: str = "16Gi", **labels: str) -> dict[str, Any]:
    known = {
        "region": "topology.kubernetes.io/region",
        "zone": "topology.kubernetes.io/zone",
        "old_region": "failure-domain.beta.kubernetes.io/region",
        "old_zone": "failure-domain.beta.kubernetes.io/zone",
    }
    return {
        "metadata": {"labels": {known[name]: value for name, value in labels.items()}},
        "status": {
            "conditions": [{"type": "Ready", "status": ready}],
            "capacity": {"cpu": cpu, "memory": memory},
        },
    }


def test_adds_up_what_is_ready_and_how_much_there_is() -> None:
    summary = nodes.summarize([node(), node(ready="Unknown", cpu="500m", memory="1G")])
    assert (summary.ready, summary.total) == (1, 2)
    assert summary.cpu_millis == 4500
    assert summary.memory_bytes == 16 * 1024**3 + 10**9


def test_takes_the_region_of_the_first_node_and_the_zones_of_all() -> None:
    summary = nodes.summarize([node(region="eu", zone="b"), node(region="us", zone="a"), node(zone="b")])
    assert summary.region == "eu"
    assert summary.zones == ("a", "b")


def test_understands_the_older_labels() -> None:
    summary = nodes.summarize([node(old_region="eu", old_zone="a")])
    assert (summary.region, summary.zones) == ("eu", ("a",))


def test_counts_what_is_not_told_as_nothing() -> None:
    summary = nodes.summarize([{}, {"status": None}, {"status": {"capacity": {"cpu": "many"}}}])
    assert summary == nodes.Summary(0, 3, 0, 0, "", ())
    assert nodes.summarize([]).total == 0
