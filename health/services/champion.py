"""The churn model in force: which one it is on a day, how far it looks ahead, and reading it once per process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from health.churn.serving import Serving
from health.models import ChurnModel, ChurnSetting
from health.risk import HORIZON_DAYS

# A trained model never changes, so each is read once per process; which one is in force is asked every time.
_KEPT = 100
_LARGE = ("content", "backtest")
_read: dict[UUID, Serving] = {}


def on(day: date) -> Serving | None:
    """The model in force at the end of ``day`` (UTC); for today: now."""
    return on_days([day])[day]


def on_days(days: Iterable[date]) -> dict[date, Serving | None]:
    """``on`` for many days, whose number does not count in queries."""
    rows = ChurnModel.objects.filter(activated_at__isnull=False, content__has_key="definitions")
    spans = [(row.pk, row.activated_at, row.retired_at) for row in rows.order_by("activated_at").defer(*_LARGE)]
    chosen: dict[date, UUID | None] = {}
    for day in days:
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        inside = [pk for pk, since, until in spans if since and since < end and (until is None or until >= end)]
        chosen[day] = inside[-1] if inside else None
    _load({pk for pk in chosen.values() if pk is not None})
    return {day: None if pk is None else _read[pk] for day, pk in chosen.items()}


def by_id(model_id: UUID) -> Serving:
    """The stored model that a score was made with."""
    _load({model_id})
    return _read[model_id]


def _load(wanted: set[UUID]) -> None:
    missing = wanted - _read.keys()
    if not missing:
        return
    if len(_read) > _KEPT:
        for pk in _read.keys() - wanted:
            del _read[pk]
    for row in ChurnModel.objects.filter(pk__in=missing, content__isnull=False).defer("backtest"):
        _read[row.pk] = Serving.from_dict(str(row.pk), row.horizon_days, row.content or {})


def setting(day: date | None = None) -> ChurnSetting | None:
    """What was wanted at the end of ``day`` (None: now): the last set by then, else the first, else nothing."""
    rows = ChurnSetting.objects.order_by("set_at")
    if day is None:
        return rows.last()
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
    return rows.filter(set_at__lt=end).last() or rows.first()


def horizons(days: Iterable[date]) -> dict[date, int]:
    """How many days ahead risk looks on each of ``days``: as the model in force does, else as the workspace wants."""
    asked = list(days)
    models = on_days(asked)
    told = list(ChurnSetting.objects.order_by("set_at").values_list("set_at", "horizon_days"))
    found = {}
    for day in asked:
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        wanted = [horizon for since, horizon in told if since < end] or [horizon for _, horizon in told[:1]]
        model = models[day]
        found[day] = model.horizon if model else wanted[-1] if wanted else HORIZON_DAYS
    return found


def horizon_on(day: date) -> int:
    """``horizons`` of one day."""
    return horizons([day])[day]
