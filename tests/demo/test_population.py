"""The population at large: plausible, and honest about churn – learnable, never given away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csplatform.demo import DataSet, Simulation
from tests.demo.conftest import END, Written

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def auc(risk: FloatArray, left: np.ndarray[Any, Any]) -> float:
    """Chance that somebody who left was ranked above somebody who stayed; ties count half."""
    order = np.argsort(risk)
    _values, first, count = np.unique(risk[order], return_index=True, return_counts=True)
    ranks = np.repeat(first + (count + 1) / 2, count)
    positive = left[order]
    n1 = positive.sum()
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(left) - n1)))


def looks(data: DataSet, day: int) -> tuple[FloatArray, FloatArray]:
    """Per customer: a simple risk from what was seen by `day`, and events a seat in the last 28 days."""
    window, users = data.simulation.window, data.users
    days = (data.events.timestamp_ms - window.midnight_ms) // 86_400_000
    recent, before = (days > day - 28) & (days <= day), (days > day - 56) & (days <= day - 28)
    customers = len(data.plans)
    now = np.bincount(users.customer[data.events.user[recent]], minlength=customers)
    then = np.bincount(users.customer[data.events.user[before]], minlength=customers)
    active = np.bincount(users.customer[np.unique(data.events.user[recent])], minlength=customers)
    seats = np.array([plan.deal.seats if plan.deal else 1 for plan in data.plans])
    absent = np.array([plan.sponsor_absent(day) for plan in data.plans])
    trend = np.clip((now + 5) / (then + 5), 0, 1.5)
    risk = -np.minimum(active / seats, 1) * 2 - trend - np.minimum(now / seats / 20, 1) + 0.7 * absent
    return risk, now / seats / 4


@pytest.fixture(scope="module")
def many() -> DataSet:
    return Simulation(end=END, customers=1200, months=24, seed=3, events=1_000_000, history=False).run()


def test_past_usage_ranks_later_churn_honestly(many: DataSet) -> None:
    risks, lefts = [], []
    for day in range(120, many.simulation.window.days - 90, 60):
        risk, _ = looks(many, day)
        for plan in many.plans:
            under_contract = plan.contract_day is not None and plan.contract_day <= day
            if under_contract and any(first <= day < until for first, until in plan.open_spans):
                risks.append(risk[plan.index])
                lefts.append(plan.left_on is not None and day < plan.left_on <= day + 90)
    left = np.array(lefts)
    assert left.sum() > 150
    assert 0.62 < auc(np.array(risks), left) < 0.85
    assert 0.01 < left.mean() < 0.08


def test_a_tenth_to_a_quarter_of_all_customers_has_left(sherwood: Written) -> None:
    signed = [plan for plan in sherwood.data.plans if plan.deal is not None]
    assert 0.1 < np.mean([plan.left_on is not None for plan in signed]) < 0.27


def test_most_customers_are_busy_and_some_are_not(sherwood: Written) -> None:
    data, last = sherwood.data, sherwood.data.simulation.window.last
    _, per_seat = looks(data, last)
    live = [p.index for p in data.plans if p.open_spans and p.open_spans[-1][1] > last and p.deal is not None]
    assert len(live) > 200
    assert np.mean(per_seat[live] > 3) > 0.55
    assert 0.05 < np.mean(per_seat[live] < 1) < 0.25


def test_weekends_are_dead_where_the_industry_rests(sherwood: Written) -> None:
    window = sherwood.data.simulation.window
    weekend = np.zeros(2)
    for column, industry in enumerate(("Manufacturing", "Hospitality")):
        ids = [p.external_id for p in sherwood.data.plans if p.company.industry["name"] == industry]
        days = sherwood.events["day"][np.isin(sherwood.events["customer_external_id"], ids)]
        weekend[column] = np.mean(window.weekdays[days] >= 5)
    assert weekend[0] < 0.01
    assert weekend[1] > 0.15


def test_users_differ_in_their_habits(sherwood: Written) -> None:
    counts = np.bincount(sherwood.data.events.user)
    busy = counts[counts > 0]
    assert np.percentile(busy, 90) > 5 * np.percentile(busy, 25)
