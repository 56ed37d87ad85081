"""How KPIs and outcomes stand: the straight line, the due date, and what was known on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.plan.rules import Aim, KpiStanding, Reading, Status, Why, kpi_standing, outcome_standing

BEGAN = date(2026, 1, 1)
DUE = date(2026, 12, 27)  # 360 days later: ten points of the way are 36 days
BADNESS = [Status.MET, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.MISSED]


def at(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def aim(baseline: object = 20, target: object = 60, *, due_on: date | None = DUE, on: date = BEGAN) -> Aim:
    return Aim(Decimal(str(baseline)), Decimal(str(target)), due_on, on, at(on))


def reading(value: object, day: date, *, known_until: datetime | None = None) -> Reading:
    return Reading(Decimal(str(value)), day, at(day), known_until)


def standing(aims: list[Aim], readings: list[Reading], day: date, *, outcome_due_on: date | None = None) -> KpiStanding:
    found = kpi_standing(aims, readings, outcome_due_on=outcome_due_on, day=day, known_by=at(day + timedelta(days=1)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "status"),
    [(42, Status.ON_TRACK), (36, Status.ON_TRACK), (35, Status.AT_RISK), (28, Status.AT_RISK), (27, Status.OFF_TRACK)],
)
def test_half_way_through_the_line_is_half_way_up(value: int, status: Status) -> None:
    """At 40 of 60 by then; 4 are the slack, 12 are lost."""
    half = BEGAN + timedelta(days=180)
    found = standing([aim()], [reading(value, half)], half)
    assert (found.status, found.why, found.expected) == (status, Why.LINE, Decimal(40))


def test_lower_is_better_where_the_target_is_below_the_baseline() -> None:
    half = BEGAN + timedelta(days=180)
    assert standing([aim(60, 20)], [reading(38, half)], half).status is Status.ON_TRACK
    assert standing([aim(60, 20)], [reading(20, half)], half).status is Status.MET
    assert standing([aim(60, 20)], [reading(61, half)], half).status is Status.OFF_TRACK


def test_the_day_it_is_due_still_counts_and_the_next_does_not() -> None:
    told = [reading(59, DUE)]
    assert standing([aim()], told, DUE).status is Status.ON_TRACK
    assert standing([aim()], told, DUE + timedelta(days=1)).status is Status.MISSED


def test_what_was_reached_in_time_stays_reached_and_what_comes_late_is_met_late() -> None:
    after = DUE + timedelta(days=30)
    fell_back = [reading(60, DUE), reading(40, after)]
    found = standing([aim()], fell_back, after)
    assert (found.status, found.measured_on) == (Status.MET, DUE)
    late = standing([aim()], [reading(50, DUE), reading(61, after)], after)
    assert (late.status, late.measured_on) == (Status.MET, after)


def test_before_the_due_date_the_newest_figure_decides_even_when_it_fell_back() -> None:
    half = BEGAN + timedelta(days=180)
    told = [reading(60, BEGAN + timedelta(days=90)), reading(30, half)]
    assert standing([aim()], told, half).status is Status.AT_RISK


def test_nothing_measured_is_not_started_and_past_due_it_is_off_track_but_never_called_missed() -> None:
    assert standing([aim()], [], DUE).why is Why.NOT_MEASURED
    found = standing([aim()], [], DUE + timedelta(days=1))
    assert (found.status, found.why) == (Status.OFF_TRACK, Why.NEVER_MEASURED)


def test_without_a_due_date_of_its_own_a_kpi_is_due_with_its_outcome() -> None:
    half = BEGAN + timedelta(days=180)
    free = aim(due_on=None)
    assert standing([free], [reading(30, half)], half).status is Status.UNDATED
    assert standing([free], [reading(42, half)], half, outcome_due_on=DUE).expected == Decimal(40)


def test_a_new_target_bends_the_line_and_a_new_baseline_starts_it_again() -> None:
    later = BEGAN + timedelta(days=90)
    raised = Aim(Decimal(20), Decimal(100), DUE, later, at(later), number=2)
    assert standing([aim(), raised], [], later).began_on == BEGAN
    restarted = Aim(Decimal(30), Decimal(100), DUE, later, at(later), number=2)
    assert standing([aim(), restarted], [], later).began_on == later


def test_a_corrected_measurement_counts_for_the_days_before_its_correction() -> None:
    corrected_on = BEGAN + timedelta(days=200)
    wrong = reading(60, BEGAN + timedelta(days=180), known_until=at(corrected_on) + timedelta(hours=12))
    right = Reading(Decimal(42), wrong.measured_on, at(corrected_on) + timedelta(hours=12))
    before = standing([aim()], [wrong, right], corrected_on - timedelta(days=1))
    assert (before.status, before.value) == (Status.MET, Decimal(60))
    assert standing([aim()], [wrong, right], corrected_on).value == Decimal(42)


def test_a_kpi_is_nowhere_before_it_was_defined() -> None:
    assert kpi_standing([aim()], [], outcome_due_on=None, day=date(2025, 12, 31), known_by=at(DUE)) is None
    assert kpi_standing([aim()], [], outcome_due_on=None, day=DUE, known_by=at(date(2025, 12, 31))) is None


amounts = st.decimals(min_value=-10_000, max_value=10_000, places=2)
ways = st.tuples(amounts, amounts).filter(lambda way: way[0] != way[1])
days = st.integers(min_value=0, max_value=500).map(lambda n: BEGAN + timedelta(days=n))
tellings = st.lists(st.tuples(amounts, days), max_size=8)


@given(ways, tellings, days)
def test_a_kpi_told_upside_down_stands_the_same(
    way: tuple[Decimal, Decimal], told: list[tuple[Decimal, date]], day: date
) -> None:
    up = standing([aim(*way)], [reading(value, on) for value, on in told], day)
    down = standing([aim(-way[0], -way[1])], [reading(-value, on) for value, on in told], day)
    assert (up.status, up.why, up.done) == (down.status, down.why, down.done)


@given(ways, tellings, days)
def test_the_unit_of_a_kpi_changes_nothing(
    way: tuple[Decimal, Decimal], told: list[tuple[Decimal, date]], day: date
) -> None:
    in_minutes = standing([aim(*way)], [reading(value, on) for value, on in told], day)
    in_seconds = standing([aim(way[0] * 60, way[1] * 60)], [reading(value * 60, on) for value, on in told], day)
    assert in_minutes.status is in_seconds.status


@given(ways, amounts, amounts, days, days)
def test_more_of_the_way_is_never_worse(
    way: tuple[Decimal, Decimal], one: Decimal, other: Decimal, on: date, day: date
) -> None:
    on, day = min(on, day), max(on, day)
    less, more = sorted((one, other), reverse=way[1] < way[0])
    worse, better = (standing([aim(*way)], [reading(value, on)], day).status for value in (less, more))
    assert BADNESS.index(better) <= BADNESS.index(worse)


@given(ways, tellings.filter(bool), days, days)
def test_time_alone_never_makes_it_better(
    way: tuple[Decimal, Decimal], told: list[tuple[Decimal, date]], one: date, other: date
) -> None:
    earlier, later = sorted((one, other))
    readings = [reading(value, on) for value, on in told if on <= earlier]
    if readings:
        first, second = (standing([aim(*way)], readings, day).status for day in (earlier, later))
        assert BADNESS.index(first) <= BADNESS.index(second)


@given(ways, st.dictionaries(days, amounts, max_size=8), days)
def test_the_order_in_which_figures_are_told_does_not_matter(
    way: tuple[Decimal, Decimal], told: dict[date, Decimal], day: date
) -> None:
    readings = [reading(value, on) for on, value in told.items()]
    assert standing([aim(*way)], readings, day) == standing([aim(*way)], readings[::-1], day)


@given(ways, tellings, days)
def test_what_is_learned_later_leaves_the_past_alone(
    way: tuple[Decimal, Decimal], told: list[tuple[Decimal, date]], day: date
) -> None:
    known_by = at(day + timedelta(days=1))
    now = [reading(value, on) for value, on in told]
    learned = Reading(Decimal(7), day, known_by + timedelta(seconds=1))
    revised = Aim(way[1], way[0], DUE, BEGAN, known_by + timedelta(hours=1), 2)
    assert standing([aim(*way)], now, day) == kpi_standing(
        [aim(*way), revised], [*now, learned], outcome_due_on=None, day=day, known_by=known_by
    )


def kpi(status: Status) -> KpiStanding:
    return KpiStanding(status, Why.LINE, aim(), DUE, BEGAN)


open_statuses = st.sampled_from(
    [Status.NOT_STARTED, Status.UNDATED, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.MET, Status.MISSED]
)


@given(st.lists(open_statuses, min_size=1, max_size=6))
def test_an_outcome_is_met_when_every_kpi_is_and_decided_only_when_all_are(statuses: list[Status]) -> None:
    found = outcome_standing([kpi(status) for status in statuses], settlement=None)
    assert (found.status is Status.MET) == all(status is Status.MET for status in statuses)
    assert found.status.is_decided == all(status.is_decided for status in statuses)
    assert (found.met, found.of) == (statuses.count(Status.MET), len(statuses))


@given(st.lists(open_statuses, max_size=6), st.sampled_from([Status.MET, Status.MISSED, Status.WAIVED, Status.DROPPED]))
def test_what_people_settle_by_name_goes_before_figures(statuses: list[Status], settled: Status) -> None:
    found = outcome_standing([kpi(status) for status in statuses], settlement=settled)
    assert (found.status, found.why) == (settled, Why.BY_NAME)


def test_an_outcome_without_kpis_says_so() -> None:
    assert outcome_standing([], settlement=None).why is Why.NO_KPI


def test_one_missed_kpi_among_open_ones_puts_the_outcome_off_track() -> None:
    found = outcome_standing([kpi(Status.MISSED), kpi(Status.ON_TRACK)], settlement=None)
    assert found.status is Status.OFF_TRACK
