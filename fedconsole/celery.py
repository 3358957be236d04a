"""The Celery application; tasks are in the apps' ``tasks`` modules."""

import os
import warnings
from typing import Any

from celery import Celery, signals
from kombu.transport.redis import QoS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fedconsole.settings")

# Where Redis has gone away, giving unfinished messages back to it ends the worker ("Unrecoverable error").
# Nothing needs them: the periodic resync finds whatever a wake-up was for.
QoS.restore_at_shutdown = False

# Celery warns of pickled messages, which this console does not read.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("fedconsole")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def keep_logging(**values: Any) -> None:
    """Django's settings say how to log; with a receiver here, Celery changes nothing."""
