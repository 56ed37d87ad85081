"""What the boomerang page tells: who stands where, how they flow, how long they stay, and who is stuck.

Every figure is one grouped query over an index, whatever the number of customers. Days are UTC dates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import Customer, Membership
from journeys.models import Force, Lap, LapKind, Move, MoveKind, Stage
from journeys.selectors import journey

FLOW_DAYS = 30
"""The flow shown beside each stage."""
YEAR_DAYS = 365
"""Stays that ended within a year say how long customers stay, and how many go on."""
RETURN_DAYS = 90
"""Throws and churns told under the picture."""
ENOUGH_STAYS = 10
"""With fewer ended stays "longer than nine of ten" means nothing."""
REPLAY_MONTHS = 24


@dataclass(slots=True)
class StageFlow:
    """How customers pass a stage. Counts of ``FLOW_DAYS`` days; ``left`` and ``went_on`` of a year.

    ``median_days``: of stays that ended within a year; ``long_days``: the ninth decile of those and of the stays that
    go on. With fewer than ``ENOUGH_STAYS`` ended ones the first is None, and the second what the workspace expects of
    a stay (``expected_days``), if anything. ``stuck``: customers there longer than ``long_days``.
    """

    came: int = 0
    on: int = 0
    back: int = 0
    churned: int = 0
    left: int = 0
    went_on: int = 0
    median_days: int | None = None
    long_days: int | None = None
    stuck: int = 0

    @property
    def on_percent(self) -> int | None:
        """Of those who left within a year, how many went on, in percent; None with too few."""
        return None if self.left < ENOUGH_STAYS else round(100 * self.went_on / self.left)


@dataclass(frozen=True, slots=True)
class Thrown:
    """What came back within ``RETURN_DAYS``."""

    renewals: int = 0
    expansions: int = 0
    returns: int = 0
    referrals: int = 0

    @property
    def total(self) -> int:
        return self.renewals + self.expansions + self.returns + self.referrals


@dataclass(frozen=True, slots=True)
class Churned:
    """Who left within ``RETURN_DAYS``: how many, with which yearly revenue, by which force ("" where nobody said)."""

    customers: int = 0
    arr_minor: int = 0
    forces: Mapping[str, int] = field(default_factory=dict)


def flows(stages: Sequence[Stage], *, today: date, of: Membership | None = None) -> dict[str, StageFlow]:
    """Stage key → its flow; ``of``: only the customers whose CSM this member is."""
    found = {stage.key: StageFlow() for stage in stages}
    ended: dict[str, Counter[int]] = defaultdict(Counter)
    _count_moves(found, ended, stages, today, of)
    _measure_stays(found, ended, stages, today, of)
    return found


def _moves(of: Membership | None) -> QuerySet[Move]:
    rows: QuerySet[Move] = Move.objects.all()
    return rows if of is None else rows.filter(customer__csm=of)


def _count_moves(
    found: dict[str, StageFlow],
    ended: dict[str, Counter[int]],
    stages: Sequence[Stage],
    today: date,
    of: Membership | None,
) -> None:
    """One pass over the year's moves counts who came and went, and into ``ended`` how many days each stay took."""
    at = {stage.pk: place for place, stage in enumerate(stages)}
    recent = Q(occurred_on__gt=today - timedelta(days=FLOW_DAYS))
    rows = (
        _moves(of)
        .filter(occurred_on__gt=today - timedelta(days=YEAR_DAYS), occurred_on__lte=today)
        .exclude(kind=MoveKind.REGROUPED)  # the stages changed then, not the customer
        .values_list("from_stage_id", "stage_id", "kind", "stayed_days")
        .annotate(year=Count("*"), recent=Count("occurred_on", filter=recent))
    )
    for before, after, kind, days, year, lately in rows.order_by():
        if after in at:
            found[stages[at[after]].key].came += lately
        if before not in at:
            continue
        key = stages[at[before]].key
        if days is not None:
            ended[key][days] += year
        flow = found[key]
        flow.left += year
        if after is None:
            flow.churned += lately
        elif kind != MoveKind.THROWN and at.get(after, -1) < at[before]:
            flow.back += lately
        else:
            flow.on += lately
            flow.went_on += year


def _measure_stays(
    found: dict[str, StageFlow],
    ended: Mapping[str, Counter[int]],
    stages: Sequence[Stage],
    today: date,
    of: Membership | None,
) -> None:
    """Ended stays alone would make everybody who stays on look stuck: for the decile, present stays count as well."""
    rows: QuerySet[Customer] = Customer.objects.all() if of is None else Customer.objects.filter(csm=of)
    present: dict[str, Counter[int]] = defaultdict(Counter)
    counted = rows.filter(stage_since__isnull=False).values_list("stage_key", "stage_since").annotate(n=Count("*"))
    for key, since, number in counted.order_by():
        present[key][(today - since).days] += number
    for stage in stages:
        flow, over, going_on = found[stage.key], ended.get(stage.key, Counter()), present[stage.key]
        flow.long_days = stage.expected_days
        if over.total() >= ENOUGH_STAYS:
            flow.median_days = _days_of(over, 50)
            flow.long_days = max(_days_of(over + going_on, 90), stage.expected_days or 0)
        if flow.long_days is not None:
            flow.stuck = sum(number for days, number in going_on.items() if days > flow.long_days)


def _days_of(stays: Counter[int], percent: int) -> int:
    """The fewest days within which at least ``percent`` of the stays, one or more, ended: the discrete percentile."""
    wanted, seen = percent * stays.total(), 0
    for days in sorted(stays):
        seen += stays[days]
        if 100 * seen >= wanted:
            return days
    raise ValueError("there is no stay")


def thrown(*, today: date, of: Membership | None = None) -> Thrown:
    """Renewals, expansions, returns and referrals of the last ``RETURN_DAYS`` days."""
    since = today - timedelta(days=RETURN_DAYS)
    laps: QuerySet[Lap] = Lap.objects.filter(began_on__gt=since, began_on__lte=today)
    referred: QuerySet[Customer] = Customer.objects.filter(referred_by__isnull=False, created_at__date__gt=since)
    if of is not None:
        laps, referred = laps.filter(customer__csm=of), referred.filter(csm=of)
    kinds = dict(laps.values_list("kind").annotate(n=Count("pk")).order_by())
    return Thrown(
        renewals=kinds.get(LapKind.RENEWAL, 0),
        expansions=kinds.get(LapKind.EXPANSION, 0),
        returns=kinds.get(LapKind.RETURN, 0),
        referrals=referred.count(),
    )


def churned(*, today: date, of: Membership | None = None) -> Churned:
    """Who churned within ``RETURN_DAYS`` days and is still gone, by force; their revenue as their laps gained it."""
    since = today - timedelta(days=RETURN_DAYS)
    rows = _moves(of).filter(
        kind=MoveKind.CHURNED, occurred_on__gt=since, occurred_on__lte=today, customer__churned_on__isnull=False
    )
    forces = dict(rows.values_list("force").annotate(n=Count("customer_id", distinct=True)).order_by())
    if not forces:
        return Churned()
    lost = Lap.objects.filter(customer__in=rows.values("customer_id"), gained_arr_minor__gt=0)
    ordered = {force: forces[force] for force in (*Force.values, "") if force in forces}
    return Churned(
        customers=sum(forces.values()),
        arr_minor=int(lost.aggregate(n=Sum("gained_arr_minor"))["n"] or 0),
        forces=ordered,
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """Where everybody stood at the end of ``day``: stage key → customers."""

    day: date
    customers: Mapping[str, int]


def replay(*, today: date, of: Membership | None = None, months: int = REPLAY_MONTHS) -> list[Frame]:
    """Month by month, oldest first, and today: today's counts with every later move taken back.

    A stage that is no longer in use counts where its macro stage stands now. Customers deleted meanwhile are in none.
    """
    stages = journey.stages()
    place = _places(stages)
    here = _standing_now(stages, of)
    firsts = _months(today, months)
    moved: defaultdict[date, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        _moves(of)
        .filter(occurred_on__gte=firsts[0], occurred_on__lte=today)
        .annotate(month=TruncMonth("occurred_on"))
        .values_list("month", "from_stage_id", "stage_id")
        .annotate(n=Count("*"))
    )
    for month, before, after, number in rows.order_by():
        if after is not None:
            moved[month][place[after]] += number
        if before is not None:
            moved[month][place[before]] -= number
    frames = [Frame(today, dict(here))]
    for first in reversed(firsts):
        for key, number in moved[first].items():
            here[key] = here.get(key, 0) - number
        frames.append(Frame(first - timedelta(days=1), {key: max(0, number) for key, number in here.items()}))
    return frames[::-1]


def _standing_now(stages: Iterable[Stage], of: Membership | None) -> dict[str, int]:
    rows: QuerySet[Customer] = Customer.objects.all() if of is None else Customer.objects.filter(csm=of)
    counted: dict[str, Any] = dict(rows.values_list("stage_key").annotate(n=Count("pk")).order_by())
    return {stage.key: counted.get(stage.key, 0) for stage in stages}


def _places(stages: Sequence[Stage]) -> dict[UUID, str]:
    """Stage id → key of the stage in use that stands for it today."""
    by_macro: dict[str, str] = {}
    for stage in stages:
        by_macro.setdefault(stage.macro, stage.key)
    used = {stage.pk for stage in stages}
    return {
        stage.pk: stage.key if stage.pk in used else by_macro.get(stage.macro, stages[0].key if stages else "")
        for stage in Stage.objects.all()
    }


def _months(today: date, months: int) -> list[date]:
    """The first days of the last ``months`` months, oldest first, the present one included."""
    first = today.replace(day=1)
    found = [first]
    while len(found) < months:
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found[::-1]
