"""Reading the success plan: how outcomes and KPIs stand on a day, from what was known by then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from journeys.models import Kpi, KpiVersion, Lap, Measurement, Outcome, OutcomeKind, OutcomeVersion, PlanComment, Win
from journeys.plan import rules
from journeys.plan.rules import Aim, KpiStanding, OutcomeStanding, Reading, Status


@dataclass(frozen=True, slots=True)
class KpiRead:
    """A KPI as it stood. ``readings``: what was known then, oldest first; ``known_at``: of the figure it rests on."""

    kpi: Kpi
    version: KpiVersion
    versions: tuple[KpiVersion, ...]
    readings: tuple[Reading, ...]
    standing: KpiStanding

    @property
    def kpi_id(self) -> UUID:
        return self.kpi.pk

    @property
    def known_at(self) -> datetime:
        return max((reading.known_at for reading in self.readings), default=self.version.known_at)


@dataclass(frozen=True, slots=True)
class OutcomeRead:
    """An outcome as it stood, with the versions known then, oldest first, and its KPIs."""

    outcome: Outcome
    version: OutcomeVersion
    versions: tuple[OutcomeVersion, ...]
    kpis: tuple[KpiRead, ...]
    standing: OutcomeStanding

    @property
    def is_open(self) -> bool:
        return not self.standing.status.is_decided


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What the criteria of stages ask of a customer's plan, of its present lap (and of what belongs to none).

    ``defined``: outcomes that stand with a KPI at least; ``open_outcomes`` and ``open_trial``: the statements of those
    neither met, missed (trial only) nor settled by name; ``trial``: how many trial criteria there are.
    """

    defined: int = 0
    outcomes: int = 0
    open_outcomes: tuple[str, ...] = ()
    trial: int = 0
    open_trial: tuple[str, ...] = ()
    wins: int = 0


@dataclass(slots=True)
class _Rows:
    """The rows behind some outcomes, by owner."""

    versions: dict[UUID, list[OutcomeVersion]] = field(default_factory=dict)
    kpis: dict[UUID, list[Kpi]] = field(default_factory=dict)
    aims: dict[UUID, list[KpiVersion]] = field(default_factory=dict)
    readings: dict[UUID, list[Reading]] = field(default_factory=dict)


def end_of(day: date) -> datetime:
    """The moment by which everything of ``day`` is known."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC) - timedelta(microseconds=1)


def plan_of(customer_id: UUID, *, day: date, known_by: datetime | None = None) -> list[OutcomeRead]:
    """The customer's outcomes as they stood on ``day``, open ones first, then by due date."""
    found = _read(Outcome.objects.filter(customer_id=customer_id), day, known_by)
    return sorted(found, key=lambda read: (not read.is_open, read.standing.due_on or date.max, read.outcome.pk))


def plans_of_outcomes(
    outcome_ids: Collection[UUID], *, day: date, known_by: datetime | None = None, is_list: bool = False
) -> list[OutcomeRead]:
    """These outcomes as they stood on ``day``, in the order of their ids; those unknown then are left out.

    ``is_list``: of each KPI's readings only those its standing rests on, two at most, whatever was measured.
    """
    return _read(Outcome.objects.filter(pk__in=outcome_ids), day, known_by, is_list=is_list)


class Plans:
    """The plans of some customers, read once, as they stood on any day.

    ``recorded_by``: what was stored later takes no part, whatever it claims to have been known.
    """

    def __init__(self, customer_ids: Collection[UUID], *, recorded_by: datetime | None = None) -> None:
        self._outcomes = list(Outcome.objects.filter(customer_id__in=customer_ids).order_by("pk"))
        self._rows = _rows([outcome.pk for outcome in self._outcomes], recorded_by)
        told = Measurement.objects.filter(kpi__outcome__in=[outcome.pk for outcome in self._outcomes])
        if recorded_by is not None:
            told = told.filter(recorded_at__lte=recorded_by)
        _add_readings(self._rows, told, recorded_by)

    def on(self, day: date, *, known_by: datetime) -> list[OutcomeRead]:
        """The outcomes that were known, in the order of their ids."""
        reads = (_outcome(outcome, self._rows, day, known_by) for outcome in self._outcomes)
        return [read for read in reads if read is not None]


def facts_for_criteria(
    customer_ids: Collection[UUID], *, day: date, known_by: datetime | None = None
) -> dict[UUID, PlanFacts]:
    """What the criteria of stages may ask of each customer's plan on ``day``; the same few queries for any number."""
    laps = dict(Lap.objects.filter(customer_id__in=customer_ids, ended_on__isnull=True).values_list("customer", "pk"))
    reads: dict[UUID, list[OutcomeRead]] = {customer_id: [] for customer_id in customer_ids}
    for read in _read(Outcome.objects.filter(customer_id__in=customer_ids), day, known_by, is_list=True):
        if read.outcome.lap_id in (None, laps.get(read.outcome.customer_id)):
            reads[read.outcome.customer_id].append(read)
    wins = dict.fromkeys(customer_ids, 0)
    won = Win.objects.filter(customer_id__in=customer_ids, happened_on__lte=day, known_at__lte=known_by or end_of(day))
    for customer_id, lap_id in won.values_list("customer", "lap"):
        wins[customer_id] += lap_id in (None, laps.get(customer_id))
    return {customer_id: _facts(reads[customer_id], wins[customer_id]) for customer_id in customer_ids}


def promises_of(customer_id: UUID, *, day: date, known_by: datetime | None = None) -> list[dict[str, object]]:
    """The expected outcomes still owed, as a handover carries them: [{"outcome", "version", "statement"}]."""
    return [
        {"outcome": str(read.outcome.pk), "version": read.version.number, "statement": read.version.statement}
        for read in plan_of(customer_id, day=day, known_by=known_by)
        if read.outcome.kind == OutcomeKind.OUTCOME and not _is_fulfilled(read)
    ]


def _facts(reads: list[OutcomeRead], wins: int) -> PlanFacts:
    standing = [read for read in reads if read.standing.status is not Status.DROPPED]
    outcomes = [read for read in standing if read.outcome.kind == OutcomeKind.OUTCOME]
    trial = [read for read in standing if read.outcome.kind == OutcomeKind.TRIAL]
    # A trial criterion that was missed is decided; an outcome that was missed waits for somebody to say what now.
    return PlanFacts(
        defined=sum(bool(read.kpis) for read in outcomes),
        outcomes=len(outcomes),
        open_outcomes=tuple(read.version.statement for read in outcomes if not _is_fulfilled(read)),
        trial=len(trial),
        open_trial=tuple(read.version.statement for read in trial if read.is_open),
        wins=wins,
    )


def _is_fulfilled(read: OutcomeRead) -> bool:
    return read.standing.status.is_decided and (
        read.standing.status is not Status.MISSED or bool(read.version.settlement)
    )


def _read(
    outcomes: QuerySet[Outcome], day: date, known_by: datetime | None, *, is_list: bool = False
) -> list[OutcomeRead]:
    known_by = known_by or end_of(day)
    found = list(outcomes.order_by("pk"))
    rows = _rows([outcome.pk for outcome in found])
    told = Measurement.objects.filter(kpi_id__in=[kpi.pk for kpis in rows.kpis.values() for kpi in kpis])
    _add_readings(rows, _deciding(told, rows, day, known_by) if is_list else told)
    reads = (_outcome(outcome, rows, day, known_by) for outcome in found)
    return [read for read in reads if read is not None]


def _rows(outcome_ids: list[UUID], recorded_by: datetime | None = None) -> _Rows:
    rows = _Rows()
    stored = {} if recorded_by is None else {"recorded_at__lte": recorded_by}
    told = OutcomeVersion.objects.filter(outcome_id__in=outcome_ids, **stored)
    for version in told.order_by("effective_on", "number"):
        rows.versions.setdefault(version.outcome_id, []).append(version)
    kpis = list(Kpi.objects.filter(outcome_id__in=outcome_ids).order_by("pk"))
    ids = [kpi.pk for kpi in kpis]
    for kpi in kpis:
        if recorded_by is not None and kpi.retired_at is not None and kpi.retired_at > recorded_by:
            kpi.retired_at = None
        rows.kpis.setdefault(kpi.outcome_id, []).append(kpi)
    for aim in KpiVersion.objects.filter(kpi_id__in=ids, **stored).order_by("effective_on", "number"):
        rows.aims.setdefault(aim.kpi_id, []).append(aim)
    return rows


def _add_readings(rows: _Rows, measurements: QuerySet[Measurement], recorded_by: datetime | None = None) -> None:
    """A correction or withdrawal that was stored after ``recorded_by`` has not happened yet."""
    told = measurements.order_by("measured_on", "pk").values_list(
        "kpi_id",
        "value",
        "measured_on",
        "known_at",
        "withdrawn_at",
        "replaced_by__known_at",
        "replaced_by__recorded_at",
    )
    for kpi_id, value, measured_on, known_at, withdrawn_at, corrected_at, corrected_in in told:
        ends = [(withdrawn_at, withdrawn_at), (corrected_at, corrected_in)]
        until = min(
            (at for at, stored in ends if at and not (recorded_by and stored and stored > recorded_by)), default=None
        )
        rows.readings.setdefault(kpi_id, []).append(Reading(value, measured_on, known_at, until))


def _deciding(told: QuerySet[Measurement], rows: _Rows, day: date, known_by: datetime) -> QuerySet[Measurement]:
    """The newest reading of each KPI, and the newest until it was due: ``rules.kpi_standing`` asks for no other."""
    counted = told.filter(
        Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=known_by),
        Q(replaced_by__isnull=True) | Q(replaced_by__known_at__gt=known_by),
        measured_on__lte=day,
        known_at__lte=known_by,
    )
    newest = counted.order_by("kpi_id", "-measured_on", "-known_at", "-pk").distinct("kpi_id")
    wanted = Q(pk__in=newest.values("pk"))
    if until_due := _until_due(rows, day, known_by):
        wanted |= Q(pk__in=newest.filter(until_due).values("pk"))
    return Measurement.objects.filter(wanted)


def _until_due(rows: _Rows, day: date, known_by: datetime) -> Q:
    """Measured until the KPI was due, of those whose day has passed; empty where there are none."""
    dues: dict[date, list[UUID]] = {}
    for outcome_id, kpis in rows.kpis.items():
        outcome = rules.in_force(rows.versions.get(outcome_id, []), day=day, known_by=known_by)
        for kpi in kpis:
            aim = rules.in_force(rows.aims.get(kpi.pk, []), day=day, known_by=known_by)
            due_on = (aim.due_on if aim else None) or (outcome.due_on if outcome else None)
            if due_on is not None and due_on < day:
                dues.setdefault(due_on, []).append(kpi.pk)
    wanted = Q()
    for due_on, kpi_ids in dues.items():
        wanted |= Q(kpi_id__in=kpi_ids, measured_on__lte=due_on)
    return wanted


def _outcome(outcome: Outcome, rows: _Rows, day: date, known_by: datetime) -> OutcomeRead | None:
    history = rows.versions.get(outcome.pk, [])
    version = rules.in_force(history, day=day, known_by=known_by)
    if version is None:
        return None
    kpis = [
        read
        for kpi in rows.kpis.get(outcome.pk, [])
        if (read := _kpi(kpi, rows, version.due_on, day, known_by)) is not None
    ]
    settlement = Status(version.settlement) if version.settlement else None
    standing = rules.outcome_standing([read.standing for read in kpis], settlement=settlement, due_on=version.due_on)
    known = tuple(told for told in history if told.known_at <= known_by)
    return OutcomeRead(outcome, version, known, tuple(kpis), standing)


def _kpi(kpi: Kpi, rows: _Rows, outcome_due_on: date | None, day: date, known_by: datetime) -> KpiRead | None:
    if kpi.retired_at is not None and kpi.retired_at <= min(known_by, end_of(day)):
        return None
    history = [version for version in rows.aims.get(kpi.pk, []) if version.known_at <= known_by]
    version = rules.in_force(history, day=day, known_by=known_by)
    readings = rows.readings.get(kpi.pk, [])
    aims = [as_aim(told) for told in history]
    standing = rules.kpi_standing(aims, readings, outcome_due_on=outcome_due_on, day=day, known_by=known_by)
    if version is None or standing is None:
        return None
    known = rules.readings_known(readings, day=day, known_by=known_by)
    return KpiRead(kpi, version, tuple(history), tuple(known), standing)


def as_aim(version: KpiVersion) -> Aim:
    """A version of a KPI as the rules read it."""
    return Aim(version.baseline, version.target, version.due_on, version.effective_on, version.known_at, version.number)


def measurements_of(kpi_id: UUID) -> QuerySet[Measurement]:
    """Every measurement of a KPI, newest first, the corrected and withdrawn among them."""
    return Measurement.objects.filter(kpi_id=kpi_id).select_related("replaced_by").order_by("-measured_on", "-pk")


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of the success plan."""
    return [
        (_("Outcomes"), Outcome.objects.filter(customer_id=customer_id).count()),
        (_("Measurements of KPIs"), Measurement.objects.filter(kpi__outcome__customer_id=customer_id).count()),
        (_("Wins"), Win.objects.filter(customer_id=customer_id).count()),
        (_("Comments on the shared plan"), PlanComment.objects.filter(customer_id=customer_id).count()),
    ]
