"""The generic mechanisms that stories are composed of; each is a function with parameters, listed in `stories.toml`.

A mechanism gets the customer's `Plan` and its parameters and changes the plan, nothing else. Parameters typed `Day`
are written as days relative to an anchor: `"end-30"`, `"start+10"`, `"contract+45"`; numbers may be `[low, high]`
(drawn evenly, per customer); lists that are data (months, week) are taken as they are. `chance` on an entry applies it
to that share of the customers.

Adding a mechanism is one function with `@mechanism` here; it is then available to the data at once.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NewType

import numpy as np

from csplatform.demo.calendar import FloatArray, add_months
from csplatform.demo.catalogue import STAGES, Catalogue, CatalogueError, Entry
from csplatform.demo.plan import Cancel, Deal, Plan, Prospect

Day = NewType("Day", int)
Mechanism = Callable[..., None]

REGISTRY: dict[str, Mechanism] = {}
_ANCHOR = re.compile(r"(end|start|contract)([+-]\d+)?")
_NOT_DRAWN = ("list[float]", "dict[str, str]", "str", "bool")


def mechanism(function: Mechanism) -> Mechanism:
    """Register under the function's own name."""
    REGISTRY[function.__name__] = function
    return function


@cache
def _parameters(kind: str) -> dict[str, inspect.Parameter]:
    return {name: p for name, p in inspect.signature(REGISTRY[kind]).parameters.items() if p.kind is p.KEYWORD_ONLY}


def _check_entry(entry: Entry, where: str) -> None:
    kind = entry.get("kind")
    if kind not in REGISTRY:
        raise CatalogueError(f"{where}: no mechanism {kind!r}; there are {', '.join(sorted(REGISTRY))}")
    parameters = _parameters(kind)
    given = set(entry) - {"kind", "chance"}
    if unknown := sorted(given - set(parameters)):
        raise CatalogueError(f"{where}, {kind}: unknown {', '.join(unknown)}; it takes {', '.join(parameters)}")
    required = {name for name, p in parameters.items() if p.default is p.empty}
    if missing := sorted(required - given):
        raise CatalogueError(f"{where}, {kind}: {', '.join(missing)} missing")
    for name in given:
        if "Day" not in str(parameters[name].annotation):
            continue
        value = entry[name]
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str) or not _ANCHOR.fullmatch(text):
                raise CatalogueError(
                    f"{where}, {kind}: {name} = {text!r} is not a day such as 'end-30' or 'contract+45'"
                )


def check(catalogue: Catalogue) -> None:
    """Raise `CatalogueError` for the first entry that names an unknown mechanism or parameter, or an unreadable day."""
    for owner in catalogue.stories + catalogue.archetypes + catalogue.cohorts:
        for entry in owner.mechanisms:
            _check_entry(entry, f"stories, {owner.key!r}")


def day_of(plan: Plan, text: str) -> int:
    """The day number of an anchored day such as `end-30`. A customer without contract has no `contract` anchor."""
    match = _ANCHOR.fullmatch(text)
    if match is None:
        raise CatalogueError(f"{plan.story}: {text!r} is not a day such as 'end-30' or 'contract+45'")
    if match[1] == "contract":
        base = plan.contract_day
        if base is None:
            raise CatalogueError(f"{plan.story}: {text!r} needs a contract before it in the list of mechanisms")
    else:
        base = plan.window.last if match[1] == "end" else 0
    return base + int(match[2] or 0)


def _draw(plan: Plan, value: Any, annotation: str) -> Any:
    """A concrete value: anchored days become numbers, pairs are drawn from."""
    if value is None or annotation in _NOT_DRAWN:
        return value
    if isinstance(value, list) and len(value) == 2:
        low, high = (_draw(plan, part, annotation) for part in value)
        if isinstance(low, int) and isinstance(high, int):
            return int(plan.rng.integers(low, high + 1)) if high > low else low
        return float(plan.rng.uniform(low, high))
    return day_of(plan, value) if isinstance(value, str) else value


def apply(plan: Plan, entries: tuple[Entry, ...]) -> None:
    """Apply mechanisms to a plan in the order written."""
    for entry in entries:
        if plan.rng.random() >= entry.get("chance", 1.0):
            continue
        parameters = _parameters(entry["kind"])
        drawn = {
            name: _draw(plan, value, str(parameters[name].annotation))
            for name, value in entry.items()
            if name not in ("kind", "chance")
        }
        REGISTRY[entry["kind"]](plan, **drawn)


def _since(plan: Plan, day: int) -> FloatArray:
    """Days passed since `day`, for every day of the window; negative before it."""
    return (np.arange(plan.window.days) - day).astype(np.float32)


def _smooth(progress: FloatArray) -> FloatArray:
    """An S-curve from 0 to 1 over `progress` 0 … 1."""
    x = np.clip(progress, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


# ------------------------------------------------------------------------------------------------- the contract


@mechanism
def contract(
    plan: Plan,
    *,
    start: Day | None = None,
    renews: Day | None = None,
    terms: int = 1,
    seats: int | None = None,
    price_factor: float = 1.0,
    billing_months: int | None = None,
    notice_days: int | None = None,
    auto_renews: bool | None = None,
) -> None:
    """A paid contract, beginning on `start` or so that term number `terms` ends on `renews`. The rest is drawn."""
    market, company, rng = (
        plan.world.catalogue.population["contract"],
        plan.world.catalogue.population["company"],
        plan.rng,
    )
    if billing_months is None:
        billing_months = 1 if rng.random() < market["monthly_share"] else 12
    if seats is None:
        drawn = company["seats_median"] * np.exp(company["seats_sigma"] * rng.standard_normal())
        seats = int(np.clip(round(drawn), 2, company["seats_max"]))
    if notice_days is None:
        notice_days = int(rng.choice(market["notice_days"])) if billing_months > 1 else 14
    if auto_renews is None:
        auto_renews = bool(rng.random() < market["auto_renew_share"]) or billing_months == 1
    if renews is not None:
        begins = add_months(plan.window.date(renews), -billing_months * terms)
    else:
        first, last = (
            day_of(plan, market["first_start"]),
            day_of(plan, market["last_start"]),
        )
        begins = plan.window.date(start if start is not None else int(rng.integers(first, last + 1)))
    plan.deal = Deal(begins, seats, price_factor, billing_months, notice_days, auto_renews)


def _deal(plan: Plan, kind: str) -> Deal:
    if plan.deal is None:
        raise CatalogueError(f"{plan.story}: {kind} needs a contract before it in the list of mechanisms")
    return plan.deal


@mechanism
def loyal(plan: Plan) -> None:
    """Never leaves of its own accord (a story's `cancel` still holds)."""
    _deal(plan, "loyal").loyal = True


@mechanism
def cancel(plan: Plan, *, notice: Day, ends: Day | None = None, wind_down: float | None = None) -> None:
    """Gives notice on a day; leaves when the term is served, or on `ends`. Usage winds down to `wind_down`."""
    _deal(plan, "cancel").cancel = Cancel(notice, ends, wind_down)


@mechanism
def lapse(plan: Plan) -> None:
    """The last term that ends inside the window is not followed by another, and nobody says so."""
    _deal(plan, "lapse").lapses = True


@mechanism
def returns(plan: Plan, *, at: Day, factor: float = 1.0) -> None:
    """After having left, signs again on a day, for `factor` times the seats."""
    _deal(plan, "returns").returns = (at, factor)


@mechanism
def expansion(plan: Plan, *, at: Day, factor: float) -> None:
    """Buys seats in mid-term, up to `factor` times what it has; ends with the main contract's term."""
    _deal(plan, "expansion").expansions.append((at, factor))


@mechanism
def prospect(plan: Plan, *, stage: str, since: Day, seats: int) -> None:
    """No contract yet: a stage of the left arm, reached in even steps since it became known."""
    if stage not in STAGES[:4]:
        raise CatalogueError(f"{plan.story}: a prospect's stage is one of {', '.join(STAGES[:4])}, not {stage!r}")
    plan.prospect = Prospect(stage, since, seats)


@mechanism
def trial(plan: Plan, *, at: Day, users: int) -> None:
    """A pilot: some users with access from a day until the contract (or the end of the data)."""
    plan.trial = (at, users)


@mechanism
def mark(plan: Plan, *, attributes: dict[str, str]) -> None:
    """Custom attributes that become known when the customer leaves, for example why."""
    plan.marks.update(attributes)


# --------------------------------------------------------------------------- commitment: usage and wish to renew


@mechanism
def ramp(plan: Plan, *, days: float, low: float, high: float, at: Day | None = None) -> None:
    """Adoption: an S-curve from `low` to `high` over `days` from `at` (default: the contract's first day)."""
    begins = at if at is not None else plan.contract_day or 0
    plan.commitment *= low + (high - low) * _smooth(_since(plan, begins) / days)


@mechanism
def step(plan: Plan, *, at: Day, factor: float, over: float = 1.0) -> None:
    """From a day on everything is multiplied by `factor`, reached evenly `over` some days."""
    plan.commitment *= 1.0 + (factor - 1.0) * np.clip(_since(plan, at) / over, 0.0, 1.0)


@mechanism
def decay(plan: Plan, *, at: Day, half_life: float, floor: float = 0.0) -> None:
    """The habit wears off from a day on, halving every `half_life` days, down to `floor`."""
    plan.commitment *= floor + (1.0 - floor) * np.exp2(-np.maximum(_since(plan, at), 0.0) / half_life)


@mechanism
def drift(plan: Plan, *, per_month: float) -> None:
    """A slow growth or shrinking since the contract began, as a rate a month."""
    months = np.maximum(_since(plan, plan.contract_day or 0), 0.0) / np.float32(30.4)
    plan.commitment *= np.exp(per_month * months)


@mechanism
def wander(plan: Plan, *, weekly: float, persistence: float) -> None:
    """Ups and downs without a reason: a weekly autoregressive walk of the logarithm, joined by straight lines."""
    weeks = plan.window.days // 7 + 2
    shocks = plan.rng.standard_normal(weeks) * weekly
    walk = np.empty(weeks)
    walk[0] = shocks[0] / np.sqrt(1.0 - persistence**2)
    for week in range(1, weeks):
        walk[week] = persistence * walk[week - 1] + shocks[week]
    plan.commitment *= np.exp(np.interp(np.arange(plan.window.days) / 7.0, np.arange(weeks), walk))


@mechanism
def sponsor_leaves(
    plan: Plan,
    *,
    at: Day,
    effect: float,
    over: float,
    replaced_after: float | None = None,
) -> None:
    """The sponsor leaves: commitment sinks to `effect` `over` some days; a successor wins most of it back in 90 days.

    Only takes place after the contract began; a sponsor who was already missing is not lost again.
    """
    begins = plan.contract_day
    if begins is None or at <= begins or plan.sponsor_absent(at):
        return
    back = None if replaced_after is None else at + max(1, round(replaced_after))
    plan.sponsor_gaps.append((at, back))
    sunk = 1.0 + (effect - 1.0) * _smooth(_since(plan, at) / over)
    if back is not None:
        sunk = sunk + (np.maximum(sunk, 0.97) - sunk) * _smooth(_since(plan, back) / 90.0)
    plan.commitment *= sunk


@mechanism
def no_sponsor(plan: Plan) -> None:
    """Nobody ever sponsored the purchase."""
    plan.has_sponsor = False


# --------------------------------------------------------------------------------- surroundings: usage, not wish


@mechanism
def season(plan: Plan, *, months: list[float]) -> None:
    """An own season on top of the industry's: twelve factors, January first."""
    plan.surroundings *= plan.window.season(months)


@mechanism
def week(plan: Plan, *, days: list[float]) -> None:
    """An own working week instead of the industry's: seven factors, Monday first."""
    plan.week = days


@mechanism
def shock(
    plan: Plan,
    *,
    at: Day,
    depth: float,
    fall_days: float,
    recovery_days: float,
    felt: float = 0.0,
) -> None:
    """Something hits from outside: usage loses `depth` within `fall_days`, and comes back over `recovery_days`.

    `felt` (0 … 1) is how much of it reaches the wish to renew.
    """
    since = _since(plan, at)
    dip = 1.0 - depth * np.clip(since / fall_days, 0.0, 1.0) * (1.0 - _smooth((since - fall_days) / recovery_days))
    plan.surroundings *= dip ** (1.0 - felt)
    plan.commitment *= dip**felt


@mechanism
def outage(plan: Plan, *, at: Day, days: int) -> None:
    """The sender is down: no event of these days ever arrives."""
    plan.surroundings[max(at, 0) : max(at + days, 0)] = 0.0


@mechanism
def silent(plan: Plan) -> None:
    """Never connected: no event at all."""
    plan.surroundings[:] = 0.0


# --------------------------------------------------------------------------------------------- users and habits


@mechanism
def seat_use(plan: Plan, *, share: float) -> None:
    """Invited users per seat."""
    plan.seat_use = share


@mechanism
def habit(plan: Plan, *, days: float = 1.0, intensity: float = 1.0) -> None:
    """How often (`days`, a factor on days a week) and how much (`intensity`, on events a day) users use it."""
    plan.days_factor *= days
    plan.intensity *= intensity


@mechanism
def features(plan: Plan, *, take_up: float) -> None:
    """How readily features are taken up: 1 by nearly all in time, 0 stays with the core."""
    plan.take_up = take_up


@mechanism
def new_users(plan: Plan, *, since: Day, per_week: float) -> None:
    """Further users are invited every week from a day on."""
    for day in range(max(since, 0), plan.window.days, 7):
        if count := int(plan.rng.poisson(per_week)):
            plan.joins.append((day, count))


@mechanism
def users_leave(plan: Plan, *, at: Day, share: float) -> None:
    """A share of the users stops for good on a day."""
    plan.exits.append((at, share))
