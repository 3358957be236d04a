"""What differs between revisions is told without secrets."""

from typing import Any

from propagation.domain import confidential, revisions


def spec(**values: Any) -> dict[str, Any]:
    return {"template": {}, "placement": {"clusterSelector": {}}, "overrides": [], "labels": {}, **values}


def test_the_first_one_comes_whole() -> None:
    found = revisions.compare("Deployment", None, spec(template={"spec": {"replicas": 1}}))
    assert found.fields == ("placement", "template")
    assert [line.text for line in found.lines][:3] == ["template:", "  spec:", "    replicas: 1"]


def test_what_was_not_given_is_not_told() -> None:
    assert not revisions.compare("Deployment", spec(), {**spec(), "annotations": {}, "suspend_repair": None})


def test_fields_are_told_from_the_template_down() -> None:
    before, after = (
        spec(template={"spec": {"replicas": 1}}),
        spec(template={"spec": {"replicas": 2}}, labels={"a": "b"}),
    )
    assert revisions.compare("Deployment", before, after).fields == ("labels", "template.spec.replicas")


def test_no_secret_is_told() -> None:
    def secret(value: str) -> dict[str, Any]:
        patch = {"path": "/data/pin", "value": f"{value}-there"}
        return spec(
            template={
                "data": {"pin": value},
                "metadata": {"annotations": {confidential.LAST_APPLIED: value}},
            },
            overrides=[{"clusterName": "eu-1", "clusterOverrides": [patch]}],
            annotations={confidential.LAST_APPLIED: value},
        )

    found = revisions.compare("Secret", secret("ALPHA"), secret("OMEGA"))
    text = "\n".join(line.text for line in found.lines)
    assert "ALPHA" not in text
    assert "OMEGA" not in text
    assert text.count("(hidden, value 2)") == 4
    assert "template.data.pin" in found.fields
