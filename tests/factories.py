"""Clusters and people, as tests need them."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission, User
from django.utils import timezone

from clusters import checklist
from clusters.models import Cluster, Phase

_numbers = count(1)

VIEW = ("view_cluster",)
CHANGE = ("view_cluster", "change_cluster")
EVERYTHING = ("view_cluster", "add_cluster", "change_cluster", "delete_cluster")


def cluster(name: str = "", **values: Any) -> Cluster:
    """A member that is well, has just reported, and holds a token of our own."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "name": name or f"cluster-{next(_numbers)}",
        "server": "https://member.example:6443",
        "phase": Phase.JOINED,
        "credential": {"token": "a-token-of-our-own"},
        "credential_expires_at": now + timedelta(days=30),
        "credential_renew_at": now + timedelta(days=18),
        "ready": "True",
        "offline": "False",
        "reason": "ClusterReady",
        "successes": 2,
        "last_probe_time": now,
        "last_transition_time": now,
        "nodes_ready": 3,
        "nodes_total": 3,
        "version": "v1.33.1",
    }
    return Cluster.objects.create(**{**defaults, **values})


def new_cluster(name: str = "", **values: Any) -> Cluster:
    """One that was just imported: with the uploaded credential, and nothing done yet."""
    blank = dict.fromkeys(
        (
            "credential_expires_at",
            "credential_renew_at",
            "last_probe_time",
            "last_transition_time",
            "nodes_total",
        )
    )
    unknown = {"phase": Phase.PENDING, "ready": "Unknown", "offline": "Unknown", "reason": "", "version": ""}
    made = cluster(name, **{**blank, **unknown, "credential": {"token": "an-uploaded-token"}, **values})
    checklist.lay_out(made.pk, checklist.Operation.JOIN)
    return made


def person(*permissions: str) -> User:
    """Somebody with these permissions on clusters, by codename."""
    made = User.objects.create_user(f"somebody-{next(_numbers)}", password="a-password")
    made.user_permissions.set(
        Permission.objects.filter(content_type__app_label="clusters", codename__in=permissions)
    )
    return made


def kubeconfig(
    server: str = "https://127.0.0.1:1",
    *,
    token: str = "tok-secret-1",  # noqa: S107
    extra_user: str = "",
    insecure: bool = False,
) -> str:
    """A kubeconfig with the contexts ``first`` (usable) and ``program`` (refused: it would run one)."""
    flag = "\n    insecure-skip-tls-verify: true" if insecure else ""
    return f"""\
apiVersion: v1
kind: Config
current-context: first
clusters:
- name: one
  cluster:
    server: {server}{flag}
users:
- name: admin
  user:
    token: {token}{extra_user}
- name: runner
  user:
    exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/touch, args: [/tmp/owned]}}
contexts:
- name: first
  context: {{cluster: one, user: admin}}
- name: program
  context: {{cluster: one, user: runner}}
"""
