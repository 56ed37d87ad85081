"""Who needs us first: the ranking of Today. Pure: no Django, no clock.

priority = revenue at risk × urgency.

- Revenue at risk: ARR × the larger of churn risk and what the band alone says (at risk 30 %, watch 12 %, unknown
  10 %, healthy 2 %), so that a falling customer does not hide behind a calm model.
- Urgency: 1 far from any deadline, rising to 3 on the last day on which notice can be given (or on the renewal, where
  there is none), and half as much again when the score fell in the last weeks.

Five places. The last one is kept for a small account (below the median ARR), so that many small ones are not
always behind a few large ones; nobody healthy and unmoved is listed at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

PLACES = 5
BAND_RISK = {"at_risk": 3_000, "watch": 1_200, "unknown": 1_000, "healthy": 200}
NEAR_DAYS = 90
NOTABLE_FALL = -300
_FULL = 10_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer under contract. Money in minor units, risk in basis points, change in hundredths of points.

    ``leaving``: notice was given, or the contract ended and is in grace (then ``arr_minor`` is what ended).
    """

    id: UUID
    arr_minor: int
    band: str
    churn_risk: int | None
    change: int | None
    notice_deadline: date | None
    renewal_on: date | None
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with what its place was computed from. ``at_risk_minor``: expected loss in minor units."""

    candidate: Candidate
    at_risk_minor: int
    urgency: float
    small: bool = False

    @property
    def priority(self) -> float:
        return self.at_risk_minor * self.urgency


def needs_attention(candidate: Candidate) -> bool:
    """Whether something about the customer asks for a person at all."""
    fell = candidate.change is not None and candidate.change <= NOTABLE_FALL
    return candidate.band in ("at_risk", "watch", "unknown") or fell or candidate.leaving


def revenue_at_risk(candidate: Candidate) -> int:
    """Expected loss in minor units."""
    risk = max(candidate.churn_risk or 0, BAND_RISK.get(candidate.band, 0))
    return candidate.arr_minor * risk // _FULL


def urgency(candidate: Candidate, today: date) -> float:
    """From 1 to 4.5; see the module."""
    day = candidate.notice_deadline or candidate.renewal_on
    days = None if day is None else (day - today).days
    near = 0.0 if days is None or days > NEAR_DAYS or days < 0 else 1 - days / NEAR_DAYS
    fell = candidate.change is not None and candidate.change <= NOTABLE_FALL
    return (1 + 2 * near) * (1.5 if fell else 1.0)


def rank(candidates: Iterable[Candidate], today: date, *, middle: int, places: int = PLACES) -> list[Ranked]:
    """The customers to show, most important first; the last place is a small account's where one waits.

    ``middle``: the ARR below which an account is small.
    """
    asking = {candidate.id: candidate for candidate in candidates if needs_attention(candidate)}
    ranked = sorted(
        (Ranked(c, revenue_at_risk(c), urgency(c, today), small=c.arr_minor < middle) for c in asking.values()),
        key=lambda each: (-each.priority, each.candidate.id),
    )
    first, rest = ranked[:places], ranked[places:]
    if rest and not any(each.small for each in first):
        waiting = next((each for each in rest if each.small), None)
        if waiting is not None:
            return [*first[:-1], waiting]
    return first


def holder_of_reserved_place(ranked: Sequence[Ranked]) -> UUID | None:
    """The small account among larger ones; None when there is none, or only small ones."""
    small = [each for each in ranked if each.small]
    return small[-1].candidate.id if len(small) == 1 and len(ranked) > 1 else None
