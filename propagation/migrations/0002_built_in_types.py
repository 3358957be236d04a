"""The kinds that can be federated from the start; administrators may switch them off or add others."""

from typing import Any

from django.db import migrations

from propagation.domain import types


def add_built_in_types(apps: Any, schema_editor: Any) -> None:
    FederatedType = apps.get_model("propagation", "FederatedType")
    for kind in types.BUILT_IN:
        values = {name: getattr(kind, name) for name in ("group", "version", "kind", "plural", "namespaced")}
        FederatedType.objects.get_or_create(name=kind.name, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("propagation", "0001_initial")]
    operations = [migrations.RunPython(add_built_in_types, migrations.RunPython.noop)]
