"""The wiring: settings, processes and the sandbox. It imports the apps and is imported by none."""

from fedconsole.celery import app as celery_app

__all__ = ["celery_app"]
