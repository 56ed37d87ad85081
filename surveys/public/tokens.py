"""Signed values that pages carry, so that nothing needs a session or a cookie."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

TICKET_LIFETIME = timedelta(hours=2)
TEST_LIFETIME = timedelta(days=30)
_form = signing.Signer(salt="surveys.form")
_ticket = signing.TimestampSigner(salt="surveys.ticket")
_test = signing.TimestampSigner(salt="surveys.test")
_cookie = signing.Signer(salt="surveys.cookie")


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a form says of itself when it comes back: when it was shown, in which order, and its one submission.

    ``started`` is in Unix seconds by our own clock. ``again``: somebody else at a device that has answered before.
    """

    survey_id: UUID
    started: int
    key: str
    order: tuple[int, ...]
    again: bool = False

    @classmethod
    def fresh(cls, survey_id: UUID, order: Sequence[int], now: datetime, *, again: bool = False) -> FormToken:
        return cls(survey_id, int(now.timestamp()), secrets.token_hex(16), tuple(order), again)

    def signed(self) -> str:
        order = bytes(self.order).hex()
        return _form.sign(f"{self.survey_id.hex}.{self.started:x}.{self.key}.{order}.{int(self.again)}")

    @classmethod
    def read(cls, text: str, survey_id: UUID) -> FormToken | None:
        """The token in ``text``; None unless we signed it for this survey."""
        try:
            survey, started, key, order, again = _form.unsign(text).split(".")
        except (signing.BadSignature, ValueError):
            return None
        if survey != survey_id.hex:
            return None
        return cls(survey_id, int(started, 16), key, tuple(bytes.fromhex(order)), again == "1")


def ticket(survey_id: UUID, submission_key: str) -> str:
    """What the address of the thanks page carries: worth a receipt code for a short while, and nothing in old logs."""
    return _ticket.sign_object([survey_id.hex, submission_key])


def read_ticket(text: str, survey_id: UUID) -> str | None:
    """The submission key of a ticket that is ours, of this survey and not too old."""
    try:
        survey, key = _ticket.unsign_object(text, max_age=TICKET_LIFETIME)
    except (signing.BadSignature, ValueError):
        return None
    return str(key) if survey == survey_id.hex else None


def test_token(survey_id: UUID) -> str:
    """What ``?test=`` of a test link holds. Answers through it never count; it also opens drafts."""
    return _test.sign(survey_id.hex)


def is_test_token(text: str, survey_id: UUID) -> bool:
    try:
        return _test.unsign(text, max_age=TEST_LIFETIME) == survey_id.hex
    except signing.BadSignature:
        return False


def cookie(survey_id: UUID, submission_key: str) -> str:
    """What the device remembers: which submission it made. Signed, so that nobody makes one up for another."""
    return _cookie.sign(f"{survey_id.hex}.{submission_key}")


def read_cookie(text: str, survey_id: UUID) -> str | None:
    try:
        survey, _, key = _cookie.unsign(text).partition(".")
    except signing.BadSignature:
        return None
    return key if survey == survey_id.hex else None
