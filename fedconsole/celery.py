"""The Celery application; tasks are in the apps' ``tasks`` modules."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fedconsole.settings")

app = Celery("fedconsole")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
