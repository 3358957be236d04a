"""Three groups to begin with: who may see, who may deploy, who may do everything.

They are made when the database is migrated. What an administrator changes in them stays; only a group that
holds nothing of an app (any more) gets its share of it.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.utils.translation import gettext_noop

_ALL = ("view", "add", "change", "delete")

#: What each group may do, by app. The upper app is named, not imported.
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    gettext_noop("Viewer"): {"clusters": ("view",), "propagation": ("view",)},
    gettext_noop("Operator"): {"clusters": ("view", "change"), "propagation": _ALL},
    gettext_noop("Administrator"): {"clusters": _ALL, "propagation": _ALL, "auth": _ALL},
}


def create_groups(app_config: AppConfig, using: str, apps: Apps = installed, **options: Any) -> None:
    """Give the groups what they may do in this app, unless they hold permissions of it already."""
    if not any(app_config.label in grants for grants in ROLES.values()):
        return
    create_permissions(app_config, apps=apps, using=using, verbosity=0)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    of_app = permissions.filter(content_type__app_label=app_config.label)
    for name, grants in ROLES.items():
        group, _created = groups.get_or_create(name=name)
        if group.permissions.filter(content_type__app_label=app_config.label).exists():
            continue
        for action in grants.get(app_config.label, ()):
            group.permissions.add(*of_app.filter(codename__startswith=f"{action}_"))
