"""A customer's story as one line of time: its moves, and what happened beside them, lap by lap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Customer
from journeys.models import (
    AdvocacyAct,
    AdvocacyState,
    Lap,
    Move,
    OutcomeKind,
    OutcomeVersion,
    Relay,
    RelayState,
    Settlement,
    Win,
)
from journeys.selectors import shocks
from journeys.selectors.flights import FlightRead

MOST = 100
"""How many of each kind are told, the newest; all of them stand where they belong."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on the way. ``tone``: how it bears on the customer: ok, watch, or empty."""

    day: date
    tag: str
    title: str
    words: str
    url: str
    icon: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A move, or an event."""

    day: date
    move: Move | None = None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A lap with its entries, the newest first; ``lap`` None: what was before the first."""

    lap: Lap | None
    entries: tuple[Entry, ...]


def chapters(flight: FlightRead) -> list[Chapter]:
    """The story, the newest lap first; the same few queries however long it is."""
    entries = [Entry(move.occurred_on, move=move) for move in flight.moves]
    entries += [Entry(event.day, event=event) for event in _events(flight)]
    # On one day a move comes after what led to it, and moves keep the order they were made in.
    entries.sort(key=lambda entry: (entry.day, entry.move.number if entry.move else 0))
    laps = [read.lap for read in flight.laps]
    told: dict[UUID | None, list[Entry]] = {lap.pk: [] for lap in laps}
    for entry in entries:
        lap_id = entry.move.lap_id if entry.move else _lap_on(laps, entry.day)
        told.setdefault(lap_id, []).append(entry)
    by_id = {lap.pk: lap for lap in laps}
    order = [None, *(lap.pk for lap in laps)]
    return [
        Chapter(by_id.get(lap_id) if lap_id else None, tuple(reversed(told[lap_id])))
        for lap_id in reversed(order)
        if told.get(lap_id)
    ]


def _lap_on(laps: list[Lap], day: date) -> UUID | None:
    return next((lap.pk for lap in reversed(laps) if lap.began_on <= day), laps[0].pk if laps else None)


def _events(flight: FlightRead) -> Iterator[Event]:
    customer = flight.customer
    yield from _refused(customer)
    yield from _promised(customer)
    yield from _won(customer)
    yield from _struck(customer)
    yield from _told_the_world(customer)


def _refused(customer: Customer) -> Iterator[Event]:
    rows = Relay.objects.filter(customer=customer, state=RelayState.DECLINED).order_by("-offered_at")
    for relay in rows[:MOST]:
        assert relay.decided_at is not None
        departments = {
            "giver": relay.get_giver_department_display(),
            "taker": relay.get_taker_department_display(),
        }
        yield Event(
            day=relay.decided_at.date(),
            tag=_("Handover declined"),
            title=_("%(giver)s to %(taker)s") % departments,
            words=" · ".join(part for part in (relay.decline_reason, relay.decided_by_label) if part),
            url=reverse("relay_detail", args=[relay.pk]),
            icon="close",
            tone="watch",
        )


def _promised(customer: Customer) -> Iterator[Event]:
    """How expected outcomes were defined, evolved, and settled by name."""
    rows = OutcomeVersion.objects.filter(outcome__customer=customer).select_related("outcome")
    for version in rows.order_by("-effective_on", "-number")[:MOST]:
        yield Event(
            day=version.effective_on,
            tag=_said(version),
            title=version.statement,
            words=version.reason,
            url=reverse("outcome_detail", args=[version.outcome_id]),
            icon="flag",
            tone="ok" if version.settlement == Settlement.MET else "",
        )


def _said(version: OutcomeVersion) -> str:
    """What a version of an outcome was: a decision by name, a change, or the first time it was agreed."""
    if version.settlement:
        return str(Settlement(version.settlement).label)
    is_trial = version.outcome.kind == OutcomeKind.TRIAL
    if version.number > 1:
        return _("Trial criterion changed") if is_trial else _("Outcome changed")
    return _("Trial criterion agreed") if is_trial else _("Outcome promised")


def _won(customer: Customer) -> Iterator[Event]:
    for win in Win.objects.filter(customer=customer).order_by("-happened_on", "-id")[:MOST]:
        celebrated = _("Celebrated by %(who)s") % {"who": win.celebrated_by_label} if win.celebrated_at else ""
        yield Event(
            win.happened_on, _("Win"), win.title, celebrated, reverse("win_detail", args=[win.pk]), "wins", "ok"
        )


def _struck(customer: Customer) -> Iterator[Event]:
    for shock in shocks.of_customer(customer.pk, most=MOST):
        address = reverse("shock_detail", args=[shock.pk])
        yield Event(shock.struck_on, _("Shock"), shock.name, shock.lesson or shock.note, address, "warning", "watch")


def _told_the_world(customer: Customer) -> Iterator[Event]:
    rows = AdvocacyAct.objects.filter(customer=customer, done_at__isnull=False, withdrawn_at__isnull=True)
    for act in rows.select_related("contact").order_by("-done_at", "-id")[:MOST]:
        assert act.done_at is not None
        thanked = _("thanked") if act.state == AdvocacyState.THANKED else ""
        yield Event(
            day=act.done_at.date(),
            tag=_("Advocacy"),
            title=act.get_kind_display(),
            words=" · ".join(str(part) for part in (act.contact, act.why, thanked) if part),
            url=f"{reverse('customer_detail', args=[customer.pk])}?tab=value",
            icon="advocacy",
            tone="ok",
        )
