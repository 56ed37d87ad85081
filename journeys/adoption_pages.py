"""What pages show of adoption: where people stand, over time and against the plan, and under which names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Customer
from csplatform.core import charts, formats
from journeys.adoption import curve
from journeys.adoption.people import LEAST_SHOWN
from journeys.adoption.states import State
from journeys.models import (
    AdoptionCount,
    AdoptionIndicator,
    AdoptionPlan,
    AdoptionState,
    IndicatorKind,
    PersonState,
)
from journeys.selectors import adoption as reads

HEIGHT, TOP = 180, 14
PAST, SHORTEST = timedelta(days=365), timedelta(days=56)
ORDER = (State.HABITUAL, State.ACTIVATED, State.FIRST_USE, State.INVITED, State.LAPSED)


def panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """The Adoption tab."""
    today = now.date()
    count, shown = reads.count_of(customer.pk), reads.shown()
    plan = reads.plan_of(customer.pk)
    people = count.people if count else 0
    is_small = shown.is_aggregate and 0 < people < LEAST_SHOWN
    told: dict[str, Any] = {
        "people": people,
        "is_small": is_small,
        "least": LEAST_SHOWN,
        "shown": shown.people.value,
        "plan": plan,
        "plans": [{"row": each, "targets": targets_of(each)} for each in reads.plans_of(customer.pk)] if plan else [],
        "indicators": [indicator_row(each, is_small) for each in reads.indicators_of(customer.pk)],
        "urls": {
            name: reverse(f"adoption_{name}", args=[customer.pk])
            for name in ("people", "plan", "group_new", "indicator_new")
        },
    }
    if count is None or not people or is_small:
        return told
    told["states"] = states_of(count, told["urls"]["people"] if not shown.is_aggregate else "")
    told["sentence"] = sentence(count, plan, today)
    told["chart"] = chart(customer, plan, today)
    told["groups"] = [group_row(each) for each in reads.groups_of(customer.pk, shown=shown)]
    return told


def states_of(count: AdoptionCount, people_url: str) -> list[dict[str, Any]]:
    """How many people stand where, those furthest on first, with the length of their bar in percent."""
    return [
        {
            "key": state.value,
            "label": PersonState(state).label,
            "people": number,
            "share": number / count.people,
            "length": 100 * number / count.people,
            "url": f"{people_url}?state={state}" if people_url and number else "",
        }
        for state in ORDER
        for number in [getattr(count, state.value)]
    ]


def sentence(count: AdoptionCount, plan: AdoptionPlan | None, today: date) -> str:
    """How it stands, in one sentence."""
    told = {
        "habitual": formats.number(count.habitual, get_language()),
        "people": formats.number(count.people, get_language()),
        "share": formats.percent(count.habitual / count.people, get_language()),
    }
    wanted = planned_on(plan, today)
    if wanted is None:
        return _("%(habitual)s of %(people)s people use it out of habit: %(share)s.") % told
    told["planned"] = formats.percent(wanted / 100, get_language())
    if 100 * count.habitual >= wanted * count.people:
        return _("%(habitual)s of %(people)s people use it out of habit: %(share)s, %(planned)s planned by now.") % told
    return _("%(habitual)s of %(people)s people use it out of habit: %(share)s, behind the %(planned)s planned.") % told


def targets_of(plan: AdoptionPlan) -> list[curve.Target]:
    """The plan's targets, as the curve takes them."""
    return [curve.Target(date.fromisoformat(each["on"]), each["percent"]) for each in plan.targets]


def planned_on(plan: AdoptionPlan | None, day: date) -> float | None:
    """What the plan wants on ``day``, in percent; None without a plan or before it begins."""
    if plan is None:
        return None
    return curve.planned(plan.baseline_on, plan.baseline_percent, targets_of(plan), day)


def chart(customer: Customer, plan: AdoptionPlan | None, today: date) -> dict[str, Any]:
    """The share in habit over time against the plan: places in percent from the left and pixels from above."""
    first = reads.first_day_of(customer.pk) or today
    first = min(max(first, today - PAST), today - SHORTEST, *([plan.baseline_on] if plan else []))
    first = max(first, today - 3 * PAST)
    last = max([today, *([targets_of(plan)[-1].on] if plan else [])])
    days = reads.curve_of(customer.pk, first=first, last=today)
    x, y = charts.day_scale(first, last, 1.0, 99.0), charts.Scale(0, 100, HEIGHT, TOP)
    marks = [(round(x(day.on.toordinal()), 2), _height(y, day.habit_percent)) for day in days]
    return {
        "height": HEIGHT,
        "tall": HEIGHT + 24,
        "first": first,
        "last": last,
        "day": today,
        "now": round(x(today.toordinal()), 2),
        "paths": charts.line_paths(marks),
        "newest": marks[-1],
        "newest_text": formats.percent((days[-1].habit_percent or 0) / 100, get_language()),
        "newest_before": marks[-1][0] > 80,
        "lines": [(level, round(y(level), 1)) for level in (0, 50, 100)],
        "way": _way(plan, x, y) if plan else "",
        "goal": _goal(plan, x, y) if plan else None,
        "months": [
            (place, tick)
            for tick in charts.month_ticks(first, last, most=6)
            if 12 < (place := round(x(tick.toordinal()), 2)) < 84
        ],
        "rows": _rows(days, plan),
    }


def _height(y: charts.Scale, percent: float | None) -> float | None:
    return None if percent is None else round(y(percent), 1)


def _way(plan: AdoptionPlan, x: charts.Scale, y: charts.Scale) -> str:
    points = [(plan.baseline_on, plan.baseline_percent), *((each.on, each.percent) for each in targets_of(plan))]
    return charts.line_paths([(x(day.toordinal()), y(percent)) for day, percent in points])[0]


def _goal(plan: AdoptionPlan, x: charts.Scale, y: charts.Scale) -> dict[str, Any]:
    target = targets_of(plan)[-1]
    return {
        "y": round(y(target.percent), 1),
        "x": round(x(target.on.toordinal()), 2),
        "text": formats.percent(target.percent / 100, get_language()),
    }


def _rows(days: Sequence[curve.DayOfStates], plan: AdoptionPlan | None) -> list[dict[str, Any]]:
    """The table behind the chart: some thirty of its days, the newest first."""
    step = max(1, len(days) // 30)
    return [
        {
            "day": each.on,
            "people": each.people,
            "habitual": each.counts.get(State.HABITUAL, 0),
            "share": None if each.habit_percent is None else each.habit_percent / 100,
            "planned": None if (wanted := planned_on(plan, each.on)) is None else wanted / 100,
        }
        for each in list(days)[::-1][::step]
    ]


def person_row(row: AdoptionState, shown: reads.Shown) -> dict[str, Any]:
    """Somebody as they are shown here: by name, or under a pseudonym that leads nowhere."""
    by_name = shown.people == "name"
    return {
        "name": str(row.contact)
        if by_name
        else _("Person %(pseudonym)s") % {"pseudonym": shown.pseudonym(row.contact_id)},
        "group": (row.contact.title or row.contact.role) if by_name else "",
        "state": row.state,
        "label": row.get_state_display(),
        "since": row.since,
        "first_use_on": row.first_use_on,
        "activated_on": row.activated_on,
        "last_use_on": row.last_use_on,
    }


def group_row(read: reads.GroupRead) -> dict[str, Any]:
    """A group with the share of its people in habit."""
    habitual = read.counts.get(State.HABITUAL, 0)
    return {
        "group": read.group,
        "people": read.people,
        "hidden": read.hidden,
        "habitual": habitual,
        "share": habitual / read.people if read.people else None,
        "length": 100 * habitual / read.people if read.people else 0,
    }


def indicator_row(indicator: AdoptionIndicator, is_small: bool) -> dict[str, Any]:
    """An indicator: defined, reached or celebrated, and how far it is; not of a share of few people in aggregate."""
    is_share = indicator.kind == IndicatorKind.SHARE
    language = get_language()
    told = {"state": indicator.get_state_display(), "event": indicator.event}
    celebrated = indicator.win is not None and indicator.win.celebrated_at is not None

    def figure(number: int) -> str:
        return formats.percent(number / 100, language) if is_share else formats.number(number, language)

    return {
        "indicator": indicator,
        "win": indicator.win,
        "asks": _("People at least “%(state)s”") % told if is_share else _("Events “%(event)s”") % told,
        "measured": "" if is_share and is_small else figure(indicator.measured),
        "threshold": figure(indicator.threshold),
        "standing": "celebrated" if celebrated else "reached" if indicator.reached_on else "defined",
    }
