"""How KPIs and outcomes stand on a day. Pure: no Django, no clock; status is computed here and typed nowhere.

A KPI is to go from its baseline to its target by its due date; the yardstick is the straight line between the two. It
begins on the day the present baseline came into force, so that a new target bends the line and does not restart it.
Which way is better follows from the two figures: a target below its baseline is to be come down to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

SLACK = Decimal("0.10")
"""A KPI that lags the line by no more than this share of its whole way is still on track: measuring is never daily."""
LOST = Decimal("0.30")
"""One that lags by more than this share is off track; between the two it is at risk."""


class Status(StrEnum):
    NOT_STARTED = "not_started"
    UNDATED = "undated"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    MET = "met"
    MISSED = "missed"
    WAIVED = "waived"
    DROPPED = "dropped"

    @property
    def is_decided(self) -> bool:
        """Nothing is to be waited for any more."""
        return self in (Status.MET, Status.MISSED, Status.WAIVED, Status.DROPPED)


class Why(StrEnum):
    """What a status rests on; the words are made of it and the figures beside it."""

    NO_KPI = "no_kpi"
    NOT_MEASURED = "not_measured"
    NEVER_MEASURED = "never_measured"
    NO_DATE = "no_date"
    LINE = "line"
    REACHED = "reached"
    PAST_DUE = "past_due"
    KPIS = "kpis"
    BY_NAME = "by_name"


class Version(Protocol):
    """What said something from ``effective_on`` on; ``number`` orders what was recorded about the same day."""

    @property
    def effective_on(self) -> date: ...
    @property
    def known_at(self) -> datetime: ...
    @property
    def number(self) -> int: ...


V = TypeVar("V", bound=Version)


@dataclass(frozen=True, slots=True)
class Aim:
    """A version of a KPI."""

    baseline: Decimal
    target: Decimal
    due_on: date | None
    effective_on: date
    known_at: datetime
    number: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """A measurement. ``known_until``: when it was corrected or withdrawn; it counts for nothing from then on."""

    value: Decimal
    measured_on: date
    known_at: datetime
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KpiStanding:
    """How a KPI stands. ``expected``: where the straight line is; ``done`` and ``due``: shares of the whole way.

    ``began_on``: where the line begins. ``value`` and ``measured_on`` are those the status rests on.
    """

    status: Status
    why: Why
    aim: Aim
    due_on: date | None
    began_on: date
    value: Decimal | None = None
    measured_on: date | None = None
    expected: Decimal | None = None
    done: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OutcomeStanding:
    """How an outcome stands, with how many of its KPIs are met. ``due_on``: the last day something is due."""

    status: Status
    why: Why
    met: int
    of: int
    due_on: date | None


def in_force(versions: Iterable[V], *, day: date, known_by: datetime) -> V | None:
    """The version that counts on ``day`` as far as it was known by then; None where there was none yet."""
    return max(_known(versions, day, known_by), key=_order, default=None)


def readings_known(readings: Iterable[Reading], *, day: date, known_by: datetime) -> list[Reading]:
    """What was measured up to ``day``, was known by then and not yet corrected; oldest first."""
    return sorted(
        (
            reading
            for reading in readings
            if reading.measured_on <= day
            and reading.known_at <= known_by
            and (reading.known_until is None or reading.known_until > known_by)
        ),
        key=lambda reading: (reading.measured_on, reading.known_at),
    )


def kpi_standing(
    aims: Sequence[Aim], readings: Iterable[Reading], *, outcome_due_on: date | None, day: date, known_by: datetime
) -> KpiStanding | None:
    """How the KPI stands on ``day`` from what was known by ``known_by``; None before it was defined.

    Without a due date of its own it is due when its outcome is. Until then the newest reading decides; afterwards a
    target that was reached on the day stays reached, and one reached later is met late.
    """
    aim = in_force(aims, day=day, known_by=known_by)
    if aim is None:
        return None
    due_on = aim.due_on or outcome_due_on
    began_on = _line_begins(aims, aim, day=day, known_by=known_by)
    known = readings_known(readings, day=day, known_by=known_by)
    expected = expected_on(aim, due_on=due_on, began_on=began_on, day=day)
    if not known:
        late = due_on is not None and day > due_on
        status, why = (Status.OFF_TRACK, Why.NEVER_MEASURED) if late else (Status.NOT_STARTED, Why.NOT_MEASURED)
        return KpiStanding(status, why, aim, due_on, began_on, expected=expected)
    reading = _deciding(known, aim, due_on)
    done = share_of_way(aim, reading.value)
    status, why = _status(aim, reading, done, expected, due_on, day)
    return KpiStanding(status, why, aim, due_on, began_on, reading.value, reading.measured_on, expected, done)


def outcome_standing(
    kpis: Sequence[KpiStanding], *, settlement: Status | None, due_on: date | None = None
) -> OutcomeStanding:
    """How an outcome stands: as settled by name, else as the worst of its KPIs that are measured."""
    met = sum(kpi.status is Status.MET for kpi in kpis)
    last_due = max((kpi.due_on for kpi in kpis if kpi.due_on), default=due_on)

    def stands(status: Status, why: Why) -> OutcomeStanding:
        return OutcomeStanding(status, why, met, len(kpis), last_due)

    if settlement is not None:
        return stands(settlement, Why.BY_NAME)
    if not kpis:
        return stands(Status.NOT_STARTED, Why.NO_KPI)
    if met == len(kpis):
        return stands(Status.MET, Why.KPIS)
    statuses = {kpi.status for kpi in kpis}
    if statuses <= {Status.MET, Status.MISSED}:
        return stands(Status.MISSED, Why.KPIS)
    if Status.MISSED in statuses:
        return stands(Status.OFF_TRACK, Why.KPIS)
    for worst in (Status.OFF_TRACK, Status.AT_RISK, Status.ON_TRACK, Status.UNDATED):
        if worst in statuses:
            return stands(worst, Why.KPIS)
    return stands(Status.NOT_STARTED if not met else Status.ON_TRACK, Why.KPIS)


def expected_on(aim: Aim, *, due_on: date | None, began_on: date, day: date) -> Decimal | None:
    """Where the straight line from baseline to target is on ``day``; None without a due date."""
    if due_on is None:
        return None
    whole = (due_on - began_on).days
    if day >= due_on or whole <= 0:
        return aim.target
    gone = max(0, (day - began_on).days)
    return aim.baseline + (aim.target - aim.baseline) * gone / whole


def share_of_way(aim: Aim, value: Decimal) -> Decimal:
    """The share of the way from baseline to target that ``value`` has come: 0 at the one, 1 at the other."""
    return (value - aim.baseline) / (aim.target - aim.baseline)


def reaches(aim: Aim, value: Decimal) -> bool:
    return value >= aim.target if aim.target > aim.baseline else value <= aim.target


def _order(version: Version) -> tuple[date, datetime, int]:
    return (version.effective_on, version.known_at, version.number)


def _known(versions: Iterable[V], day: date, known_by: datetime) -> list[V]:
    return [version for version in versions if version.known_at <= known_by and version.effective_on <= day]


def _line_begins(aims: Sequence[Aim], present: Aim, *, day: date, known_by: datetime) -> date:
    until_now = [aim for aim in _known(aims, day, known_by) if _order(aim) <= _order(present)]
    began_on = present.effective_on
    for aim in sorted(until_now, key=_order, reverse=True):
        if aim.baseline != present.baseline:
            break
        began_on = aim.effective_on
    return began_on


def _deciding(known: Sequence[Reading], aim: Aim, due_on: date | None) -> Reading:
    in_time = [reading for reading in known if due_on is None or reading.measured_on <= due_on]
    newest = known[-1]
    return in_time[-1] if in_time and not reaches(aim, newest.value) and reaches(aim, in_time[-1].value) else newest


def _status(
    aim: Aim, reading: Reading, done: Decimal, expected: Decimal | None, due_on: date | None, day: date
) -> tuple[Status, Why]:
    if reaches(aim, reading.value):
        return Status.MET, Why.REACHED
    if due_on is None or expected is None:
        return Status.UNDATED, Why.NO_DATE
    if day > due_on:
        return Status.MISSED, Why.PAST_DUE
    behind = share_of_way(aim, expected) - done
    if behind <= SLACK:
        return Status.ON_TRACK, Why.LINE
    return (Status.AT_RISK if behind <= LOST else Status.OFF_TRACK), Why.LINE
