"""What may be said of a request; pure."""

from __future__ import annotations

from datetime import datetime

STATUSES = ("open", "planned", "shipped", "declined")

_WORDS = {
    "open": {"open", "new", "raised", "under_review", "backlog"},
    "planned": {"planned", "accepted", "in_progress", "started", "next"},
    "shipped": {"shipped", "released", "done", "delivered", "completed"},
    "declined": {"declined", "rejected", "wont_do", "won't_do", "wont_fix", "won't_fix"},
}


class AnswerError(ValueError):
    """An answer that cannot be. ``field`` is what is wrong; the message is a key of ``REASONS``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def status_of(text: str) -> str | None:
    """Our word for a status as trackers call it; None for one we do not know."""
    told = text.strip().casefold().replace(" ", "_").replace("-", "_").replace("’", "'")
    return next((status for status, words in _WORDS.items() if told in words), None)


def shipped_at(
    *, status: str, told: datetime | None, before: datetime | None, raised_at: datetime, now: datetime
) -> datetime | None:
    """When it shipped, after an answer with ``status``: as told, else as known ``before``, else ``now``.

    None for what has not shipped. Raises ``AnswerError`` ("not_shipped", "before_raised" or "future") for a moment
    that cannot be.
    """
    if status != "shipped":
        if told is not None:
            raise AnswerError("shipped_at", "not_shipped")
        return None
    moment = told or before or now
    if moment > now:
        raise AnswerError("shipped_at", "future")
    if moment < raised_at:
        raise AnswerError("shipped_at", "before_raised")
    return moment


def require_reason(*, status: str, answer: str) -> None:
    """Whoever declines says why. Raises ``AnswerError``."""
    if status == "declined" and not answer.strip():
        raise AnswerError("answer", "no_reason")
