"""Snapshots of closed days, rebuilt from events and versions as known then; revisions for what came late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Min, QuerySet
from django.db.models.functions import TruncDate
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from accounts.models import Customer, Workspace
from csplatform.core.arrays import literal
from csplatform.core.tenancy import current_workspace_id
from health import measures
from health.facts.asof import AsOf
from health.measures import Facts
from health.models import HealthSnapshot, LateArrival, ScorecardVersion
from health.models.scores import ScoreFields
from health.risk import INPUTS, BaseRate
from health.services import base_rate, cards, champion
from health.services.compute import Result, card_of, compute, specs_of
from health.services.scoring import SCORE_COLUMNS, array_casts, columns_of, unnested


def end_of(day: date) -> datetime:
    """The last moment of ``day`` (UTC): what was known by then counts."""
    return datetime.combine(day, time.max, UTC)


def arrivals_settled() -> datetime:
    """A moment that separates facts stored before from facts stored later, without a grey zone.

    Whoever stores events holds the workspace's lock while stamping ``recorded_at``; sharing that lock for an
    instant means nobody is half-way. It is given back within the statement, because held until our
    transaction ends it would keep live events waiting. Call it before locking rows that arrivals write.
    """
    key = str(current_workspace_id())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))::text, clock_timestamp(),
                   pg_advisory_unlock_shared(hashtextextended(%s, 0))
            """,
            [key, key],
        )
        settled: datetime = cursor.fetchone()[1]
    return settled


@dataclass(frozen=True, slots=True)
class Basis:
    """What a day is computed from: facts stored until a moment, and how the workspace reads contracts."""

    recorded_through: datetime
    grace_days: int
    data_through: date | None

    @classmethod
    def present(cls) -> Basis:
        """Everything stored by now, and the settings of now."""
        workspace = Workspace.objects.get(pk=current_workspace_id())
        return cls(arrivals_settled(), workspace.grace_days, workspace.data_through)

    @classmethod
    def of(cls, snapshot: HealthSnapshot) -> Basis:
        """What a stored snapshot was computed from."""
        if snapshot.grace_days is None:
            workspace = Workspace.objects.get(pk=current_workspace_id())
            return cls(snapshot.recorded_through, workspace.grace_days, workspace.data_through)
        return cls(snapshot.recorded_through, snapshot.grace_days, snapshot.data_through)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Scores of ``customer_ids`` on ``day``, all by one version."""

    day: date
    version: ScorecardVersion
    result: Result
    facts: Facts
    customer_ids: list[UUID]


def rebuild(
    customer_ids: Sequence[UUID],
    days: Sequence[date],
    *,
    bases: Mapping[date, BaseRate],
    basis: Basis,
    known_through: date | None = None,
) -> list[Rebuilt]:
    """Scores of ``customer_ids`` on each of ``days`` from what was known by its end (or by ``known_through``).

    One for each day and scorecard that anybody had on it, in the order of ``days``.
    """
    dealt = cards.Deck.load().deal(customer_ids, days)
    used = {version.pk: card_of(version) for hands in dealt.values() for version, _ in hands}
    models = champion.on_days(days)
    specs = [spec for card in used.values() for spec in specs_of(card)]
    specs += [spec for model in {each.key: each for each in models.values() if each}.values() for spec in model.specs]
    loaded = AsOf(
        customer_ids,
        days,
        specs,
        grace_days=basis.grace_days,
        data_through=basis.data_through,
        recorded_through=basis.recorded_through,
    )
    rebuilt = []
    for day in days:
        facts = loaded.at(day, known_through=known_through)
        for version, rows in dealt[day]:
            mine = facts if rows is None else measures.take(facts, rows)
            places = range(len(customer_ids)) if rows is None else rows.tolist()
            result = compute(used[version.pk], mine, bases[day], models[day])
            rebuilt.append(Rebuilt(day, version, result, mine, [customer_ids[place] for place in places]))
    return rebuilt


def take(customer_ids: Sequence[UUID], days: Sequence[date], *, bases: Mapping[date, BaseRate], now: datetime) -> int:
    """Store snapshots of closed ``days``; returns how many were new or had to be revised. Idempotent.

    A customer has snapshots from the day the relation began: it became known, or a subscription of it began, whichever
    is earlier (a file of customers often says nothing of when). A snapshot that exists and agrees stays; one that
    differs (facts of the time were imported since) gets a revision.
    """
    basis = Basis.present()
    began = _began(customer_ids)
    customer_ids = [customer_id for customer_id in customer_ids if customer_id in began]
    if not customer_ids:
        return 0
    rows: list[_Row] = []
    for each in rebuild(customer_ids, days, bases=bases, basis=basis):
        wanted = [began[i] <= each.day for i in each.customer_ids]
        rows += _rows(each, wanted, end_of(each.day), basis, now)
    return _append(customer_ids, days, rows)


def _began(customer_ids: Sequence[UUID]) -> dict[UUID, date]:
    known = Customer.objects.filter(pk__in=customer_ids).annotate(first=Min("subscriptions__starts_on"))
    return {
        customer_id: min(created_at.astimezone(UTC).date(), first or date.max)
        for customer_id, created_at, first in known.values_list("id", "created_at", "first")
    }


def revise_late(*, today: date, now: datetime, limit: int = 200) -> int:
    """Append revisions where facts of closed days have arrived since; returns customers looked at.

    What was said then stays: a revision stands beside it and says what the late data would have made of it. Every day
    from the first that an arrival touched is looked at: late use can end a silence of any length.
    """
    basis = Basis.present()
    with transaction.atomic():
        # A mark set since then speaks of events this revision cannot see yet: it waits for the next.
        late = list(
            LateArrival.objects.select_for_update(skip_locked=True)
            .filter(workspace_id=current_workspace_id(), marked_at__lte=basis.recorded_through)
            .order_by("customer_id")[:limit]
        )
        LateArrival.objects.filter(
            workspace_id=current_workspace_id(), customer_id__in=[row.customer_id for row in late]
        ).delete()
        for bases, customer_ids in _alike(late, today):
            _revise(customer_ids, dict(bases), today=today, basis=basis, now=now)
        return len(late)


_Bases = tuple[tuple[date, BaseRate], ...]


def _alike(late: Sequence[LateArrival], today: date) -> list[tuple[_Bases, list[UUID]]]:
    """Customers with snapshots of closed days to be looked at, together where days and base rates are the same."""
    marks = {row.customer_id: row for row in late}
    first = min((row.from_day for row in late), default=today)
    told: dict[UUID, dict[date, BaseRate]] = {}
    stored = HealthSnapshot.objects.filter(customer_id__in=marks, as_of__gte=first, as_of__lt=today)
    columns = ("customer_id", "as_of", "recorded_through", "risk_inputs", "churn_horizon")
    for snapshot in stored.only(*columns).order_by("as_of", "revision"):
        mark = marks[snapshot.customer_id]
        bases = told.setdefault(snapshot.customer_id, {})
        bases.pop(snapshot.as_of, None)
        has_it = not mark.is_known_late and snapshot.recorded_through >= mark.marked_at
        if snapshot.as_of >= mark.from_day and not has_it:
            bases[snapshot.as_of] = base_of(snapshot)
    alike: dict[_Bases, list[UUID]] = {}
    for customer_id, bases in sorted(told.items()):
        alike.setdefault(tuple(bases.items()), []).append(customer_id)
    return [(bases, customer_ids) for bases, customer_ids in alike.items() if bases]


def _revise(
    customer_ids: Sequence[UUID],
    bases: Mapping[date, BaseRate],
    *,
    today: date,
    basis: Basis,
    now: datetime,
) -> None:
    days, rows = list(bases), list[_Row]()
    for each in rebuild(customer_ids, days, bases=bases, basis=basis, known_through=today):
        rows += _rows(each, [True] * len(each.customer_ids), now, basis, now)
    _append(customer_ids, days, rows)


def base_of(stored: ScoreFields) -> BaseRate:
    """The base rate a stored score used, so that its rebuilding needs no look at the other customers."""
    log_odds, sd = (stored.risk_inputs[INPUTS.index(name)] for name in ("base_log_odds", "base_sd"))
    return BaseRate(log_odds, sd, stored.churn_horizon)


def rebuild_one(
    customer_id: UUID, day: date, *, base: BaseRate | None = None
) -> tuple[ScorecardVersion, Result, Facts, datetime]:
    """The health of one customer as of a closed ``day``, rebuilt, with its facts and when it was computed.

    Where a snapshot of that day is stored, facts stored after it do not take part, so that the answer stays
    what was said; without one, everything known by the end of the day does. ``base`` spares the look at the
    other customers where the risk is not wanted.
    """
    snapshot = ordinary_snapshots(customer_id).filter(as_of=day).last()
    basis = Basis.of(snapshot) if snapshot else Basis.present()
    if base is None:
        base = base_of(snapshot) if snapshot else base_rate.observe([day])[day]
    (found,) = rebuild([customer_id], [day], bases={day: base}, basis=basis)
    return found.version, found.result, found.facts, snapshot.computed_at if snapshot else basis.recorded_through


def bases_of(customer_id: UUID, days: Sequence[date]) -> dict[date, Basis]:
    """Per day what it is computed from: what its snapshot was, else everything there is."""
    found = {each.as_of: Basis.of(each) for each in ordinary_snapshots(customer_id).filter(as_of__in=days)}
    if found.keys() >= set(days):
        return found
    present = Basis.present()
    return {day: found.get(day, present) for day in days}


def ordinary_snapshots(customer_id: UUID) -> QuerySet[HealthSnapshot]:
    """Snapshots that say what was known then, oldest first; the later revision of a day last."""
    return _snapshots(customer_id).filter(LessThanOrEqual(_KNOWN_DAY, F("as_of")))


def revisions(customer_id: UUID) -> QuerySet[HealthSnapshot]:
    """Snapshots that say what late data would have made of their day, oldest first."""
    return _snapshots(customer_id).filter(GreaterThan(_KNOWN_DAY, F("as_of")))


_KNOWN_DAY = TruncDate("known_through", tzinfo=UTC)


def _snapshots(customer_id: UUID) -> QuerySet[HealthSnapshot]:
    rows: QuerySet[HealthSnapshot] = HealthSnapshot.objects.filter(customer_id=customer_id)
    return rows.order_by("as_of", "revision")


@dataclass(slots=True)
class _Row:
    """A snapshot about to be stored; ``score`` holds the columns of a score by name."""

    HEAD: ClassVar = (
        "customer_id",
        "as_of",
        "revision",
        "version_id",
        "known_through",
        "recorded_through",
        "grace_days",
        "data_through",
        "computed_at",
    )

    customer_id: UUID
    as_of: date
    version_id: UUID
    known_through: datetime
    recorded_through: datetime
    grace_days: int
    data_through: date | None
    computed_at: datetime
    score: dict[str, Any]
    revision: int = 0

    @property
    def key(self) -> tuple[UUID, date]:
        return self.customer_id, self.as_of

    @property
    def is_ordinary(self) -> bool:
        """Whether it says what was known by the end of its day, rather than what late data made of it."""
        return self.known_through <= end_of(self.as_of)


def _rows(
    rebuilt: Rebuilt,
    wanted: Sequence[bool],
    known_through: datetime,
    basis: Basis,
    now: datetime,
) -> list[_Row]:
    columns = columns_of(rebuilt.result)
    return [
        _Row(
            customer_id,
            rebuilt.day,
            rebuilt.version.pk,
            known_through,
            basis.recorded_through,
            basis.grace_days,
            basis.data_through,
            now,
            {name: columns[name][index] for name in SCORE_COLUMNS},
        )
        for index, (customer_id, keep) in enumerate(zip(rebuilt.customer_ids, wanted, strict=True))
        if keep
    ]


# What must agree for a rebuilt snapshot to be the stored one: everything that was computed.
_COMPARED = ("points", "band", "coverage", "values", "risk_inputs", "churn_risk", "override_id")


def _append(customer_ids: Sequence[UUID], days: Sequence[date], rows: list[_Row]) -> int:
    """Store the rows that differ from what is stored, each as the next revision of its day."""
    stored: dict[tuple[UUID, date, bool], HealthSnapshot] = {}
    highest: dict[tuple[UUID, date], int] = {}
    existing = HealthSnapshot.objects.filter(customer_id__in=customer_ids, as_of__in=days)
    for snapshot in existing.order_by("as_of", "customer_id", "revision"):
        key = (snapshot.customer_id, snapshot.as_of)
        stored[(*key, snapshot.known_through <= end_of(snapshot.as_of))] = snapshot
        highest[key] = snapshot.revision
    fresh = []
    for row in rows:
        # The first revision for late data is compared with what was said at the time.
        before = stored.get((*row.key, row.is_ordinary)) or stored.get((*row.key, True))
        if before is None or not _same(before, row):
            row.revision = highest.get(row.key, -1) + 1
            fresh.append(row)
    _insert(fresh)
    return len(fresh)


def _same(stored: HealthSnapshot, row: _Row) -> bool:
    for name in _COMPARED:
        before, after = getattr(stored, name), row.score[name]
        if isinstance(before, list):
            if not np.array_equal(np.array(before), np.array(after), equal_nan=True):
                return False
        elif before != after:
            return False
    return True


def _insert(rows: list[_Row]) -> None:
    """Write the rows, but for those of customers that were deleted while their scores were being rebuilt."""
    if not rows:
        return
    names, expressions, params = unnested({name: [row.score[name] for row in rows] for name in SCORE_COLUMNS})
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH present AS MATERIALIZED (
              SELECT id FROM accounts_customer WHERE id = ANY(%s::uuid[]) ORDER BY id FOR KEY SHARE)
            INSERT INTO health_healthsnapshot (workspace_id, customer_id, as_of, revision, scorecard_version_id,
              known_through, recorded_through, grace_days, data_through, computed_at, {names})
            SELECT %s::uuid, t.customer_id, t.as_of, t.revision, t.version_id, t.known, t.recorded, t.grace, t.through,
              t.computed, {expressions}
            FROM unnest(%s::uuid[], %s::date[], %s::int[], %s::uuid[], %s::timestamptz[], %s::timestamptz[],
                        %s::smallint[], %s::date[], %s::timestamptz[], {array_casts()})
              AS t(customer_id, as_of, revision, version_id, known, recorded, grace, through, computed, {names})
            JOIN present ON present.id = t.customer_id
            ON CONFLICT (workspace_id, customer_id, as_of, revision) DO NOTHING
            """,
            [
                literal({row.customer_id for row in rows}),
                str(current_workspace_id()),
                *(literal(getattr(row, name) for row in rows) for name in _Row.HEAD),
                *params,
            ],
        )
