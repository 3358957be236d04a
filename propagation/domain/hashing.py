"""A hash that decides ties: the same in every process and release, unlike Python's own."""

_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def fnv1(text: str) -> int:
    """FNV-1, 32 bits, as KubeFed's planner uses it."""
    value = _OFFSET
    for byte in text.encode():
        value = (value * _PRIME & _MASK) ^ byte
    return value
