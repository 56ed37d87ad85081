"""From the inbox to events, profiles and running state: exactly once, whatever is retried, re-ordered or split."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Contact, Customer, Workspace
from csplatform.core.tenancy import workspace_scope
from health import arrivals, windows
from health.ingest import attach, protocol
from health.ingest.drain import drain
from health.ingest.inbox import append
from health.ingest.moments import micros
from health.models import (
    ContactSeen,
    DirtyCustomer,
    Event,
    FeatureSeen,
    InboxBatch,
    LateArrival,
    MessageKey,
    RejectedMessage,
    UsageWindow,
)
from health.streams import EVERYTHING, stream_of
from tests import factories
from tests.health.ingest.conftest import Sender

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 16, 9, tzinfo=UTC)
Message = dict[str, Any]


def message(number: int | str, kind: str = "track", *, at: datetime = START, **fields: Any) -> Message:
    defaults: Message = {"userId": "u-1"}
    if kind == "track":
        defaults |= {"event": "report.opened", "properties": {}}
    return {"type": kind, "messageId": f"m-{number}", "timestamp": at.isoformat(), **defaults, **fields}


def receive(workspace: Workspace, *messages: Message, now: datetime = NOW) -> None:
    """As a request would: parsed, and appended to the inbox."""
    import msgspec

    body = protocol.open_batch(msgspec.json.encode({"batch": list(messages)}))
    clock = protocol.Clock(micros(now), 4_000 * 86_400_000_000)
    parsed = protocol.normalise(body, clock=clock, kind=None, new_id=lambda: "unused")
    assert not parsed.rejected
    append(workspace_id=workspace.pk, received_at=now, messages=parsed.count, payload=parsed.payload)


def _named(names: dict[UUID, str], key: UUID | None) -> str:
    return names[key] if key is not None else ""


def state(workspace: Workspace) -> dict[str, Any]:
    """Everything the messages have brought about, without ids and arrival times."""
    with workspace_scope(workspace):
        customers = dict(Customer.objects.values_list("id", "external_id"))
        contacts = dict(Contact.objects.values_list("id", "external_id"))
        return {
            "customers": sorted((c.external_id, c.name, sorted(c.traits.items())) for c in Customer.objects.all()),
            "contacts": sorted(
                (c.external_id, c.name, c.customer and c.customer.external_id, sorted(c.traits.items()))
                for c in Contact.objects.all()
            ),
            "events": sorted(
                (str(e.message_key), _named(customers, e.customer_id), _named(contacts, e.contact_id), e.name)
                for e in Event.objects.all()
            ),
            "windows": sorted(
                (customers[w.customer_id], w.stream, w.anchor, bytes(w.counts), w.first_day, w.last_event_at)
                for w in UsageWindow.objects.all()
            ),
            "people": sorted(
                (customers[s.customer_id], s.stream, contacts[s.contact_id], s.last_day)
                for s in ContactSeen.objects.all()
            ),
            "features": sorted(
                (customers[s.customer_id], s.stream, s.name, s.last_day) for s in FeatureSeen.objects.all()
            ),
        }


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return factories.make_workspace()


def test_group_identify_and_track_make_customer_contact_and_event(workspace: Workspace) -> None:
    receive(
        workspace,
        message(1, "group", groupId="c-1", traits={"name": "Nottingham Freight", "employees": 40, "plan": "pro"}),
        message(2, "identify", traits={"email": "ops@nottingham.example", "name": "Operations", "team": "blue"}),
        message(3, "track", event="report.opened", properties={"value": 2.5, "path": "/a"}),
    )
    assert drain(workspace.pk, now=NOW) == 3
    with workspace_scope(workspace):
        customer, contact, event = Customer.objects.get(), Contact.objects.get(), Event.objects.get()
        assert (customer.external_id, customer.name, customer.employees) == ("c-1", "Nottingham Freight", 40)
        assert customer.traits["plan"] == "pro"
        assert (contact.customer_id, contact.email, contact.name) == (
            customer.pk,
            "ops@nottingham.example",
            "Operations",
        )
        assert contact.traits["team"] == "blue"
        assert (event.customer_id, event.contact_id, event.value) == (customer.pk, contact.pk, 2.5)
        assert event.properties == {"value": 2.5, "path": "/a"}
        assert (event.occurred_at, event.known_at) == (START, NOW)
        assert not InboxBatch.objects.exists()
        assert DirtyCustomer.objects.filter(customer_id=customer.pk).exists()


def test_null_deletes_a_trait_and_later_messages_win_whatever_the_order(workspace: Workspace) -> None:
    first = message(1, "identify", at=START, traits={"plan": "trial", "team": "blue", "name": "Old"})
    second = message(2, "identify", at=START + timedelta(hours=1), traits={"plan": None, "name": "New"})
    for order in ([second, first], [first, second]):
        receive(workspace, *order)
        drain(workspace.pk, now=NOW)
        with workspace_scope(workspace):
            contact = Contact.objects.get()
            assert (contact.name, contact.traits) == ("New", {"team": "blue", "name": "New"})


def test_of_contradicting_duplicates_the_first_wins(workspace: Workspace) -> None:
    receive(workspace, message(0, "group", groupId="c-1"))
    receive(workspace, message(1, event="first"), message(1, event="second"))
    drain(workspace.pk, now=NOW)
    receive(workspace, message(1, event="third", at=START + timedelta(days=40)))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        assert Event.objects.get().name == "first"
        assert UsageWindow.objects.count() == 1
        assert sum(memoryview(UsageWindow.objects.get().counts).cast("i")) == 1


def test_a_track_at_a_known_customer_makes_its_contact(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = factories.make_customer(external_id="c-1")
    receive(workspace, message(1, userId="new", context={"groupId": "c-1"}), message(2, userId="new"))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        assert Contact.objects.get().customer_id == customer.pk
        assert Event.objects.filter(customer_id=customer.pk, contact_id=Contact.objects.get().pk).count() == 2


def test_events_of_unknown_people_wait_and_are_known_from_their_attaching(workspace: Workspace) -> None:
    receive(workspace, message(1), message(2, userId="u-2", context={"groupId": "c-1"}))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        assert set(Event.objects.values_list("customer_id", "contact_key", "customer_key")) == {
            (None, "u-1", None),
            (None, "u-2", "c-1"),
        }
        assert not UsageWindow.objects.exists()
    later = NOW + timedelta(days=2)
    receive(workspace, message(3, "group", groupId="c-1"), now=later)
    drain(workspace.pk, now=later)
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        assert set(Event.objects.values_list("customer_id", "known_at")) == {(customer.pk, later)}
        assert set(Contact.objects.values_list("external_id", "customer_id")) == {
            ("u-1", customer.pk),
            ("u-2", customer.pk),
        }
        assert LateArrival.objects.get(customer_id=customer.pk).from_day == START.date()


def test_an_identify_whose_group_comes_later_brings_the_contact_home(workspace: Workspace) -> None:
    receive(workspace, message(1, "identify", context={"groupId": "c-1"}), message(2))
    drain(workspace.pk, now=NOW)
    receive(workspace, message(3, "group", userId="other", groupId="c-1"))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        assert Contact.objects.get(external_id="u-1").customer_id == customer.pk
        assert Event.objects.get().customer_id == customer.pk


def test_customers_that_come_by_import_get_what_waited_for_them(workspace: Workspace) -> None:
    receive(workspace, message(1, context={"groupId": "c-1"}))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        customer = factories.make_customer(external_id="c-1")
        assert attach.attach_everything(now=NOW) == 1
        assert Event.objects.get().customer_id == customer.pk
        assert attach.attach_everything(now=NOW) == 0


def test_an_alias_re_keys_what_was_sent_before_and_what_comes_after(workspace: Workspace) -> None:
    receive(
        workspace,
        message(1, userId=None, anonymousId="visitor"),
        message(2, "alias", previousId="visitor", userId="u-1"),
        message(3, userId=None, anonymousId="visitor"),
        message(4, "group", groupId="c-1"),
    )
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        contact = Contact.objects.get()
        assert set(Event.objects.values_list("contact_id", "customer_id")) == {(contact.pk, contact.customer_id)}


def test_an_alias_of_a_known_contact_renames_it(workspace: Workspace) -> None:
    receive(workspace, message(1, "group", userId="old", groupId="c-1"), message(2, userId="old"))
    drain(workspace.pk, now=NOW)
    receive(workspace, message(3, "alias", previousId="old", userId="new"), message(4, userId="old"))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        contact = Contact.objects.get()
        assert contact.external_id == "new"
        assert set(Event.objects.values_list("contact_id", flat=True)) == {contact.pk}


def test_a_poison_message_is_set_aside_and_its_neighbours_are_stored(workspace: Workspace) -> None:
    receive(workspace, message(0, "group", groupId="c-1"), *(message(number) for number in range(1, 8)))
    with workspace_scope(workspace), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE health_inboxbatch SET payload = "
            'convert_to(replace(convert_from(payload, \'UTF8\'), \'"m-4","u-1",null,"report.opened"\', '
            '\'"m-4","u-1",null,"re\\u0000port"\'), \'UTF8\')'
        )
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        assert Event.objects.count() == 6
        assert RejectedMessage.objects.get().reason
        assert not InboxBatch.objects.exists()


def test_a_backlog_of_several_chunks_is_drained(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("health.ingest.drain.CHUNK_MESSAGES", 5)
    receive(workspace, message(0, "group", groupId="c-1"))
    for start in range(1, 40, 3):
        receive(workspace, *(message(number) for number in range(start, start + 3)))
    assert drain(workspace.pk, now=NOW) == 40
    with workspace_scope(workspace):
        assert Event.objects.count() == 39


def test_a_stranger_sees_nothing_and_shares_no_keys(workspace: Workspace) -> None:
    other = factories.make_workspace("other")
    for tenant in (workspace, other):
        receive(tenant, message(0, "group", groupId="c-1"), message(1))
    drain(workspace.pk, now=NOW)
    with workspace_scope(other):
        assert not Event.objects.exists()
        assert not Customer.objects.exists()
        assert InboxBatch.objects.count() == 1
    drain(other.pk, now=NOW)
    for tenant in (workspace, other):
        with workspace_scope(tenant):
            assert Event.objects.count() == MessageKey.objects.count() - 1 == 1
    with connection.cursor() as cursor:
        for table in ("event", "messagekey", "inboxbatch", "usagewindow", "contactalias", "profileclock"):
            cursor.execute(f"SELECT count(*) FROM health_{table}")
            assert cursor.fetchone() == (0,), table


MOMENTS = st.integers(0, 100 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


@st.composite
def _messages(draw: st.DrawFn) -> list[Message]:
    """Messages of a few people, each of whom belongs to one customer throughout."""
    found: list[Message] = []
    for number in range(draw(st.integers(1, 14))):
        person = draw(st.integers(0, 3))
        kind = draw(st.sampled_from(["track", "track", "track", "identify", "group"]))
        fields: Message = {"userId": f"u-{person}"}
        group = f"c-{person % 2}"
        if kind == "track":
            fields["event"] = draw(st.sampled_from(["a", "b", "c"]))
            if draw(st.booleans()):
                fields["context"] = {"groupId": group}
        else:
            fields["traits"] = draw(
                st.dictionaries(st.sampled_from(["name", "plan", "x"]), st.sampled_from(["p", "q", None]), max_size=2)
            )
            if kind == "group" or draw(st.booleans()):
                fields |= {"groupId": group} if kind == "group" else {"context": {"groupId": group}}
        found.append(message(number, kind, at=draw(MOMENTS), **fields))
    return found


def _replay(slug: str, messages: list[Message], chooser: random.Random) -> tuple[Workspace, dict[str, Any]]:
    workspace = factories.make_workspace(slug)
    sent = list(messages)
    while sent:
        size = chooser.randint(1, len(sent))
        receive(workspace, *sent[:size])
        if chooser.random() < 0.3:
            receive(workspace, *chooser.choices(messages[: len(messages) - len(sent) + size], k=2))
        sent = sent[size:]
        if chooser.random() < 0.6:
            drain(workspace.pk, now=NOW)
    drain(workspace.pk, now=NOW)
    return workspace, state(workspace)


_runs = iter(range(10**9))


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(messages=_messages(), chooser=st.randoms(use_true_random=False))
def test_retries_splits_and_order_of_arrival_make_no_difference(
    transactional_db: None, messages: list[Message], chooser: random.Random
) -> None:
    run = next(_runs)
    shuffled = list(messages)
    chooser.shuffle(shuffled)
    workspace, straight = _replay(f"straight-{run}", messages, random.Random(0))
    _, mixed = _replay(f"mixed-{run}", shuffled, chooser)
    assert mixed == straight
    assert len(straight["events"]) == sum(found["type"] == "track" for found in messages)
    with workspace_scope(workspace):
        windows.rebuild(_customer_ids(), streams=[EVERYTHING])
    assert state(workspace) == straight


def _customer_ids() -> list[UUID]:
    return list(Customer.objects.values_list("id", flat=True))


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 200 * 24)), max_size=30
    ),
    cuts=st.lists(st.integers(0, 30), max_size=4),
)
def test_incremental_state_equals_the_state_computed_from_the_events(
    transactional_db: None, events: list[tuple[int, int, str, int]], cuts: list[int]
) -> None:
    workspace = factories.make_workspace(f"state-{next(_runs)}")
    streams = [EVERYTHING, stream_of(["a", "c"])]
    with workspace_scope(workspace):
        customers = [factories.make_customer() for _ in range(3)]
        contacts = [factories.make_contact(customers[0]) for _ in range(3)]
        batch = arrivals.EventBatch()
        for number, (customer, contact, name, hours) in enumerate(events):
            at = micros(NOW - timedelta(hours=hours))
            row = (
                arrivals.key_of(str(number)),
                str(customers[customer].pk),
                str(contacts[contact].pk),
                None,
                None,
                name,
                at,
                at,
                None,
                None,
            )
            for column, value in zip(batch.columns(), row, strict=True):
                column.append(value)
        arrivals.lock()
        places = [0, *sorted(cuts), len(events)]
        for low, high in itertools.pairwise(places):
            part = batch.take(range(min(low, len(events)), min(high, len(events))))
            arrivals._insert(part)
            windows.add(part.customer_ids, part.contact_ids, part.names, part.at, streams=streams)
    before = state(workspace)
    with workspace_scope(workspace):
        windows.rebuild([customer.pk for customer in customers], streams=streams)
    assert state(workspace) == before


def test_over_http_and_through_the_drain_every_event_is_counted_once(sender: Sender) -> None:
    group = {"type": "group", "messageId": "g", "userId": "u", "groupId": "c"}
    events = [{"type": "track", "messageId": f"t-{n}", "userId": "u", "event": "e"} for n in range(50)]
    for _ in range(3):
        assert sender.batch(group, *events).status_code == 200
    drain(sender.workspace.pk)
    with workspace_scope(sender.workspace):
        assert Event.objects.count() == 50
        assert sum(memoryview(UsageWindow.objects.get().counts).cast("i")) == 50
