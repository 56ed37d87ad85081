"""What the default scorecard asks of any customer, whatever the vendor sells and however much it tracks."""

from __future__ import annotations

import numpy as np
import pytest

from health import scoring
from health.defaults import default_content

CARD = scoring.parse_card(default_content())
IN_FULL_USE = {
    "activity_level": 12.0,
    "activity_trend": 1.15,
    "active_users": 5.0,
    "seat_share": 0.95,
    "breadth": 8.0,
    "habit": 5.0,
    "recency": 0.0,
    "sponsor_present": 1.0,
}
STEADY = {"activity_level": 6.0, "activity_trend": 1.0, "seat_share": 0.8, "breadth": 6.0, "habit": 4.5, "recency": 1.0}
LEAVING = {"activity_level": 2.0, "activity_trend": 0.6, "seat_share": 0.3, "habit": 2.0, "recency": 5.0}


def health(**values: float) -> tuple[float, str]:
    """Score and band of a customer in full use but for ``values``."""
    row = np.array([[{**IN_FULL_USE, **values}[item.key] for item in CARD.items]])
    scores = scoring.score(CARD, row, np.array([True]))
    return int(scores.total[0]) / 100, str(scores.band[0])


def test_points_can_be_read_as_weights() -> None:
    assert sum(item.weight for item in CARD.items) == 100


def test_five_working_days_a_week_are_full_use_also_on_monday_morning() -> None:
    assert health(habit=5, recency=3) == (100, "healthy")


def test_a_vendor_that_tracks_little_and_a_customer_that_is_small_are_not_marked_down_for_it() -> None:
    """One kind of event, once a working day, by the only person who has a seat."""
    _, band = health(activity_level=5, breadth=1, active_users=1, seat_share=1, activity_trend=1)
    assert band == "healthy"


def test_good_steady_use_is_healthy_and_has_room_above() -> None:
    score, band = health(**STEADY)
    assert band == "healthy"
    assert score < 95


NO_SPONSOR = {"sponsor_present": 0.0}
HALF_THE_PEOPLE_GONE = {"seat_share": 0.4, "activity_level": 3.0, "activity_trend": 0.5}


@pytest.mark.parametrize("loss", [NO_SPONSOR, HALF_THE_PEOPLE_GONE])
def test_one_thing_lost_from_good_steady_use_is_worth_a_look(loss: dict[str, float]) -> None:
    assert health(**{**STEADY, **loss})[1] == "watch"


def test_use_that_falls_away_is_seen_before_it_ends() -> None:
    assert health(**{**STEADY, **LEAVING})[1] == "watch"
    assert health(**{**STEADY, **LEAVING, "sponsor_present": 0.0})[1] == "at_risk"
