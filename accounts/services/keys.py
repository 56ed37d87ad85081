"""API keys: made once, shown once, found by a public prefix, checked by a digest of the whole."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope

SCOPES = ("read", "write", "ingest", "admin")

_MARK = "bmr"
_LETTERS = string.ascii_letters + string.digits
_PUBLIC_LENGTH = 12
_SECRET_LENGTH = 43  # 62 ** 43: more than 256 bits
_TOUCH_EVERY = timedelta(minutes=1)
_NO_DIGEST = "0" * 64


def create_key(
    *, workspace: Workspace, name: str, scopes: Sequence[str], actor: audit.Actor, now: datetime
) -> tuple[ApiKey, str]:
    """A new key and its plaintext, ``bmr_<12 public>_<43 secret>``, which is kept nowhere.

    Raises ``ValidationError`` naming ``name`` or ``scopes`` when the one is empty or the other unknown.
    """
    chosen = [scope for scope in SCOPES if scope in scopes]
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not chosen:
        raise ValidationError({"scopes": _scope_problem(unknown)})
    public = _random(_PUBLIC_LENGTH)
    plaintext = f"{_MARK}_{public}_{_random(_SECRET_LENGTH)}"
    key = ApiKey(
        workspace=workspace,
        name=name.strip(),
        prefix=public,
        digest=_digest(plaintext),
        scopes=chosen,
        created_by_id=actor.user_id,
        created_at=now,
    )
    key.full_clean(exclude=["created_by", "workspace"])
    with workspace_scope(workspace):
        key.save(force_insert=True)
        audit.record(
            actor=actor, action="api_key.created", subject=key, data={"name": key.name, "scopes": chosen}, now=now
        )
    return key, plaintext


def find_key(plaintext: str) -> ApiKey | None:
    """The live key that ``plaintext`` is, with its workspace; None for anything else.

    Whether the prefix exists does not show in the time taken: a digest is always computed and compared.
    """
    parts = plaintext.split("_")
    well_formed = len(parts) == 3 and parts[0] == _MARK and len(parts[1]) == _PUBLIC_LENGTH and plaintext.isascii()
    key = (
        ApiKey.objects.select_related("workspace").filter(prefix=parts[1], revoked_at__isnull=True).first()
        if well_formed
        else None
    )
    matches = secrets.compare_digest(_digest(plaintext), key.digest if key else _NO_DIGEST)
    return key if key is not None and matches else None


def revoke_key(*, key: ApiKey, actor: audit.Actor, now: datetime) -> None:
    """Close ``key`` for good; revoking it again changes nothing."""
    with workspace_scope(key.workspace_id):
        if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
            audit.record(actor=actor, action="api_key.revoked", subject=key, data={"name": key.name}, now=now)
    key.refresh_from_db(fields=["revoked_at"])


def touch(key: ApiKey, *, now: datetime) -> None:
    """Note that ``key`` was used, at most once a minute, so that busy keys do not write at every request."""
    if key.last_used_at is not None and now - key.last_used_at < _TOUCH_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - _TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    key.last_used_at = now


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _position in range(length))


def _digest(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode("utf-8", "surrogatepass")).hexdigest()


def _scope_problem(unknown: Sequence[str]) -> str:
    known = ", ".join(SCOPES)
    if unknown:
        return _("Unknown scope: %(unknown)s. Known are %(known)s.") % {"unknown": ", ".join(unknown), "known": known}
    return _("Choose at least one scope: %(known)s.") % {"known": known}
