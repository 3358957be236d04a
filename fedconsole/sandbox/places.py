"""Where the sandbox's clusters pretend to be."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster's name, and what it is joined with."""

    name: str
    region: str
    zones: tuple[str, ...]
    labels: dict[str, str] = field(default_factory=dict)


def _place(name: str, region: str, env: str, tier: str) -> Place:
    zones = tuple(f"{region}-{letter}" for letter in "abc")
    return Place(name, region, zones, {"region": region, "env": env, "tier": tier})


_KNOWN = (
    _place("amsterdam", "eu-west", "prod", "gold"),
    _place("boston", "us-east", "prod", "silver"),
    _place("singapore", "ap-southeast", "staging", "silver"),
    _place("sydney", "ap-south", "staging", "bronze"),
    _place("lagos", "af-west", "prod", "bronze"),
    _place("santiago", "sa-west", "staging", "bronze"),
)


def places(count: int) -> list[Place]:
    """As many as asked for; after the known cities they are numbered."""
    numbered = [
        _place(f"city-{n}", "eu-north", "staging", "bronze") for n in range(len(_KNOWN) + 1, count + 1)
    ]
    return [*_KNOWN, *numbered][:count]
