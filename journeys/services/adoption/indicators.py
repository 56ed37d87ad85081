"""Indicators of adoption: defined by people, reached by themselves, celebrated as wins.

Reaching one is for good: what was celebrated is not taken back when somebody leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import values
from accounts.models import Customer
from accounts.services import writing
from csplatform.core import audit, outbox
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import AdoptionCount, AdoptionIndicator, IndicatorKind, PersonState
from journeys.selectors import adoption
from journeys.services.planning import wins

MOST = 30
MOST_EVENTS = 1_000_000_000
BEYOND: Mapping[str, tuple[str, ...]] = {
    PersonState.FIRST_USE: ("first_use", "activated", "habitual"),
    PersonState.ACTIVATED: ("activated", "habitual"),
    PersonState.HABITUAL: ("habitual",),
}
"""Who counts for an indicator on a state: those in it and those further on. Who lapsed counts for none."""

_TEXT = partial(values.text, limit=200)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many events of its name an indicator has, and the day on which there were enough (None: not yet)."""

    events: int
    reached_on: date | None


@transaction.atomic
def define(
    *,
    customer_id: UUID,
    told: Mapping[str, object],
    actor: audit.Actor,
    now: datetime,
    external_id: str | None = None,
) -> AdoptionIndicator:
    """A new indicator of a customer. Raises ``Customer.DoesNotExist`` or ``ValidationError`` by field."""
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).only("id").get(pk=customer_id)
    if external_id and AdoptionIndicator.objects.filter(external_id=external_id).exists():
        writing.taken()
    if AdoptionIndicator.objects.filter(customer=customer).count() >= MOST:
        raise ValidationError({"title": [_("There are %(n)d indicators; remove one first.") % {"n": MOST}]})
    key = uuid7()
    indicator: AdoptionIndicator = AdoptionIndicator.objects.create(
        id=key,
        workspace_id=current_workspace_id(),
        external_id=external_id or str(key),
        customer=customer,
        defined_at=now,
        defined_by_label=actor.label[:200],
        **_cleaned(told),
    )
    data = {"title": indicator.title, "kind": indicator.kind, "threshold": indicator.threshold}
    audit.record(actor=actor, action="adoption_indicator.defined", subject=indicator, data=data, now=now)
    outbox.publish(
        workspace_id=current_workspace_id(),
        name="adoption_indicator.defined",
        payload={"indicator_id": str(indicator.pk), "customer_id": str(customer.pk)},
        now=now,
    )
    return indicator


@transaction.atomic
def remove(*, indicator_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Its win stays, if there is one. Raises ``AdoptionIndicator.DoesNotExist``."""
    indicator = AdoptionIndicator.objects.select_for_update(of=("self",)).get(pk=indicator_id)
    data = {"title": indicator.title}
    audit.record(actor=actor, action="adoption_indicator.removed", subject=indicator, data=data, now=now)
    indicator.delete()


def _cleaned(told: Mapping[str, object]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    unknown = set(told) - {"title", "kind", "state", "event", "threshold"}
    for name in sorted(unknown):
        errors[name] = [_("There is no such field.")]
    kind, state = str(told.get("kind", "")), str(told.get("state", "") or "")
    found: dict[str, Any] = {"kind": kind, "state": "", "event": ""}
    for name in ("title", "event"):
        try:
            found[name] = _TEXT(told.get(name, ""))
        except ValueError as error:
            errors[name] = [str(error)]
    if not errors.get("title") and not found["title"]:
        errors["title"] = [_("Say what will show it.")]
    most = 100 if kind == IndicatorKind.SHARE else MOST_EVENTS
    threshold = told.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, int) or not 1 <= threshold <= most:
        errors["threshold"] = [_("Expected a whole number from 1 to %(most)s.") % {"most": most}]
    found["threshold"] = threshold
    if kind not in IndicatorKind.values:
        errors["kind"] = [_("Expected one of: %(known)s.") % {"known": ", ".join(IndicatorKind.values)}]
    elif kind == IndicatorKind.SHARE:
        found["event"], found["state"] = "", state
        if state not in BEYOND:
            errors["state"] = [_("Expected one of: %(known)s.") % {"known": ", ".join(BEYOND)}]
    elif not errors.get("event") and not found["event"]:
        errors["event"] = [_("Name the event that is counted.")]
    if errors:
        raise ValidationError(errors)
    return found


def open_events(customer_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str, int]]:
    """Indicators on events that are not reached yet: (indicator, customer, event, threshold)."""
    rows = AdoptionIndicator.objects.filter(
        customer_id__in=customer_ids, kind=IndicatorKind.EVENTS, reached_on__isnull=True
    )
    return list(rows.values_list("pk", "customer_id", "event", "threshold"))


def follow(customer_ids: Collection[UUID], counted: Mapping[UUID, Counted], *, now: datetime) -> None:
    """Measure these customers' open indicators; those reached become wins, once.

    ``counted``: what was counted for those on events. Shares are of the people as they stand now.
    """
    indicators = list(
        AdoptionIndicator.objects.select_for_update(of=("self",), no_key=True)
        .filter(customer_id__in=customer_ids, reached_on__isnull=True)
        .order_by("pk")
    )
    if not indicators:
        return
    counts = {row.customer_id: row for row in AdoptionCount.objects.filter(customer_id__in=customer_ids)}
    today = now.astimezone(UTC).date()
    for indicator in indicators:
        if indicator.kind == IndicatorKind.EVENTS:
            read = counted.get(indicator.pk, Counted(0, None))
            _measure(indicator, read.events, read.reached_on, now)
        else:
            percent = _share(indicator, counts.get(indicator.customer_id))
            _measure(indicator, percent, _reached_on(indicator, today) if percent >= indicator.threshold else None, now)


def _share(indicator: AdoptionIndicator, count: AdoptionCount | None) -> int:
    """Whole percent of the people, rounded down: 59.9 % are not 60."""
    if count is None or not count.people:
        return 0
    return int(sum(getattr(count, state) for state in BEYOND[indicator.state]) * 100 // count.people)


def _reached_on(indicator: AdoptionIndicator, today: date) -> date:
    """The first day since it was defined on which so many were there: usage may be told of long afterwards."""
    defined = min(indicator.defined_at.astimezone(UTC).date(), today)
    for day in adoption.curve_of(indicator.customer_id, first=defined, last=today):
        further_on = sum(day.counts.get(state, 0) for state in BEYOND[indicator.state])
        if day.people and further_on * 100 >= indicator.threshold * day.people:
            return day.on
    return today


def _measure(indicator: AdoptionIndicator, measured: int, reached_on: date | None, now: datetime) -> None:
    if reached_on is None:
        if measured != indicator.measured:
            indicator.measured = measured
            indicator.save(update_fields=["measured"])
        return
    win = wins.record_win(
        customer_id=indicator.customer_id,
        told={"title": indicator.title, "happened_on": reached_on},
        actor=audit.SYSTEM,
        now=now,
    )
    indicator.measured, indicator.reached_on, indicator.reached_at, indicator.win = measured, reached_on, now, win
    indicator.version += 1
    indicator.save(update_fields=["measured", "reached_on", "reached_at", "win", "version"])
    audit.record(actor=audit.SYSTEM, action="adoption_indicator.reached", subject=indicator, now=now)
    outbox.publish(
        workspace_id=current_workspace_id(),
        name="adoption_indicator.reached",
        payload={
            "indicator_id": str(indicator.pk),
            "customer_id": str(indicator.customer_id),
            "win_id": str(win.pk),
        },
        now=now,
    )
