"""What makes an answer suspicious. It is flagged and counted, never dropped; hosts look at it and may remove it.

Flags: ``trap`` (a field people do not see was filled), ``cross_site`` (sent by a page of another site), ``no_proof``
(no proof of work; so are all answers without script), ``too_fast``, ``many_from_one`` (many answers from one network
within ten minutes), ``same_device`` (somebody else at a device that has answered, by their own word).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

import redis
from altcha_django.challenge import build_challenge
from altcha_django.verifiers import LocalVerifier, run_verification
from django.conf import settings
from django.http import HttpRequest

from csplatform.core.rest import limits
from csplatform.core.senders import sender_of
from surveys import receipts
from surveys.models import Checks, Kind, Survey
from surveys.public.tokens import FormToken

SECONDS_TO_ANSWER = {Kind.TOP3: 4, Kind.FORM: 3}
"""Nobody reads a list and chooses faster; a single score takes a second."""
WINDOW_SECONDS = 600
FLAGGED_ABOVE = 20
"""Answers from one network within the window; an office has that many, and more is looked at."""
REFUSED_ABOVE = 1_000
LOOKS_PER_MINUTE = 30
"""Receipt codes tried from one address: people mistype a few."""
ASKS_PER_WINDOW = 20
"""Addresses typed from one network within the window, for each of which we send a mail."""
_PROOF: dict[str, Any] = {
    "algorithm": "PBKDF2/SHA-256",
    "cost": 2_000,
    "key_prefix": "00",
    "expires_seconds": 6 * 3_600,
}
"""About 256 tries of 2,000 rounds: half a second on a desktop, two on a phone, while one reads."""


def rate(survey: Survey, sender: str, now: datetime) -> limits.Allowance | None:
    """What ``sender`` has sent in the present window, with the present answer; None where nobody counts."""
    if survey.checks == Checks.OFF:
        return None
    return limits.count(_caller(survey, "sent", sender), limit=REFUSED_ABOVE, now=now, window=WINDOW_SECONDS)


def seconds_to_look(request: HttpRequest, survey: Survey, now: datetime) -> int:
    """Seconds until this sender may try another receipt code."""
    allowance = limits.count(_caller(survey, "look", sender_of(request)), limit=LOOKS_PER_MINUTE, now=now)
    return allowance.resets_in if allowance.exceeded else 0


def seconds_to_ask(request: HttpRequest, survey: Survey, now: datetime) -> int:
    """Seconds until this sender may have another address written to."""
    allowance = limits.count(
        _caller(survey, "ask", sender_of(request)), limit=ASKS_PER_WINDOW, now=now, window=WINDOW_SECONDS
    )
    return allowance.resets_in if allowance.exceeded else 0


def suspicions(request: HttpRequest, survey: Survey, token: FormToken, sent: int, now: datetime) -> list[str]:
    """The flags of an answer that has just come in; ``sent``: how many its sender sent in the present window."""
    flags = []
    if request.POST.get("website"):
        flags.append("trap")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        flags.append("cross_site")
    if token.again:
        flags.append("same_device")
    if survey.checks == Checks.OFF:
        return flags
    if 0 <= now.timestamp() - token.started < SECONDS_TO_ANSWER.get(Kind(survey.kind), 1):
        flags.append("too_fast")
    if not _is_proven(request.POST.get("proof", ""), survey):
        flags.append("no_proof")
    if sent > FLAGGED_ABOVE:
        flags.append("many_from_one")
    return flags


def challenge(survey: Survey) -> dict[str, Any]:
    """A new proof of work for this survey."""
    solvable: dict[str, Any] = build_challenge(hmac_secret=_secret(survey), **_PROOF).to_dict()
    return solvable


def _is_proven(payload: str, survey: Survey) -> bool:
    """Whether ``payload`` solves a challenge of this survey, for the first time as far as Valkey remembers."""
    if not payload or len(payload) > 4_096:
        return False
    verifier = LocalVerifier(hmac_secret=_secret(survey))
    try:
        return bool(run_verification(payload, verifier=verifier).verified)
    except redis.RedisError:
        return bool(run_verification(payload, verifier=verifier, replay=False).verified)


def _secret(survey: Survey) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), b"survey-proof" + survey.pk.bytes, hashlib.sha256).hexdigest()


def _caller(survey: Survey, what: str, sender: str) -> str:
    return f"survey-{what}:{receipts.sender_digest(settings.SECRET_KEY, str(survey.pk), sender)}"
