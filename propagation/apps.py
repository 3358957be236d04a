"""Federated workloads and how they fare in each member."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PropagationConfig(AppConfig):
    name = "propagation"
    verbose_name = _("Propagation")
