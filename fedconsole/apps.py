"""The wiring's part in Django: system checks and management commands."""

from django.apps import AppConfig


class FedConsoleConfig(AppConfig):
    name = "fedconsole"
    verbose_name = "FedConsole"

    def ready(self) -> None:
        from fedconsole import checks  # noqa: F401  (registers them)
