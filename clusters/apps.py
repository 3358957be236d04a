"""Member clusters."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClustersConfig(AppConfig):
    name = "clusters"
    verbose_name = _("Clusters")

    def ready(self) -> None:
        from clusters import checks, converters, roles  # noqa: F401  (registers checks and converters)

        post_migrate.connect(roles.create_groups, dispatch_uid="clusters.roles")
