"""The demo's handovers: one for every move that takes one, as they went, and a few that wait today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from accounts.models import Customer, Workspace
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import handovers
from journeys.models import Move, Relay, RelayState, RelayTemplate
from journeys.services import relay_records, working_calendar

ACTOR = audit.Actor(label="demo")
_NOON = time(12, tzinfo=UTC)
_WAITING_DAYS = (0, 1, 2, 5, 8)
"""How many days ago the handovers that wait were offered."""
_WAITING = 3
_HOLIDAYS = ((1, 1, "New Year"), (5, 1, "Labour Day"), (12, 25, "Christmas Day"), (12, 26, "Boxing Day"))


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make what is missing of the handovers, in one transaction."""
    with workspace_scope(workspace):
        if Relay.objects.exists():
            return
        _calendar(now)
        templates = list(RelayTemplate.objects.select_related("from_stage", "to_stage").prefetch_related("items"))
        rows = [facts for template in templates for move in _moves(template) for facts in _facts(template, move)]
        rows += [facts for template in templates for facts in _waiting(template, now)]
        relay_records.record(rows=rows, actor=ACTOR, now=now).raise_refusals()


def _calendar(now: datetime) -> None:
    days = {
        date(year, month, day): name for year in range(now.year - 2, now.year + 2) for month, day, name in _HOLIDAYS
    }
    working_calendar.save(weekend=[5, 6], opens=time(9), closes=time(17), holidays=days, actor=ACTOR, now=now)


def _moves(template: RelayTemplate) -> QuerySet[Move]:
    """The moves that took this handover, oldest first."""
    rows = Move.objects.filter(from_stage=template.from_stage, stage=template.to_stage, relay__isnull=True)
    return rows.select_related("customer").order_by("occurred_on", "pk")


def _facts(template: RelayTemplate, move: Move) -> Iterator[Facts]:
    """The handover that led to ``move``, after the refused one where there was one."""
    lines = [item.text for item in template.items.all()]
    told = handovers.story(move.customer.external_id, template.to_stage.key, template.taker_department, len(lines))
    decided_at = datetime.combine(move.occurred_on, _NOON)
    offered_at = decided_at - timedelta(hours=told.hours)
    base = {
        "customer_external_id": move.customer.external_id,
        "from_stage": template.from_stage.key,
        "to_stage": template.to_stage.key,
        "giver_email": handovers.DESKS[template.giver_department][0],
        "reason": told.reason,
        "decided_by": handovers.DESKS[template.taker_department][1],
    }
    key = f"{move.customer.external_id}-{template.to_stage.key}-{move.number}"
    if told.refused is not None:
        cause, words, hours = told.refused
        refused_at = offered_at - timedelta(hours=20)
        yield Facts(
            f"{key}-refused",
            {
                **base,
                "state": RelayState.DECLINED,
                "offered_at": refused_at - timedelta(hours=hours),
                "decided_at": refused_at,
                "decline_cause": cause,
                "decline_reason": words,
                "checklist": "|".join(lines),
            },
        )
    yield Facts(
        key,
        {
            **base,
            "state": RelayState.ACCEPTED,
            "offered_at": offered_at,
            "decided_at": decided_at,
            "taker_email": handovers.DESKS[template.taker_department][0],
            "checklist": _boxes(lines, told.ticks),
        },
    )


def _waiting(template: RelayTemplate, now: datetime) -> Iterator[Facts]:
    """A few handovers from this stage that wait today, the largest customers first; some are overdue."""
    lines = [item.text for item in template.items.all()]
    here = Customer.objects.filter(stage_key=template.from_stage.key, stage_since__lt=now.date() - timedelta(days=10))
    for number, customer in enumerate(here.order_by("-arr_minor", "-expected_arr_minor", "pk")[:_WAITING]):
        told = handovers.story(customer.external_id, "waiting", template.taker_department, len(lines))
        ago = _WAITING_DAYS[(number * 2 + template.due_working_days) % len(_WAITING_DAYS)]
        yield Facts(
            f"{customer.external_id}-{template.to_stage.key}-waiting",
            {
                "customer_external_id": customer.external_id,
                "from_stage": template.from_stage.key,
                "to_stage": template.to_stage.key,
                "giver_email": handovers.DESKS[template.giver_department][0],
                "state": RelayState.OFFERED,
                "reason": told.reason,
                "offered_at": now - timedelta(days=ago),
                "checklist": _boxes(lines, told.ticks),
            },
        )


def _boxes(lines: Sequence[str], ticks: Sequence[bool]) -> str:
    return "|".join(f"[{'x' if done else ' '}] {line}" for line, done in zip(lines, ticks, strict=True))
