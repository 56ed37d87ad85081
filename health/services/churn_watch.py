"""Between two trainings: whether the champion still meets the customers it learned from, and when the next is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.models import Job
from csplatform.core.tenancy import current_workspace_id
from health.churn import drift
from health.churn.serving import CONTRACT
from health.facts.outages import OutageHistory
from health.facts.versions import Versions
from health.lost import Lost
from health.measures import Floats, span
from health.models import ChurnDrift, ChurnMethod, ChurnModel, HealthSnapshot
from health.risk import INPUTS
from health.services import champion, churn

_EVERY = timedelta(days=7)
_RETRAIN = timedelta(days=28)
_MOST_DAYS = 26
# The calendar moves these of everybody: that is no drift of the customers, and the model knows their values.
_CALENDAR = {"tenure_days", "days_to_renewal"}


def watch(*, now: datetime) -> ChurnDrift | None:
    """Look at the active workspace's champion unless it was looked at in the last week; stores what it saw.

    None, too, while no day has been closed yet that can be compared with those it learned from, as a day of an outage
    of the sender cannot.
    """
    model = churn.champion()
    today = now.astimezone(UTC).date()
    if model is None or not model.content or "reference" not in model.content:
        return None
    if ChurnDrift.objects.filter(model=model, as_of__gt=today - _EVERY).exists():
        return None
    day = _day(model, today)
    lost = OutageHistory(day).at(day, today)
    values = _closed(model, day)
    if not len(values) or (lost is not None and day.toordinal() in lost.days):
        return None
    names = model.content["names"]
    reference = model.content["reference"]
    shifts = dict(zip(names, drift.shifts(reference, values), strict=True))
    most = dict(zip(names, drift.chance(reference, len(values)), strict=True))
    level = drift.level(*_settled(model))
    aside = _CALENDAR | _over_an_outage(model, lost, day)
    moved = [name for name, shift in shifts.items() if name not in aside and shift > max(drift.ALARM, most[name])]
    return ChurnDrift.objects.create(
        workspace_id=current_workspace_id(),
        model=model,
        as_of=today,
        customers=len(values),
        shifts={name: round(shift, 4) for name, shift in shifts.items()},
        level=level,
        is_alarm=bool(moved) or level["is_off"],
    )


def _day(model: ChurnModel, today: date) -> date:
    """The last closed day of the weekday the model learned from.

    A day that is still going on, or another day of the week, has other use without anybody being otherwise.
    """
    learned = model.settled_through or today - timedelta(days=1)
    return today - timedelta(days=1 + (today.weekday() - 1 - learned.weekday()) % 7)


def _over_an_outage(model: ChurnModel, lost: Lost | None, day: date) -> set[str]:
    """The columns that pass over days of an outage on ``day``: what is left of a week is no week."""
    if lost is None:
        return set()
    as_of = day.toordinal()
    names = [name for name in (model.content or {})["names"] if name not in CONTRACT]
    specs = zip(names, champion.by_id(model.pk).specs, strict=True)
    return {name for name, spec in specs if spec.source == "events" and lost.reach(as_of, span(spec)) > span(spec)}


def _closed(model: ChurnModel, day: date) -> Floats:
    """What the model read of everybody it told the risk of on the closed ``day``."""
    rows = HealthSnapshot.objects.filter(churn_model=model, churn_method=ChurnMethod.MODEL, as_of=day)
    newest = rows.order_by("customer_id", "-revision").distinct("customer_id")
    found = [inputs[len(INPUTS) :] for inputs in newest.values_list("risk_inputs", flat=True).iterator()]
    return np.array(found, dtype=np.float64)


def _settled(model: ChurnModel) -> tuple[Floats, Floats]:
    """Risks the model told on closed days, a week apart, whose outcome is settled, and what became of them."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    through = min(workspace.data_through or yesterday, yesterday)
    last = through - timedelta(days=model.horizon_days + workspace.grace_days)
    days = [last - n * _EVERY for n in range(_MOST_DAYS)]
    rows = HealthSnapshot.objects.filter(
        churn_model=model, churn_method=ChurnMethod.MODEL, as_of__in=days, revision=0, churn_risk__isnull=False
    )
    told = list(rows.values_list("customer_id", "as_of", "churn_risk"))
    people = sorted({customer for customer, _, _ in told})
    spells = Versions(people, grace_days=workspace.grace_days, data_through=through).spells(through) if people else []
    ends = {who: [each.ends_on for each in mine if each.ends_on] for who, mine in zip(people, spells, strict=True)}
    ahead = timedelta(days=model.horizon_days)
    labels = [any(day < end <= day + ahead for end in ends[who]) for who, day, _ in told]
    return np.array([risk or 0 for *_, risk in told], dtype=np.float64) / 10_000, np.array(labels, dtype=np.float64)


def train_if_due(*, now: datetime) -> Job | None:
    """Plan the next training of a workspace that has trained before and wants it, four weeks after the last."""
    newest = ChurnModel.objects.order_by("-trained_at").first()
    setting = champion.setting()
    if newest is None or (setting is not None and not setting.retrains) or churn.under_way() is not None:
        return None
    changed = setting is not None and setting.horizon_days != newest.horizon_days and setting.set_at > newest.trained_at
    if not changed and now - newest.trained_at < _RETRAIN:
        return None
    horizon = setting.horizon_days if setting else newest.horizon_days
    return churn.start(horizon=horizon, actor=audit.SYSTEM, now=now, kind=churn.JOB_KIND)
