"""Whom a playbook would reach today, and whom it would have reached over the last 90 days; nothing is started.

What happened is read from the outbox, which keeps 30 days, and for stages and churn from the history of moves, which
keeps everything. Its filter looks at customers as they are now: what they were then is not kept for every field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import segments
from accounts.models import Customer
from csplatform.core.ids import parse_uuid
from csplatform.core.models import OutboxEvent
from csplatform.core.outbox import KEEP
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Move
from journeys.playbooks.definition import Definition
from journeys.selectors import working

LOOK_BACK = timedelta(days=90)
MOST_READ = 200_000
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Hits:
    """``runs``: how often it would have begun, the guard against running again applied; ``events`` without it."""

    events: int
    runs: int
    customers: int
    tasks: int
    shown: tuple[Customer, ...]


@dataclass(frozen=True, slots=True)
class DryRun:
    """``known_from``: the first day of which anything is known; ``notes``: what cannot be known, in words."""

    today: Hits
    past: Hits | None
    known_from: date
    notes: tuple[str, ...]


def dry_run(definition: Definition, *, now: datetime) -> DryRun:
    """Whom ``definition`` would reach; reads only."""
    if definition.schedule is not None:
        return _of_schedule(definition, now)
    days = working.working_days()
    midnight = datetime.combine(days.day_of(now), datetime.min.time(), days.zone)
    told, known_from, notes = _history(definition, now)
    happened = [(at, customer) for at, customer, payload in told if definition.wants(payload)]
    reached = _reached(definition, {customer for _at, customer in happened}, now)
    happened = [(at, customer) for at, customer in happened if customer in reached]
    notes.append(_("The filter looks at customers as they are today, not as they were then."))
    today = [each for each in happened if each[0] >= midnight]
    return DryRun(_hits(definition, today), _hits(definition, happened), known_from, tuple(notes))


def _of_schedule(definition: Definition, now: datetime) -> DryRun:
    rows = Customer.objects.filter(_filter(definition, now))
    customers = rows.count()
    shown = tuple(rows.order_by("-arr_minor", "pk")[:_SHOWN])
    today = Hits(customers, customers, customers, customers * definition.tasks_a_run, shown)
    note = _("Whom the filter would have found on earlier days is not known: customers are kept as they are now.")
    return DryRun(today, None, now.date(), (note,))


_Told = list[tuple[datetime, UUID, Mapping[str, Any]]]


def _history(definition: Definition, now: datetime) -> tuple[_Told, date, list[str]]:
    """The events of the last 90 days as far as they are known, oldest first; since when; and what is not known."""
    since = now - LOOK_BACK
    if definition.event == "stage.entered":
        return list(_moves(since)), since.date(), []
    kept = now - KEEP
    rows = OutboxEvent.objects.filter(
        workspace_id=current_workspace_id(), name=definition.event, created_at__gte=kept
    ).order_by("created_at", "pk")
    read = list(rows.values_list("created_at", "payload")[: MOST_READ + 1])
    told = [(at, customer, payload) for at, payload in read[:MOST_READ] if (customer := _customer(payload)) is not None]
    notes = [_("Events are kept for %(days)d days: of the days before, nothing is known.") % {"days": KEEP.days}]
    if len(read) > MOST_READ:
        notes.append(_("Only the first %(n)d events were looked at.") % {"n": MOST_READ})
    return told, kept.date(), notes


def _moves(since: datetime) -> Iterable[tuple[datetime, UUID, Mapping[str, Any]]]:
    rows = Move.objects.filter(recorded_at__gte=since, stage__isnull=False).exclude(kind="placed")
    columns = rows.order_by("recorded_at", "pk").values_list(
        "recorded_at", "customer_id", "pk", "stage__key", "from_stage__key", "kind"
    )
    for at, customer, move, stage, before, kind in columns[:MOST_READ]:
        told = {"customer_id": str(customer), "move_id": str(move)}
        yield at, customer, {**told, "stage": stage, "from_stage": before, "kind": kind}


def _customer(payload: Mapping[str, Any]) -> UUID | None:
    return parse_uuid(payload.get("customer_id"))


def _filter(definition: Definition, now: datetime) -> Q:
    if not definition.filter:
        return Q()
    return segments.condition(segments.stored(definition.filter), now=now)


def _reached(definition: Definition, customers: set[UUID], now: datetime) -> set[UUID]:
    rows = Customer.objects.filter(_filter(definition, now), pk__in=customers)
    return set(rows.values_list("pk", flat=True))


def _hits(definition: Definition, happened: list[tuple[datetime, UUID]]) -> Hits:
    pause, last, runs = timedelta(days=definition.again_after_days), dict[UUID, datetime](), 0
    for at, customer in happened:
        if customer not in last or at - last[customer] >= pause:
            last[customer] = at
            runs += 1
    shown = Customer.objects.filter(pk__in=list(last)).order_by("-arr_minor", "pk")[:_SHOWN]
    return Hits(len(happened), runs, len(last), runs * definition.tasks_a_run, tuple(shown))
