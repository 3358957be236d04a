"""Kubeconfigs between two steps of the import page: encrypted in the session, and only for minutes.

What somebody pasted holds credentials, so no page ever gives it back; the form carries a key instead.
"""

import secrets
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from clusters.domain import kubeconfig
from clusters.domain.kubeconfig import Kubeconfig, KubeconfigError
from clusters.fields import cipher

#: Seconds that an upload is kept.
LIFETIME = 15 * 60
#: Uploads of one session, for people who import in several tabs.
MOST = 3

_NAME = "kubeconfigs"  # of the session's entry

Session = MutableMapping[str, Any]
Files = MultiValueDict[str, "UploadedFile[Any]"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A kubeconfig as far as it could be read: ``key`` finds it again, ``problem`` says what is wrong."""

    key: str = ""
    text: str = field(default="", repr=False)
    kubeconfig: Kubeconfig | None = None
    problem: str = ""


def read(data: QueryDict, files: Files, session: Session) -> Reading:
    """The kubeconfig of a form: pasted, uploaded, or kept by an earlier step."""
    key = data.get("upload", "")
    try:
        given = data.get("kubeconfig", "").strip() or _content(files.get("kubeconfig_file"))
        text = given or find(session, key)
        if not text:
            return Reading(problem=_expired() if key else _("Paste or upload a kubeconfig."))
        parsed = kubeconfig.parse(text)
    except KubeconfigError as error:
        where = _(" (line %(line)s)") % {"line": error.line} if error.line > 1 else ""
        return Reading(problem=f"{error.message}{where}")
    return Reading(keep(session, given) if given else key, text, parsed)


def _expired() -> str:
    return _("The kubeconfig was forgotten, as it is after 15 minutes: paste or upload it again.")


def _content(file: "UploadedFile[Any] | None") -> str:
    if file is None:
        return ""
    if (file.size or 0) > kubeconfig.MAX_BYTES:
        raise KubeconfigError(_("The file is larger than 1 MB: it is not a kubeconfig."))
    try:
        text: str = file.read().decode()
    except UnicodeDecodeError:
        raise KubeconfigError(_("The file is not text: it is not a kubeconfig.")) from None
    return text


def keep(session: Session, text: str) -> str:
    """Keep a kubeconfig; returns the key to find it by."""
    key = secrets.token_urlsafe(9)
    kept = dict(list(_fresh(session).items())[1 - MOST :])
    session[_NAME] = {**kept, key: [time.time(), cipher().encrypt(text.encode()).decode()]}
    return key


def find(session: Session, key: str) -> str:
    """The kubeconfig of that key; empty when there is none (any more)."""
    _kept_at, sealed = _fresh(session).get(key, (0, ""))
    try:
        return cipher().decrypt(sealed.encode(), ttl=LIFETIME).decode()
    except InvalidToken:
        return ""


def drop(session: Session, key: str) -> None:
    """Forget one upload, and those that are too old."""
    session[_NAME] = {other: kept for other, kept in _fresh(session).items() if other != key}


def _fresh(session: Session) -> dict[str, list[Any]]:
    horizon = time.time() - LIFETIME
    return {key: kept for key, kept in session.get(_NAME, {}).items() if kept[0] > horizon}
