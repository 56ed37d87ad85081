"""How quickly each department works, beside the targets it set itself: figures of a period, each with its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.roles import Department
from csplatform.core.tenancy import current_workspace_id
from journeys.models import DepartmentTempo, Relay, RelayState, Stage
from journeys.selectors import journey, working
from journeys.working_days import WorkingDays

MOST = 50_000
"""More handovers than this in one period are counted from the newest."""
MONTH = 30


class Measure(StrEnum):
    HANDOVER = "handover_days"
    STAY = "stay_days"
    CONTACTS = "contacts"
    REQUEST = "request_days"
    SIGNAL = "signal_days"


LABELS: dict[Measure, Any] = {
    Measure.HANDOVER: _("Handovers answered"),
    Measure.STAY: _("Time in stage"),
    Measure.CONTACTS: _("Conversations per customer and 30 days"),
    Measure.REQUEST: _("Requests answered"),
    Measure.SIGNAL: _("Signals of change answered"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a department. ``actual``: the median of the cases in days, of handovers in working days; of
    contacts the mean per customer and ``MONTH`` days. None: no case.

    ``within``: how many of ``counted`` kept the target (None without one); ``counted`` holds ``cases`` and those
    ``waiting`` unanswered for longer than the target.
    """

    measure: Measure
    target: float | None = None
    actual: float | None = None
    cases: int = 0
    within: int | None = None
    waiting: int = 0
    stage: Stage | None = None

    @property
    def label(self) -> str:
        return str(LABELS[self.measure])

    @property
    def target_days(self) -> int:
        """The target of what counts in days, which is whole; 0 without one."""
        return int(self.target or 0)

    @property
    def counted(self) -> int:
        return self.cases + self.waiting

    @property
    def share(self) -> float | None:
        """Of ``counted``, those within the target; None without a target or a case."""
        return self.within / self.counted if self.within is not None and self.counted else None

    @property
    def is_kept(self) -> bool | None:
        """Whether the actual figure keeps the target; None where one of them is missing."""
        if self.target is None or self.actual is None:
            return None
        return self.actual >= self.target if self.measure is Measure.CONTACTS else self.actual <= self.target


@dataclass(frozen=True, slots=True)
class DepartmentFigures:
    """A department in use (it has people, a stage, a target or a case); ``version`` of its targets, 0: none yet."""

    department: str
    people: int
    version: int
    figures: Sequence[Figure]

    @property
    def label(self) -> str:
        return str(Department(self.department).label)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included, in UTC."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, UTC)


def figures(period: Period, *, now: datetime) -> list[DepartmentFigures]:
    """The departments in use with their figures, in ten queries whatever the data."""
    tempos = {row.department: row for row in DepartmentTempo.objects.all()}
    people = _people()
    told: dict[str, list[Figure]] = {}
    for found in (
        _handovers(period, tempos, now),
        _stays(period),
        _contacts(period, tempos, now),
        _requests(period, tempos, now),
        _signals(period, tempos, now),
    ):
        for department, figure in found:
            told.setdefault(department, []).append(figure)
    return [
        DepartmentFigures(each, people.get(each, 0), tempos[each].version if each in tempos else 0, told.get(each, []))
        for each in Department.values
        if each in people or each in told
    ]


def _people() -> dict[str, int]:
    counted: dict[str, int] = {}
    present = Membership.objects.filter(workspace_id=current_workspace_id(), left_at__isnull=True)
    for department in present.values_list("department", flat=True):
        counted[department] = counted.get(department, 0) + 1
    return counted


def _target(tempos: Mapping[str, DepartmentTempo], department: str, measure: Measure) -> float | None:
    tempo = tempos.get(department)
    value = getattr(tempo, measure.value) if tempo else None
    return None if value is None else float(value)


# --- handovers: by the department that takes --------------------------------------------------------------------


def _handovers(period: Period, tempos: Mapping[str, DepartmentTempo], now: datetime) -> list[tuple[str, Figure]]:
    days = working.working_days()
    rows = Relay.objects.filter(offered_at__gte=period.start, offered_at__lt=period.end, offered_at__lte=now)
    offered: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for department, at, decided_at in (
        rows.exclude(state=RelayState.WITHDRAWN)
        .order_by("-offered_at")
        .values_list("taker_department", "offered_at", "decided_at")[:MOST]
    ):
        offered.setdefault(department, []).append((at, decided_at))
    wanted = {name for name in tempos if _target(tempos, name, Measure.HANDOVER)}
    return [
        (name, _answered(days, offered.get(name, []), _target(tempos, name, Measure.HANDOVER), now))
        for name in Department.values
        if name in wanted or name in offered
    ]


def _answered(
    days: WorkingDays, offered: Sequence[tuple[datetime, datetime | None]], target: float | None, now: datetime
) -> Figure:
    took = [days.worked(at, decided) / timedelta(hours=days.hours_a_day) for at, decided in offered if decided]
    within, waiting = None, 0
    if target is not None:
        limits = [(decided, days.due(at, int(target))) for at, decided in offered]
        within = sum(decided is not None and decided <= limit for decided, limit in limits)
        waiting = sum(decided is None and now > limit for decided, limit in limits)
    return Figure(Measure.HANDOVER, target, median(took) if took else None, len(took), within, waiting)


# --- time in stage: by the department that carries the stage ----------------------------------------------------

_STAYS = """
    SELECT move.from_stage_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY move.stayed_days), count(*),
           count(*) FILTER (WHERE move.stayed_days <= stage.expected_days)
    FROM journeys_move AS move
    JOIN journeys_stage AS stage ON stage.id = move.from_stage_id
    WHERE move.workspace_id = %(workspace)s AND move.occurred_on BETWEEN %(first)s AND %(last)s
      AND move.stayed_days IS NOT NULL AND move.kind <> 'regrouped'
    GROUP BY move.from_stage_id
"""


def _stays(period: Period) -> list[tuple[str, Figure]]:
    """Of the stays that ended in the period; customers that still stand there are on the boomerang."""
    found = {row[0]: row[1:] for row in _rows(_STAYS, {"first": period.first, "last": period.last})}
    told = []
    for stage in journey.stages():
        if not stage.department or (stage.expected_days is None and stage.pk not in found):
            continue
        typical, cases, within = found.get(stage.pk, (None, 0, 0))
        figure = Figure(
            Measure.STAY,
            stage.expected_days,
            typical,
            cases,
            None if stage.expected_days is None else within,
            stage=stage,
        )
        told.append((stage.department, figure))
    return told


# --- conversations: of a department's people with the customers in its care --------------------------------------

_CONTACTS = """
    WITH care AS (
        SELECT DISTINCT member.department, place.customer_id
        FROM accounts_accountteammember AS place
        JOIN accounts_membership AS member ON member.id = place.member_id
        JOIN accounts_customer AS customer ON customer.id = place.customer_id
        WHERE place.workspace_id = %(workspace)s AND place.since <= %(today)s
          AND (place.until IS NULL OR place.until > %(today)s) AND customer.contract_state <> 'churned'
    ), spoken AS (
        SELECT member.department, link.customer_id, count(*) AS times
        FROM journeys_engagement AS engagement
        JOIN accounts_membership AS member ON member.id = engagement.by_id
        JOIN journeys_engagementcustomer AS link ON link.engagement_id = engagement.id
        WHERE engagement.workspace_id = %(workspace)s
          AND engagement.occurred_at >= %(start)s AND engagement.occurred_at < %(end)s
        GROUP BY member.department, link.customer_id
    )
    SELECT care.department, count(*), coalesce(sum(spoken.times), 0),
           count(*) FILTER (WHERE coalesce(spoken.times, 0) * %(month)s >= tempo.contacts * %(days)s)
    FROM care
    LEFT JOIN spoken ON spoken.department = care.department AND spoken.customer_id = care.customer_id
    LEFT JOIN journeys_departmenttempo AS tempo
      ON tempo.workspace_id = %(workspace)s AND tempo.department = care.department
    GROUP BY care.department
"""


def _contacts(period: Period, tempos: Mapping[str, DepartmentTempo], now: datetime) -> list[tuple[str, Figure]]:
    """Customers in a department's care: one of its people holds a place in the account team today."""
    told = {"start": period.start, "end": period.end, "days": period.days, "month": MONTH, "today": now.date()}
    found = {row[0]: row[1:] for row in _rows(_CONTACTS, told)}
    figures = []
    for name in Department.values:
        target = _target(tempos, name, Measure.CONTACTS)
        if name not in found and target is None:
            continue
        customers, times, within = found.get(name, (0, 0, 0))
        rate = float(times) / customers / period.days * MONTH if customers else None
        figures.append((name, Figure(Measure.CONTACTS, target, rate, customers, None if target is None else within)))
    return figures


# --- requests: product answers; signals of change: the department of the customer's CSM ---------------------------

# "since" to "answered", in days; an answer told before the question counts as none at all.
_TIMES = """
    SELECT department, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE answered),
           count(*) FILTER (WHERE answered), count(*) FILTER (WHERE answered AND days <= target),
           count(*) FILTER (WHERE NOT answered AND days > target)
    FROM (
        SELECT asked.department, asked.answered_at IS NOT NULL AS answered, tempo.{column} AS target,
               greatest(0, extract(epoch FROM coalesce(asked.answered_at, %(now)s) - asked.since) / 86400.0) AS days
        FROM ({asked}) AS asked
        LEFT JOIN journeys_departmenttempo AS tempo
          ON tempo.workspace_id = %(workspace)s AND tempo.department = asked.department
    ) AS times
    GROUP BY department
"""
_REQUESTS = """
    SELECT 'product' AS department, request.raised_at AS since,
           (SELECT min(answer.known_at) FROM journeys_requestanswer AS answer
            WHERE answer.workspace_id = %(workspace)s AND answer.request_id = request.id) AS answered_at
    FROM journeys_request AS request
    WHERE request.workspace_id = %(workspace)s AND request.merged_into_id IS NULL
      AND request.raised_at >= %(start)s AND request.raised_at < %(end)s
"""
_SIGNALS = """
    SELECT member.department, signal.known_at AS since, signal.answered_at
    FROM journeys_signal AS signal
    JOIN accounts_customer AS customer ON customer.id = signal.customer_id
    JOIN accounts_membership AS member ON member.id = customer.csm_id
    WHERE signal.workspace_id = %(workspace)s AND signal.state <> 'passed'
      AND signal.known_at >= %(start)s AND signal.known_at < %(end)s
"""


def _requests(period: Period, tempos: Mapping[str, DepartmentTempo], now: datetime) -> list[tuple[str, Figure]]:
    return _times(Measure.REQUEST, _REQUESTS, period, tempos, now)


def _signals(period: Period, tempos: Mapping[str, DepartmentTempo], now: datetime) -> list[tuple[str, Figure]]:
    return _times(Measure.SIGNAL, _SIGNALS, period, tempos, now)


def _times(
    measure: Measure, asked: str, period: Period, tempos: Mapping[str, DepartmentTempo], now: datetime
) -> list[tuple[str, Figure]]:
    statement = _TIMES.format(column=measure.value, asked=asked)
    told = {"start": period.start, "end": period.end, "now": now}
    found = {row[0]: row[1:] for row in _rows(statement, told)}
    figures = []
    for name in Department.values:
        target = _target(tempos, name, measure)
        if name not in found and target is None:
            continue
        typical, cases, within, waiting = found.get(name, (None, 0, 0, 0))
        actual = None if typical is None else float(typical)
        figures.append((name, Figure(measure, target, actual, cases, None if target is None else within, waiting)))
    return figures


def _rows(statement: str, told: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"workspace": current_workspace_id(), **told})
        return list(cursor.fetchall())
