"""The ASGI application: pages over HTTP, live updates over websockets."""

import os

from django.core.asgi import get_asgi_application

from fedconsole import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fedconsole.settings")
http = get_asgi_application()
env.refuse_problems()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs Django set up)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from fedconsole.routing import websocket_urlpatterns  # noqa: E402

# Channels' stubs know only patterns of their own.
websockets = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]

application = ProtocolTypeRouter(
    {"http": http, "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets))}
)
