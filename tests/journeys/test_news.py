"""A file of what happened lately is news as if somebody had told it here; of what lies back longer nothing begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from accounts.models import Workspace
from accounts.services import customers
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.services import advocacy, engagements, recording, relay_records, requests
from journeys.services.planning import outcomes
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        told = {"name": "Loxley Mills", "created_at": NOW - timedelta(days=400)}
        customers.create(external_id="c-1", told=told, actor=audit.SYSTEM, now=NOW - timedelta(days=390))
        OutboxEvent.objects.all().delete()
        yield workspace


def tell_moves(at: datetime) -> None:
    rows = [
        Facts(f"m{number}", {"customer_external_id": "c-1", "stage": stage, "occurred_on": at.date().isoformat()})
        for number, stage in enumerate(("consideration", "trial"))
    ]
    recording.record(rows=rows, actor=audit.SYSTEM, now=NOW).raise_refusals()


def tell_relays(at: datetime) -> None:
    told = {"customer_external_id": "c-1", "from_stage": "consideration", "to_stage": "trial", "offered_at": at}
    declined = {**told, "state": "declined", "decided_at": at + timedelta(hours=2), "decline_reason": "Too early"}
    rows = [Facts("r1", declined), Facts("r2", {**told, "offered_at": at + timedelta(hours=3)})]
    relay_records.record(rows=rows, actor=audit.SYSTEM, now=NOW).raise_refusals()


def tell_engagements(at: datetime) -> None:
    told = {"customer_external_id": "c-1", "direction": "vendor_to_customer", "channel": "call", "occurred_at": at}
    engagements.upsert(rows=[Facts("e1", told)], actor=audit.SYSTEM, now=NOW).raise_refusals()


def tell_requests(at: datetime) -> None:
    told = {"customer_external_id": "c-1", "title": "Export to Excel", "raised_at": at}
    requests.record(rows=[Facts("q1", told, at)], actor=audit.SYSTEM, now=NOW).raise_refusals()


def tell_advocacy(at: datetime) -> None:
    told = {"customer_external_id": "c-1", "kind": "review", "state": "asked", "asked_at": at}
    advocacy.record(rows=[Facts("a1", told, at)], actor=audit.SYSTEM, now=NOW).raise_refusals()


def tell_outcomes(at: datetime) -> None:
    told = {"customer_external_id": "c-1", "statement": "Half the returns", "due_on": "2027-01-01"}
    outcomes.upsert(rows=[Facts("o1", told, at)], actor=audit.SYSTEM, now=NOW).raise_refusals()


def names() -> set[str]:
    return set(OutboxEvent.objects.values_list("name", flat=True))


every_kind = pytest.mark.parametrize(
    ("tell", "news"),
    [
        (tell_moves, {"stage.entered"}),
        (tell_relays, {"relay.offered", "relay.declined"}),
        (tell_engagements, {"engagement.logged"}),
        (tell_requests, {"request.raised"}),
        (tell_advocacy, {"advocacy.asked"}),
        (tell_outcomes, {"outcome.defined"}),
    ],
)


@every_kind
def test_what_lies_back_a_month_is_news_and_what_lies_back_longer_is_history(
    workspace: Workspace, tell: Callable[[datetime], None], news: set[str]
) -> None:
    tell(NOW - timedelta(days=40))
    assert names() & news == set()
    assert not {name for name in names() if name.startswith(("relay.", "request.", "advocacy.", "outcome."))}


@every_kind
def test_what_happened_lately_is_told_once(
    workspace: Workspace, tell: Callable[[datetime], None], news: set[str]
) -> None:
    for _twice in range(2):
        tell(NOW - timedelta(days=20))
        assert news <= names()
    counted = OutboxEvent.objects.filter(name__in=news).count()
    assert counted == (3 if tell is tell_relays else 2 if tell is tell_moves else 1)


def test_a_handover_told_as_waiting_and_later_as_declined_is_news_twice(workspace: Workspace) -> None:
    at = NOW - timedelta(days=3)
    told = {"customer_external_id": "c-1", "from_stage": "consideration", "to_stage": "trial", "offered_at": at}
    relay_records.record(rows=[Facts("r1", told)], actor=audit.SYSTEM, now=NOW).raise_refusals()
    assert names() == {"relay.offered"}
    later = {**told, "state": "declined", "decided_at": NOW, "decline_reason": "Too early"}
    relay_records.record(rows=[Facts("r1", later)], actor=audit.SYSTEM, now=NOW).raise_refusals()
    assert list(OutboxEvent.objects.order_by("pk").values_list("name", flat=True)) == [
        "relay.offered",
        "relay.declined",
    ]
