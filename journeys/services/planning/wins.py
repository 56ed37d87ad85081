"""Wins: value that came back, recorded by people or when a KPI reaches its target, and celebrated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import values
from accounts.models import Customer, Workspace
from accounts.services import writing
from csplatform.core import audit, formats, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Kpi, Lap, Outcome, Win
from journeys.news import is_news
from journeys.plan.rules import Status
from journeys.selectors import plan as reads

_CLEANERS: dict[str, writing.Cleaner] = {
    "title": partial(values.text, limit=300),
    "story": partial(values.text, limit=10_000),
    "happened_on": values.day,
}


@transaction.atomic
def record_win(
    *,
    customer_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    outcome_id: UUID | None = None,
    external_id: str | None = None,
    known_at: datetime | None = None,
) -> Win:
    """Record value that came back.

    Raises ``Customer.DoesNotExist``, ``Outcome.DoesNotExist`` (also for another customer's) or ``ValidationError``.
    """
    customer = Customer.objects.only("id").get(pk=customer_id)
    outcome = Outcome.objects.get(pk=outcome_id, customer_id=customer_id) if outcome_id else None
    if external_id and Win.objects.filter(external_id=external_id).exists():
        writing.taken()
    cleaned = {"happened_on": now.date(), "story": "", **_clean(told, now)}
    if not cleaned.get("title"):
        raise ValidationError({"title": ["is empty: say what was won"]})
    win: Win = Win.objects.create(
        workspace_id=current_workspace_id(),
        external_id=external_id or None,
        customer=customer,
        lap=outcome.lap if outcome else Lap.objects.filter(customer=customer, ended_on__isnull=True).first(),
        outcome=outcome,
        known_at=min(known_at or now, now),
        recorded_at=now,
        actor_label=actor.label[:200],
        **cleaned,
    )
    audit.record(actor=actor, action="win.recorded", subject=win, data={"title": win.title}, now=now)
    _publish("win.recorded", [win], now)
    return win


@transaction.atomic
def create(*, external_id: str, told: Mapping[str, object], actor: audit.Actor, now: datetime) -> Win:
    """As ``record_win``, customer and outcome named by their external ids in ``told``."""
    words = dict(told)
    named, serving = words.pop("customer_external_id", ""), words.pop("outcome_external_id", "")
    customer_id = Customer.objects.filter(external_id=named).values_list("pk", flat=True).first()
    if customer_id is None:
        raise ValidationError({"customer_external_id": [f"there is no customer with the external_id “{named}”"]})
    outcome = Outcome.objects.filter(external_id=serving, customer_id=customer_id).first() if serving else None
    if serving and outcome is None:
        raise ValidationError(
            {"outcome_external_id": [f"this customer has no outcome with the external_id “{serving}”"]}
        )
    return record_win(
        customer_id=customer_id,
        told=words,
        actor=actor,
        now=now,
        outcome_id=outcome.pk if outcome else None,
        external_id=external_id,
    )


@transaction.atomic
def revise_win(
    *, win_id: UUID, told: Mapping[str, object], actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> Win:
    """Change its title, story or day; customer and outcome stay. Raises as ``record_win`` does."""
    win = Win.objects.select_for_update(of=("self",), no_key=True).get(pk=win_id)
    writing.require_version(win, expected_version)
    changed = writing.assign(win, _clean(told, now))
    if not win.title:
        raise ValidationError({"title": ["is empty: say what was won"]})
    if changed:
        win.version += 1
        win.save()
        audit.record(actor=actor, action="win.revised", subject=win, data={"fields": changed}, now=now)
    return win


@transaction.atomic
def celebrate(*, win_id: UUID, actor: audit.Actor, now: datetime) -> Win:
    """The customer was congratulated. Once: celebrating again changes nothing."""
    win = Win.objects.select_for_update(of=("self",), no_key=True).get(pk=win_id)
    if win.celebrated_at is None:
        win.celebrated_at, win.celebrated_by_label = now, actor.label[:200]
        win.version += 1
        win.save(update_fields=["celebrated_at", "celebrated_by_label", "version"])
        audit.record(actor=actor, action="win.celebrated", subject=win, now=now)
        _publish("win.celebrated", [win], now)
    return win


def follow(*, kpi_ids: Collection[UUID], now: datetime) -> None:
    """Record a win for each of these KPIs that has reached its target, and take back those that it has not after all.

    Only what was recorded by itself, and neither celebrated nor told since, is taken back.
    """
    if not kpi_ids:
        return
    kpis = {kpi.pk: kpi for kpi in Kpi.objects.filter(pk__in=kpi_ids).select_related("outcome")}
    plans = reads.plans_of_outcomes({kpi.outcome_id for kpi in kpis.values()}, day=now.date(), known_by=now)
    standings = {told.kpi_id: told for plan in plans for told in plan.kpis}
    told_of = {win.kpi_id: win for win in Win.objects.filter(kpi_id__in=kpi_ids)}
    locale = Workspace.objects.values_list("locale", flat=True).get(pk=current_workspace_id())
    fresh, undone = [], []
    for kpi_id, kpi in kpis.items():
        read = standings.get(kpi_id)
        is_met = read is not None and read.standing.status is Status.MET
        win = told_of.get(kpi_id)
        if is_met and win is None and read is not None:
            fresh.append(_by_rule(kpi, read, locale, now))
        elif not is_met and win is not None and win.by_rule and not win.celebrated_at and not win.story:
            undone.append(win)
    Win.objects.filter(pk__in=[win.pk for win in undone]).delete()
    Win.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=2_000)
    _audit_rule(fresh, undone, now)
    _publish("win.recorded", [win for win in fresh if is_news(win.known_at, now)], now)


def _by_rule(kpi: Kpi, read: reads.KpiRead, locale: str, now: datetime) -> Win:
    assert read.standing.value is not None
    assert read.standing.measured_on is not None
    shown = f"{formats.number(read.standing.value, locale)} {read.version.unit}".strip()
    known = max(read.standing.measured_on, read.standing.aim.effective_on)
    return Win(
        id=uuid7(),
        workspace_id=current_workspace_id(),
        customer_id=kpi.outcome.customer_id,
        lap_id=kpi.outcome.lap_id,
        outcome_id=kpi.outcome_id,
        kpi=kpi,
        title=f"{read.version.name}: {shown}"[:300],
        happened_on=read.standing.measured_on,
        by_rule=True,
        known_at=min(max(read.known_at, datetime.combine(known, time.min, UTC)), now),
        recorded_at=now,
        actor_label=audit.SYSTEM.label,
    )


def _audit_rule(fresh: list[Win], undone: list[Win], now: datetime) -> None:
    label = Win._meta.label_lower
    for action, wins in (("win.recorded", fresh), ("win.taken_back", undone)):
        ids = [win.pk for win in wins]
        if ids:
            audit.record_for(actor=audit.SYSTEM, action=action, label=label, ids=ids, data={"by": "kpi"}, now=now)


def _clean(told: Mapping[str, object], now: datetime) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name, value in told.items():
        if name not in _CLEANERS:
            raise ValidationError({name: ["is not a field that can be set"]})
        try:
            cleaned[name] = _CLEANERS[name](value)
        except ValueError as error:
            raise ValidationError({name: [str(error)]}) from error
    day = cleaned.get("happened_on", now.date())
    if day is None:
        cleaned["happened_on"] = now.date()
    elif day > now.date():
        raise ValidationError({"happened_on": [f"{day} lies in the future: a win is recorded when it has happened"]})
    return cleaned


def _publish(name: str, wins: Collection[Win], now: datetime) -> None:
    outbox.publish_many(
        workspace_id=current_workspace_id(),
        events=[
            (
                name,
                {
                    "win_id": str(win.pk),
                    "customer_id": str(win.customer_id),
                    "kpi_id": str(win.kpi_id) if win.kpi_id else None,
                    "outcome_id": str(win.outcome_id) if win.outcome_id else None,
                },
            )
            for win in wins
        ],
        now=now,
    )
