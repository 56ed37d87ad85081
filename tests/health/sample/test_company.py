"""The sample company as it comes, whole: whether it can prove anything."""

from __future__ import annotations

from datetime import date

import pytest

from csplatform.demo.plan import World
from csplatform.demo.population import draw
from health.churn.backtest import FEWEST_TESTED
from health.risk import FEWEST_CHURNS
from health.sample import loading


@pytest.mark.parametrize("end", [date(2026, 2, 28), date(2026, 11, 22)])
def test_enough_customers_leave_for_a_churn_model_to_be_learnt_and_judged(end: date) -> None:
    """A model needs 20 churns before the days it is tested on, and 10 on them, each settled."""
    made = loading.simulation(day=end, currency="EUR", owner="robin@example.org", mark="m")
    plans = draw(World(made.catalogue, made.window), customers=made.customers, seed=made.seed)
    days = made.window.days
    left = sorted(plan.left_on for plan in plans if plan.left_on is not None and plan.left_on < days)
    settled = 90 + 30  # the horizon, and the grace period
    tested = [day for day in left[FEWEST_CHURNS:] if left[FEWEST_CHURNS] + settled < day <= days - settled]
    assert len(tested) >= 2 * FEWEST_TESTED
