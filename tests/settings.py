"""The console's settings for tests: a state directory of their own, nothing from the developer's environment.

``TEST_DATABASE_URL`` names a PostgreSQL server to test on; tests make databases of their own there.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

STATE = Path(tempfile.mkdtemp(prefix="fedconsole-test-"))
atexit.register(shutil.rmtree, STATE, ignore_errors=True)

for name in [name for name in os.environ if name.startswith("FEDCONSOLE_")]:
    if name not in ("FEDCONSOLE_CHROMIUM", "FEDCONSOLE_TEST_KUBERNETES"):
        del os.environ[name]
(STATE / "static").mkdir()
os.environ["FEDCONSOLE_STATE_DIR"] = str(STATE)
os.environ["FEDCONSOLE_SECRET_KEY"] = "only-for-tests-" + "k3ys-are-l0ng-" * 4
os.environ["FEDCONSOLE_ENCRYPTION_KEYS"] = "dGVzdHMtbmVlZC1hLWZlcm5ldC1rZXktdGhhdC1pczM="
os.environ["FEDCONSOLE_LOG_LEVEL"] = "WARNING"
os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"  # nobody listens: unit and app tests need none
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")

from fedconsole.settings import *  # noqa: E402, F403
from fedconsole.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, since several threads use it; what it holds is worth nothing after a crash.
    DATABASES["default"]["TEST"] = {"NAME": str(STATE / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
else:
    DATABASES["default"][
        "OPTIONS"
    ] = {}  # a pool's open connections would keep the database from being dropped

CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
