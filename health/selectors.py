"""Reading health: the present score, a rebuilt past one, history and usage, in the shapes of the interface contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Customer, Workspace
from csplatform.core import formats
from csplatform.core.tenancy import current_workspace_id
from health import notes, risk, scoring, source_words
from health.explaining import adjustments
from health.facts import live
from health.measures import Facts, Floats, Ints, Spec, span
from health.models import ChurnMethod, DirtyCustomer, HealthScore, HealthSnapshot, Measure, ScorecardVersion
from health.services import base_rate, champion, snapshots
from health.services.cards import version_on
from health.services.compute import Result, card_of, compute, parts_of, scores_of, specs_of
from health.services.scoring import covered_until

_NO_BASE = risk.BaseRate.observed(0, 0)


@dataclass(slots=True)
class Reading:
    """One customer's computed health and the facts behind it, ready to be shown."""

    as_of: date
    computed_at: datetime
    version: ScorecardVersion
    result: Result
    facts: Facts


def health_of(customer: Customer, *, now: datetime, as_of: date | None = None) -> dict[str, Any]:
    """Health in the contract's shape: the present one, or as of a closed past day from what was known then.

    ``as_of`` today or later means the present. Drivers also carry ``change_28d``, ``group`` and ``reason``.
    """
    today = now.astimezone(UTC).date()
    reading = _past(customer, as_of) if as_of is not None and as_of < today else _present(customer, today)
    return _shape(customer, reading)


def history_of(customer: Customer, first: date | None = None, last: date | None = None) -> list[dict[str, Any]]:
    """Snapshots of closed days, oldest first, as known then; ``revised``: what late data would have made of it."""
    rows = HealthSnapshot.objects.filter(customer_id=customer.pk).order_by("as_of", "revision")
    if first is not None:
        rows = rows.filter(as_of__gte=first)
    if last is not None:
        rows = rows.filter(as_of__lte=last)
    days: dict[date, dict[str, Any]] = {}
    for row in rows:
        said = {
            "score": _points(row.points),
            "band": row.band,
            "coverage": row.coverage / 100,
            "churn_probability": _probability(row.churn_risk),
        }
        if row.known_through <= snapshots.end_of(row.as_of):
            days[row.as_of] = {"as_of": row.as_of.isoformat(), **said, "revised": None}
        elif row.as_of in days:
            days[row.as_of]["revised"] = {**said, "known_through": _rfc3339(row.known_through)}
    return list(days.values())


def usage_of(customer: Customer, first: date, last: date) -> list[dict[str, Any]]:
    """What was counted from ``first`` to ``last`` (UTC days): events and distinct people per day and event."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, name, count(*), count(DISTINCT contact_id)
            FROM health_event
            WHERE workspace_id = %s AND customer_id = %s
              AND occurred_at >= %s::timestamp AT TIME ZONE 'UTC'
              AND occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            [str(current_workspace_id()), str(customer.pk), first, last],
        )
        return [
            {"date": day.isoformat(), "event": name, "count": count, "users": users}
            for day, name, count, users in cursor.fetchall()
        ]


def _present(customer: Customer, today: date) -> Reading:
    """The stored score where it is current, else computed now.

    ``computed_at`` moves on with the clock while nothing of this customer waits: the stored score then still
    covers every acknowledged event.
    """
    covered = covered_until()
    dirty = DirtyCustomer.objects.filter(workspace_id=customer.workspace_id, customer_id=customer.pk).exists()
    stored = HealthScore.objects.select_related("scorecard_version", "override").filter(customer_id=customer.pk).first()
    as_of = stored.as_of if stored else today
    version = stored.scorecard_version if stored else version_on(today)
    card = card_of(version)
    model = None if stored else champion.on(today)
    facts = live.load([customer.pk], as_of, specs_of(card, model)).facts
    if stored is None:
        return Reading(as_of, covered, version, compute(card, facts, base_rate.now(today), model), facts)
    if not dirty and stored.as_of == today:
        return Reading(as_of, max(covered, stored.computed_at), version, _as_stored(card, stored, facts), facts)
    return Reading(as_of, stored.computed_at, version, _as_stored(card, stored, facts), facts)


def _as_stored(card: scoring.Card, stored: HealthScore, facts: Facts) -> Result:
    """The stored values scored again: points follow from values, so they need no columns of their own."""
    values = np.array([stored.values], dtype=np.float64)
    risks = risk.Risks(
        np.array([stored.risk_inputs], dtype=np.float64),
        _one(stored.churn_risk),
        _one(stored.churn_risk_low),
        _one(stored.churn_risk_high),
        stored.churn_horizon,
        np.array([stored.churn_method == ChurnMethod.MODEL]),
    )
    model = str(stored.churn_model_id) if stored.churn_model_id else None
    return Result(values, scores_of(card, stored), risks, [stored.override_id], model)


def _one(basis_points: int | None) -> Ints:
    return np.array([-1 if basis_points is None else basis_points], dtype=np.int64)


def _past(customer: Customer, day: date) -> Reading:
    version, result, facts, computed_at = snapshots.rebuild_one(customer.pk, day)
    return Reading(day, computed_at, version, result, facts)


def _shape(customer: Customer, reading: Reading) -> dict[str, Any]:
    scores, risks = reading.result.scores, reading.result.risks
    return {
        "score": _points(_known(scores.total[0])),
        "band": str(scores.band[0]),
        "as_of": reading.as_of.isoformat(),
        "computed_at": _rfc3339(reading.computed_at),
        "coverage": int(scores.coverage[0]) / 100,
        "scorecard": {"id": str(reading.version.scorecard_id), "version": reading.version.version},
        "drivers": _drivers(customer, reading),
        "churn": {
            "probability": _probability(_known(risks.risk[0])),
            "interval": None
            if risks.risk[0] < 0
            else [_probability(int(risks.low[0])), _probability(int(risks.high[0]))],
            "horizon_days": risks.horizon,
            "method": risks.methods[0],
            "level": None if risks.risk[0] < 0 else risk.level(int(risks.risk[0])),
            "is_rough": bool(risks.rough[0]),
            "drivers": _risk_drivers(reading),
        },
    }


def _drivers(customer: Customer, reading: Reading) -> list[dict[str, Any]]:
    if str(reading.result.scores.band[0]) == scoring.NOT_APPLICABLE:
        return []
    card = card_of(reading.version)
    week, month = (_points_on(customer.pk, reading.as_of - timedelta(days=days)) for days in (7, 28))
    workspace = Workspace.objects.get(pk=customer.workspace_id)
    stale = workspace.data_through is not None and workspace.data_through < reading.as_of
    total_weight = sum(item.weight for item in card.items)
    drivers = []
    for index, item in enumerate(card.items):
        value = float(reading.result.values[0, index])
        points = int(reading.result.scores.points[0, index])
        reason = notes.reason_missing(item.spec, reading.facts, 0, value)
        stands_since = notes.stands_since(item.spec, reading.facts)
        drivers.append(
            {
                "measure": item.key,
                "label": item.label.get(get_language() or "en", item.label["en"]),
                "value": None if reason else round(value, 4),
                "unit": item.unit,
                "points": points / 100,
                "max_points": int(reading.result.scores.max_points[0, index]) / 100,
                "weight": round(item.weight / total_weight, 4),
                "change_7d": _difference(points, week.get(item.key)),
                "change_28d": _difference(points, month.get(item.key)),
                "stale": reason in notes.STALE or bool(stands_since) or (stale and item.spec.source == "events"),
                "group": item.group,
                "reason": reason,
                "note": explain_missing(reason, item.spec) or _explain_standing(stands_since),
            }
        )
    return [*drivers, *adjustments(card, reading.result, week, month)]


def _explain_standing(since: int | None) -> str:
    if since is None:
        return ""
    day = formats.day(date.fromordinal(since), get_language(), "short")
    return _("As of %(day)s: nothing has arrived from anybody since.") % {"day": day}


def explain_missing(reason: str, spec: Spec) -> str:
    """The reader's sentence for a reason code of ``health.notes``, given for a measure; empty for none."""
    heard = {"kind": spec.part("kind").upper(), "days": spec.window_days}
    back, needed = {"days": span(spec)}, {"days": notes.days_needed(spec)}
    return {
        "": "",
        notes.NO_EVENTS: _("No product event has arrived yet. Connect the product or import its events."),
        notes.OUTAGE: _("The sender of events is or was silent, for every customer: that says nothing of this one."),
        notes.NO_SEATS: _("No seats are recorded. Add them to the subscription."),
        notes.NO_PEOPLE: _("The events of these days do not say who was there. Send the user with each event."),
        notes.TOO_YOUNG: _("In use for less than %(days)d days: nothing to compare with yet.") % needed,
        notes.NO_CONTACTS: _("No contact is recorded, so nobody can be the sponsor."),
        notes.QUIET_BEFORE: _("No use in the last %(days)d days to compare.") % back,
        notes.NO_NUMBER: _("The events of these days carry no number to add up."),
        notes.NO_SUCH_EVENT: _("No such event in the last %(days)d days.") % back,
        notes.NEVER_SEEN: _("Nobody has ever sent this event. Check its name, or begin to send it."),
        notes.NO_ANSWER: _("Nobody here has answered an %(kind)s survey yet. Ask them with one.") % heard,
        notes.NOTHING_TOLD: source_words.missing(spec),
        notes.NOTHING_LATELY: _("What was told of it is too old, or does not answer this."),
        notes.OLD_ANSWERS: _("The last %(kind)s answer is more than %(days)d days old. Ask again.") % heard,
    }[reason]


def _points_on(customer_id: UUID, day: date) -> dict[str, int]:
    """Points per measure as of a past day; empty where health was not applicable or the relation had not begun."""
    version, result, _facts, _at = snapshots.rebuild_one(customer_id, day, base=_NO_BASE)
    if str(result.scores.band[0]) == scoring.NOT_APPLICABLE:
        return {}
    return parts_of(card_of(version), result.scores, 0)


def _risk_drivers(reading: Reading) -> list[dict[str, Any]]:
    """What the log-odds of the risk are made of; they add up to the log-odds of the probability."""
    if reading.result.risks.risk[0] < 0:
        return []
    inputs = reading.result.risks.inputs[0]
    if reading.result.risks.by_model[0]:
        return _model_drivers(reading.result, inputs)
    parts = risk.contributions(reading.result.risks.inputs)
    base = float(inputs[risk.INPUTS.index("base_log_odds")])
    rows = [{"measure": "base_rate", "label": risk_label("base_rate"), "value": None, "log_odds": round(base, 4)}]
    for name, contribution in parts.items():
        value = float(inputs[risk.INPUTS.index(name)])
        rows.append(
            {
                "measure": name,
                "label": risk_label(name),
                "value": None if value != value else round(value, 4),
                "log_odds": round(float(contribution[0]), 4),
            }
        )
    return rows


def _model_drivers(result: Result, inputs: Floats) -> list[dict[str, Any]]:
    """As ``_risk_drivers``, by the model that was asked; the strongest first, behind the usual churn."""
    serving = champion.by_id(UUID(result.model))
    first, *rest = serving.drivers(inputs)
    labels = _measure_labels()
    return [
        {
            "measure": name.removeprefix("measure:"),
            "label": labels.get(name) or risk_label(name),
            "value": None if value is None else round(value, 4),
            "log_odds": round(part, 4),
        }
        for name, value, part in [first, *sorted(rest, key=lambda driver: -abs(driver[2]))]
    ]


def _measure_labels() -> dict[str, str]:
    """The reader's names of columns that are measures of the workspace."""
    language = get_language() or "en"
    rows = Measure.objects.values_list("key", "label")
    return {f"measure:{key}": label.get(language, label["en"]) for key, label in rows}


def risk_label(name: str) -> str:
    """The reader's name of what a risk is read from; for events their own name."""
    event = name.removeprefix("event:")
    if event != name:
        return _("“%(event)s” in 28 days") % {"event": event}
    return _risk_labels().get(name, name.removeprefix("measure:"))


def _risk_labels() -> dict[str, str]:
    return {
        "base_rate": _("Usual churn here"),
        "activity_trend": _("Activity trend"),
        "recency": _("Days since last use"),
        "habit": _("Days active per week"),
        "sponsor_present": _("Sponsor"),
        "days_to_renewal": _("Days to renewal"),
        "tenure_days": _("Days as a customer"),
        "notice": _("Notice given or in grace"),
        "activity": _("Events in 28 days"),
        "activity_week": _("Events in 7 days"),
        "active_days_week": _("Days active in the last week"),
        "breadth": _("Features used in 28 days"),
        "active_users": _("People active in 28 days"),
        "seat_share": _("Share of seats active"),
        "seats": _("Seats"),
    }


def _difference(points: int, before: int | None) -> float | None:
    return None if before is None else (points - before) / 100


def _known(number: Any) -> int | None:
    return None if number < 0 else int(number)


def _points(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def _probability(basis_points: int | None) -> float | None:
    return None if basis_points is None else basis_points / 10_000


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
