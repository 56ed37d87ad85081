"""From plans and users to events, as arrays: which user was active on which day, how often, doing what, at what time.

The chance that a user is active on a day is

    days of its habit / days in its working week × weekday × season × surroundings × commitment^0.5   (at most 0.97)

on days with access between its first and last day on which the customer's commitment is not below the user's own
threshold; an active day has 1 + Poisson(events × commitment^0.5 × scale)
events. `scale` is solved so that the whole comes close to a wanted number of events; when even one event per active
day would be too many, active days are thinned out instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from csplatform.demo.calendar import MS_PER_DAY, FloatArray, IntArray, Window
from csplatform.demo.catalogue import Catalogue, Entry
from csplatform.demo.people import Users
from csplatform.demo.plan import Plan

_CELLS = 1_500_000  # user-days held at once
_MIX_SLOTS = 256  # resolution of the feature mix of a role
_HOUR_SLOTS = 512  # resolution of the working hours


@dataclass(frozen=True)
class Events:
    """Columns of equal length, in order of time. `user` and `feature` index `Users` and the catalogue's features;
    `timestamp_ms` is UTC; `value` is NaN where the event has none (an order's value in euros)."""

    user: IntArray
    feature: IntArray
    timestamp_ms: IntArray
    value: FloatArray

    def __len__(self) -> int:
        return len(self.timestamp_ms)


def _customer_days(plan: Plan, window: Window, seasons: dict[str, FloatArray]) -> FloatArray:
    """One customer's factor on activity for every day; 0 without access."""
    week = np.asarray(plan.week, dtype=np.float32)
    factor = plan.surroundings * np.sqrt(plan.commitment) * seasons[plan.company.industry["name"]]
    factor *= week[window.weekdays] * window.holidays / week.sum()
    access = np.zeros(window.days, dtype=np.float32)
    for first, until in plan.open_spans:
        access[first:until] = 1.0
    return factor * access


def _chunks(customers: IntArray, days: int) -> Iterator[tuple[int, int]]:
    """Ranges of users that together have about `_CELLS` user-days."""
    size = max(_CELLS // days, 1)
    for first in range(0, len(customers), size):
        yield first, min(first + size, len(customers))


def _active_days(
    plans: list[Plan],
    users: Users,
    commitment: FloatArray,
    window: Window,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """(user, day) of every active day, users in order."""
    seasons = {plan.company.industry["name"]: plan.company.industry["season"] for plan in plans}
    curves = {name: window.season(months) for name, months in seasons.items()}
    factors = np.stack([_customer_days(plan, window, curves) for plan in plans])
    day = np.arange(window.days)
    found_users, found_days = [], []
    for first, until in _chunks(users.customer, window.days):
        part = slice(first, until)
        chance = factors[users.customer[part]] * users.days[part, None]
        np.minimum(chance, 0.97, out=chance)
        chance *= (day >= users.on[part, None]) & (day < users.off[part, None])
        chance *= commitment[users.customer[part]] >= users.threshold[part, None]
        user, at = np.nonzero(rng.random(chance.shape, dtype=np.float32) < chance)
        found_users.append(user + first)
        found_days.append(at)
    if not found_users:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(found_users), np.concatenate(found_days)


def _repeats(mean: FloatArray, target: int | None, rng: np.random.Generator) -> IntArray:
    """How many events each active day has; 0 where it is thinned out."""
    days = len(mean)
    if target is None:
        return 1 + rng.poisson(mean)
    if target <= days:
        return (rng.random(days) < target / max(days, 1)).astype(np.int64)
    scale = (target - days) / max(float(mean.sum(dtype=np.float64)), 1e-9)
    return 1 + rng.poisson(mean * scale)


def _mixes(catalogue: Catalogue) -> tuple[IntArray, IntArray]:
    """Per kind of user a table to draw features from evenly, and the feature events fall back to."""
    names = catalogue.feature_names
    roles: list[Entry] = catalogue.population["role"]
    tables, cores = [], []
    for role in [
        *roles,
        {
            "mix": {"report_viewed": 4, "forecast_run": 1, "order_created": 0.5},
            "core": "order_created",
        },
    ]:
        weights = np.array([role["mix"].get(name, 0.0) for name in names])
        edges = np.cumsum(weights / weights.sum())
        tables.append(np.searchsorted(edges, (np.arange(_MIX_SLOTS) + 0.5) / _MIX_SLOTS))
        cores.append(names.index(role["core"]))
    return np.array(tables), np.array(cores)


def _take_up_days(plans: list[Plan], catalogue: Catalogue, rng: np.random.Generator) -> IntArray:
    """The day on which each customer took up each feature (customers × features); beyond the window for never."""
    features: list[Entry] = catalogue.population["feature"]
    days = np.full((len(plans), len(features)), -1_000_000, dtype=np.int64)
    ready = np.array([plan.take_up for plan in plans])
    begins = np.array(
        [
            plan.open_spans[0][0] if plan.contract_day is None and plan.open_spans else plan.contract_day or 0
            for plan in plans
        ]
    )
    for column, feature in enumerate(features):
        if feature.get("core"):
            continue
        at_once = rng.random(len(plans)) < feature["early"] * ready
        waits = rng.exponential(feature["median_days"] / np.log(2), len(plans)) / np.maximum(ready, 0.05)
        never = rng.random(len(plans)) > np.minimum(ready * 1.15, 1.0)
        taken = begins + np.where(at_once, 0, waits).astype(np.int64)
        days[:, column] = np.where(never & ~at_once, 1_000_000, taken)
    return days


def _hours(plans: list[Plan]) -> IntArray:
    """Per customer `_HOUR_SLOTS` evenly likely minutes of the UTC day: two humps within the industry's hours."""
    slots = (np.arange(_HOUR_SLOTS) + 0.5) / _HOUR_SLOTS
    grid = np.linspace(0.0, 1.0, 400)
    density = np.exp(-(((grid - 0.28) / 0.16) ** 2)) + 0.8 * np.exp(-(((grid - 0.70) / 0.17) ** 2)) + 0.04
    shape = np.interp(slots, np.cumsum(density) / density.sum(), grid)
    tables = []
    for plan in plans:
        opens, closes = plan.company.industry["hours"]
        local = opens + (closes - opens) * shape
        tables.append(np.clip((local - plan.company.country["utc_offset"]) * 60.0, 0, 24 * 60 - 2))
    return np.stack(tables).astype(np.int64)


def _values(feature: IntArray, catalogue: Catalogue, rng: np.random.Generator) -> FloatArray:
    """Order values in whole euros, log-normal around 240; NaN for features that carry none."""
    valued = np.array([bool(entry.get("valued")) for entry in catalogue.population["feature"]])
    value = np.full(len(feature), np.nan, dtype=np.float32)
    rows = np.flatnonzero(valued[feature])
    value[rows] = np.round(np.exp(5.48 + 0.8 * rng.standard_normal(len(rows), dtype=np.float32)))
    return value


def simulate(
    plans: list[Plan],
    users: Users,
    *,
    window: Window,
    catalogue: Catalogue,
    target: int | None,
    rng: np.random.Generator,
) -> Events:
    """All events of all customers within the window, in order of time. `target` is the wanted number, about."""
    commitment = np.stack([plan.commitment for plan in plans])
    user, day = _active_days(plans, users, commitment, window, rng)
    mean = users.events[user] * np.sqrt(commitment[users.customer[user], day])
    repeats = _repeats(mean, target, rng)
    user, day = np.repeat(user, repeats), np.repeat(day, repeats)
    customer = users.customer[user]

    tables, cores = _mixes(catalogue)
    kind = users.kind[user]
    feature = tables[kind, rng.integers(0, _MIX_SLOTS, len(user))]
    not_yet = day < _take_up_days(plans, catalogue, rng)[customer, feature]
    feature[not_yet] = cores[kind[not_yet]]

    minute = _hours(plans)[customer, rng.integers(0, _HOUR_SLOTS, len(user))]
    within = rng.integers(0, 120_000, len(user))
    timestamp = window.midnight_ms + day * MS_PER_DAY + minute * 60_000 + within
    order = np.argsort(timestamp, kind="stable")
    feature = feature[order]
    return Events(user[order], feature, timestamp[order], _values(feature, catalogue, rng))
