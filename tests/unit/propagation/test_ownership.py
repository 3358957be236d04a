"""Every field of an object made ours."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from propagation.domain import ownership, versions

FIELDS = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(st.sampled_from(["f:a", "f:b", "f:status"]), inner),
    max_leaves=6,
)
ENTRIES = st.lists(
    st.builds(
        lambda manager, operation, fields: {"manager": manager, "operation": operation, "fieldsV1": fields},
        st.sampled_from(["kubectl", "helm", "fedconsole"]),
        st.sampled_from(["Update", "Apply"]),
        FIELDS,
    )
)


def paths(fields: Any, prefix: str = "") -> set[str]:
    return {prefix} | {path for name in fields for path in paths(fields[name], f"{prefix}/{name}")}


@given(ENTRIES)
def test_nothing_is_lost_but_what_controllers_report(entries: list[dict[str, Any]]) -> None:
    (ours,) = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": entries}})
    wanted = {path for entry in entries for path in paths(entry["fieldsV1"])} | {""}
    assert paths(ours["fieldsV1"]) == {path for path in wanted if not path.startswith("/f:status")}
    assert versions.owned({"metadata": {"managedFields": [ours]}})


def test_what_is_written_through_a_subresource_stays() -> None:
    status = {"manager": "kcm", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
    kubectl = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:x": {}}}}
    found = ownership.seized({"apiVersion": "v1", "metadata": {"managedFields": [status, kubectl]}})
    assert found[1:] == [status]
    assert found[0]["fieldsV1"] == {"f:data": {"f:x": {}}}
