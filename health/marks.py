"""What people decided that moves what a score says, as marks on charts of it: who, what, when and why.

Two things are decided: by which version of which scorecard a customer is scored, and which band somebody sets by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from health.models import HealthOverride, ScorecardVersion
from health.services.cards import Deck, Turn

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """From ``day`` (UTC) on: ``what`` is a sentence with a name in it, ``why`` the reason given, which may be empty.

    ``url``: the version of a scorecard; empty where there is none.
    """

    day: date
    what: str
    why: str = ""
    url: str = ""


class Dated(Protocol):
    """A day of a history."""

    @property
    def as_of(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A day of the table behind a chart: what the score was, None where only something was decided."""

    day: date
    point: Any
    marks: tuple[Mark, ...]


def of_customer(customer_id: UUID, first: date, last: date) -> list[Mark]:
    """What was decided for one customer from ``first`` to ``last``, oldest first, in four queries at most."""
    found = [*_of_cards(customer_id, first, last), *_of_overrides(customer_id, first, last)]
    return sorted(found, key=lambda mark: mark.day)


def rows(history: Sequence[Dated], marks: Iterable[Mark]) -> list[Row]:
    """The days with a score or a mark, newest first."""
    points = {each.as_of: each for each in history}
    decided: dict[date, list[Mark]] = defaultdict(list)
    for mark in marks:
        decided[mark.day].append(mark)
    days = sorted(points.keys() | decided.keys(), reverse=True)
    return [Row(day, points.get(day), tuple(decided.get(day, ()))) for day in days]


def _of_cards(customer_id: UUID, first: date, last: date) -> list[Mark]:
    turns = Deck.load().turns(customer_id, first, last)
    wanted = {pk for turn in turns for pk in (turn.before, turn.after) if pk}
    rows = ScorecardVersion.objects.filter(pk__in=wanted).select_related("scorecard").defer("content")
    versions: dict[UUID | None, ScorecardVersion] = {row.pk: row for row in rows} if wanted else {}
    return [_turned(turn, versions.get(turn.before), versions[turn.after]) for turn in turns if turn.after in versions]


def _turned(turn: Turn, before: ScorecardVersion | None, after: ScorecardVersion) -> Mark:
    published = after.published_at.astimezone(UTC).date() == turn.day
    said = {"card": after.scorecard.name, "n": after.version, "name": after.published_by_label}
    if before is not None and before.scorecard_id != after.scorecard_id:
        if after.scorecard.is_default:
            what = _("No other scorecard's rule holds any more: scored by “%(card)s”, version %(n)s.") % said
        else:
            what = _("The rule of “%(card)s” holds: scored by its version %(n)s, published by %(name)s.") % said
    else:
        what = _("Version %(n)s of “%(card)s”, published by %(name)s.") % said
    url = reverse("scorecard_detail", args=[after.scorecard_id]) + f"#version-{after.version}"
    return Mark(turn.day, what, after.why if published else "", url)


def _of_overrides(customer_id: UUID, first: date, last: date) -> list[Mark]:
    """When each began and ended; one that had ended by the end of its first day stood over no day."""
    rows = HealthOverride.objects.filter(customer_id=customer_id, from_day__lte=last, expires_on__gte=first - _DAY)
    stood = [row for row in rows.order_by("known_at", "id") if not _ended_by(row, row.from_day)]
    replacing = {row.known_at for row in stood}
    found = []
    for row in stood:
        found.append(_began(row))
        # The mark of the one that took its place says as much.
        if row.ended_at not in replacing:
            found.append(_ended(row))
    return [mark for mark in found if first <= mark.day <= last]


def _ended_by(override: HealthOverride, day: date) -> bool:
    return override.ended_at is not None and override.ended_at.astimezone(UTC).date() <= day


def _began(override: HealthOverride) -> Mark:
    said = {
        "band": override.get_band_display(),
        "name": override.by_label,
        "until": date_format(override.expires_on, "DATE_FORMAT"),
    }
    return Mark(
        override.from_day, _("Set to “%(band)s” by %(name)s, until %(until)s at the latest.") % said, override.reason
    )


def _ended(override: HealthOverride) -> Mark:
    said = {"band": override.get_band_display(), "name": override.ended_by_label}
    if override.ended_at is not None and _ended_by(override, override.expires_on):
        return Mark(
            override.ended_at.astimezone(UTC).date(), _("“%(band)s”, set by hand, was ended by %(name)s.") % said
        )
    return Mark(override.expires_on + _DAY, _("“%(band)s”, set by hand, ran out.") % said)
