"""The secrets in mailed links: keyed hashes and signatures of what they open, so that none is stored, and a second
mail holds the same link.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing

CONFIRM_WITHIN = timedelta(days=7)
"""How long a link that confirms an address works; what is not confirmed by then is deleted."""
_confirm = {
    "confirm": signing.Signer(salt="surveys.confirm"),
    "confirm-answer": signing.Signer(salt="surveys.confirm-answer"),
}
_unsubscribe = signing.Signer(salt="surveys.unsubscribe")


def token_of(invitation_id: UUID) -> str:
    """What a personal link holds; stored nowhere. A new secret key makes other ones, and old links keep working."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"survey-invitation" + invitation_id.bytes, hashlib.sha256)
    return urlsafe_b64encode(digest.digest()[:24]).decode()


def submission_key(invitation_id: UUID) -> str:
    """The one submission an invitation has. A keyed hash: the answer does not tell which address it came from."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"survey-submission" + invitation_id.bytes, hashlib.sha256)
    return f"i-{digest.hexdigest()[:48]}"


def hash_of(token: str) -> str:
    """What is stored of a token: links are found by it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def personal_url(slug: str, invitation_id: UUID, language: str) -> str:
    """The address that one person answers at."""
    return f"{settings.PUBLIC_URL}/s/{slug}/?i={token_of(invitation_id)}&lang={language}"


def unsubscribe_url(slug: str, invitation_id: UUID, language: str) -> str:
    """The address that stops all survey mail of the workspace; it works for as long as the survey exists."""
    return f"{settings.PUBLIC_URL}/s/{slug}/unsubscribe/{_unsubscribe.sign(invitation_id.hex)}/?lang={language}"


def read_unsubscribe(text: str) -> UUID | None:
    """The invitation an unsubscribe address belongs to; None unless we signed it."""
    try:
        return UUID(_unsubscribe.unsign(text))
    except (signing.BadSignature, ValueError):
        return None


def confirm_url(slug: str, request_id: UUID, asked_on: date, language: str) -> str:
    """The address at which the owner of a mailbox confirms wishes; it says until when, and is signed with it."""
    return _confirming("confirm", slug, request_id, asked_on, language)


def confirm_answer_url(slug: str, confirmation_id: UUID, asked_on: date, language: str) -> str:
    """The same for an answer."""
    return _confirming("confirm-answer", slug, confirmation_id, asked_on, language)


def read_confirm(what: str, text: str) -> tuple[UUID, date] | None:
    """What a link (``what``: ``confirm``, ``confirm-answer``) is of, and its last day; None unless we signed it."""
    try:
        named, _dot, day = _confirm[what].unsign(text).partition(".")
        return UUID(named), date.fromisoformat(day)
    except (signing.BadSignature, ValueError):
        return None


def _confirming(what: str, slug: str, row_id: UUID, asked_on: date, language: str) -> str:
    token = _confirm[what].sign(f"{row_id.hex}.{asked_on + CONFIRM_WITHIN:%Y%m%d}")
    return f"{settings.PUBLIC_URL}/s/{slug}/{what}/{token}/?lang={language}"
