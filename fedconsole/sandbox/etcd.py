"""What only a cluster's etcd can do, by its HTTP gateway."""

from base64 import b64encode

from fedconsole.sandbox import rest


def compact(port: int) -> int:
    """Throw away all history up to now; returns the revision of now."""
    # An empty range is read for its header.
    answer = _post(port, "range", {"key": b64encode(b"\0").decode()})
    revision = int(answer["header"]["revision"])
    _post(port, "compaction", {"revision": revision, "physical": True})
    return revision


def _post(port: int, what: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
    url = f"http://127.0.0.1:{port}/v3/kv/{what}"
    answer: dict[str, dict[str, str]] = rest.call(None, "POST", url, body, rest.JSON, 10)
    return answer
