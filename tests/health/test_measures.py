"""What each measure means, on facts small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from health.measures import STATE_DAYS, DefinitionError, Facts, Spec, StreamFacts, evaluate
from health.notes import NEVER_SEEN, NO_PEOPLE, NO_SEATS, reason_missing
from health.parsing import parse

TODAY = date(2026, 6, 16).toordinal()


def facts(
    daily: dict[int, int],
    *,
    first_event_days_ago: int | None = 400,
    since_days_ago: int | None = 400,
    users: int = 3,
    features: int = 4,
    seats: float = 10,
    contacts: int = 5,
    sponsors: int = 1,
) -> Facts:
    """One customer with ``daily`` events by days ago."""
    counts = np.zeros((1, STATE_DAYS), dtype=np.int64)
    for days_ago, count in daily.items():
        counts[0, STATE_DAYS - 1 - days_ago] = count
    first = -1 if first_event_days_ago is None else TODAY - first_event_days_ago
    stream = StreamFacts(counts, np.array([first]), {28: np.array([users])}, {28: np.array([features])})
    since = -1 if since_days_ago is None else TODAY - since_days_ago
    return Facts(
        as_of=TODAY,
        streams={None: stream},
        seats=np.array([seats]),
        has_contact=np.array([contacts > 0]),
        has_sponsor=np.array([sponsors > 0]),
        state=np.array(["active"], dtype=object),
        customer_since=np.array([since]),
        renewal_on=np.array([-1]),
        applicable=np.array([True]),
    )


def value(spec: Spec, of: Facts) -> float:
    return float(evaluate(spec, of)[0])


def test_activity_is_events_a_week_per_seat() -> None:
    assert value(Spec("count", scale="per_seat_week"), facts({0: 40, 27: 40, 28: 999})) == 80 / 4 / 10


def test_a_young_customers_activity_is_measured_over_the_days_it_has_had() -> None:
    young = facts({0: 20, 6: 20}, first_event_days_ago=6, since_days_ago=6)
    assert value(Spec("count", scale="per_seat_week"), young) == 40 / 1 / 10


def test_trend_compares_28_days_with_the_28_before() -> None:
    assert value(Spec("trend"), facts({1: 30, 29: 60})) == 0.5


def test_a_young_customers_trend_uses_the_days_the_window_before_has_had() -> None:
    young = facts({1: 28, 30: 14}, first_event_days_ago=41, since_days_ago=41)
    assert value(Spec("trend"), young) == pytest.approx((28 / 28) / (14 / 14))


def test_under_five_weeks_there_is_no_trend() -> None:
    assert np.isnan(value(Spec("trend"), facts({1: 28}, first_event_days_ago=33, since_days_ago=33)))


def test_silence_in_both_windows_is_no_trend_and_growth_from_nothing_is_capped() -> None:
    assert np.isnan(value(Spec("trend"), facts({})))
    assert value(Spec("trend"), facts({0: 1})) == 4


def test_share_of_seats_needs_seats() -> None:
    assert value(Spec("distinct_users", scale="share_of_seats"), facts({}, users=7)) == 0.7
    assert np.isnan(value(Spec("distinct_users", scale="share_of_seats"), facts({}, seats=np.nan)))


def test_events_that_name_nobody_leave_the_people_unknown_while_silence_means_none() -> None:
    """A product that sends no user with its events must not look as if nobody used it."""
    for spec in (Spec("distinct_users"), Spec("distinct_users", scale="share_of_seats")):
        assert np.isnan(value(spec, facts({3: 5}, users=0)))
        assert value(spec, facts({28: 5}, users=0)) == 0
    nobody = facts({3: 5}, users=0)
    assert reason_missing(Spec("distinct_users"), nobody, 0, np.nan) == NO_PEOPLE
    assert reason_missing(Spec("distinct_users", scale="share_of_seats"), nobody, 0, np.nan) == NO_PEOPLE
    no_seats = facts({3: 5}, users=0, seats=np.nan)
    assert reason_missing(Spec("distinct_users", scale="share_of_seats"), no_seats, 0, np.nan) == NO_SEATS


def test_habit_is_active_days_a_week() -> None:
    assert value(Spec("active_days", scale="per_week"), facts(dict.fromkeys(range(12), 5))) == 3


def test_recency_counts_days_and_stops_at_what_is_kept() -> None:
    assert value(Spec("recency", 64), facts({9: 1})) == 9
    assert value(Spec("recency", 64), facts({})) == STATE_DAYS


def test_who_never_sent_an_event_has_no_usage_values() -> None:
    silent = facts({}, first_event_days_ago=None)
    for spec in (Spec("count"), Spec("trend"), Spec("distinct_users"), Spec("recency", 64), Spec("active_days")):
        assert np.isnan(value(spec, silent))


def test_an_event_that_nobody_ever_sent_says_nothing_of_anybody() -> None:
    """A name misspelt, or not sent yet, is no silence of the customer's; one sent by another customer makes it one."""
    of = facts({0: 40})
    for aggregation in ("count", "trend", "active_days", "recency", "distinct_events", "distinct_users"):
        spec = Spec(aggregation, events=("exported", "shared"))
        assert np.isnan(value(spec, of))
        assert reason_missing(spec, of, 0, np.nan) == NEVER_SEEN
    silent = StreamFacts(np.zeros((1, STATE_DAYS), dtype=np.int64), of.streams[None].first_day)
    streams: dict[tuple[str, ...] | None, StreamFacts] = {None: of.streams[None], ("exported", "shared"): silent}
    seen = replace(of, streams=streams, seen=frozenset({"shared"}))
    assert value(Spec("count", events=("exported", "shared")), seen) == 0


def test_nothing_is_divided_by_nothing() -> None:
    for seats in (0.0, np.nan):
        for spec in (Spec("count", scale="per_seat_week"), Spec("distinct_users", scale="share_of_seats")):
            assert np.isnan(value(spec, facts({0: 3}, seats=seats)))
    assert np.isnan(value(Spec("trend"), facts({}, first_event_days_ago=200)))


def test_a_sponsor_is_unknown_without_contacts() -> None:
    assert value(Spec("sponsor", source="contacts"), facts({})) == 1
    assert value(Spec("sponsor", source="contacts"), facts({}, sponsors=0)) == 0
    assert np.isnan(value(Spec("sponsor", source="contacts"), facts({}, contacts=0, sponsors=0)))


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"source": "moods"}, "source"),
        ({"source": "events", "aggregation": "average"}, "aggregation"),
        ({"source": "contacts", "aggregation": "count"}, "aggregation"),
        ({"source": "events", "aggregation": "count", "window_days": 0}, "window_days"),
        ({"source": "events", "aggregation": "trend", "window_days": 366}, "window_days"),
        ({"source": "events", "aggregation": "count", "window_days": True}, "window_days"),
        ({"source": "events", "aggregation": "recency", "scale": "per_week"}, "scale"),
        ({"source": "events", "aggregation": "count", "events": "login"}, "events"),
        ({"source": "events", "aggregation": "count", "where": [{"property": "plan", "is": "like"}]}, "where.0.is"),
        ({"source": "events", "aggregation": "count", "where": [{"is": "less", "value": "x"}]}, "where.0.value"),
        ({"source": "events", "aggregation": "count", "where": [{"is": "one_of", "value": []}]}, "where.0.value"),
        ({"source": "events", "aggregation": "count", "property": "amount"}, "property"),
        ({"source": "events", "aggregation": "habit"}, "habit_days"),
        ({"source": "events", "aggregation": "habit", "window_days": 7, "habit_days": 8}, "habit_days"),
        ({"source": "events", "aggregation": "recency", "compare": "usual_z"}, "compare"),
        ({"source": "events", "aggregation": "count", "compare": "usual_z", "scale": "per_week"}, "scale"),
        ({"source": "events", "aggregation": "count", "compare": "usual_z", "windows": 2}, "windows"),
        ({"source": "events", "aggregation": "count", "compare": "usual_z", "window_days": 120}, "windows"),
    ],
)
def test_an_unusable_definition_is_refused_by_name(definition: dict[str, object], field: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(definition)
    assert caught.value.field == field
