"""Adoption from events: states follow what people do and do not do, once, whatever is repeated or comes late."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, Customer, Workspace
from accounts.services import contacts, deletion
from csplatform.core import audit, outbox
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health import adoption
from health.models import AdoptionMark
from journeys.adoption.rules import DEFAULT
from journeys.models import AdoptionChange, AdoptionCount, AdoptionRules, AdoptionState
from journeys.selectors import adoption as reads
from journeys.services.adoption import settings
from tests import factories
from tests.factories import NOW
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
SLOW: dict[str, Any] = {**DEFAULT, "lapse_days": 60}


def invited(customer: Customer, *, days: int = 90, **fields: Any) -> Contact:
    return factories.make_contact(customer, invited_at=NOW - timedelta(days=days), **fields)


def follow(now: Any = NOW) -> int:
    done = 0
    while more := adoption.follow_marked(now=now):
        done += more
    return done


def states() -> dict[UUID, str]:
    return dict(AdoptionState.objects.values_list("contact_id", "state"))


def story_of(contact: Contact) -> list[tuple[date, str]]:
    return list(AdoptionChange.objects.filter(contact=contact).order_by("day").values_list("day", "state"))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_each_person_stands_where_their_use_has_brought_them_and_the_customer_is_counted() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        waiting, trying, working, settled, silent = [invited(customer) for _ in range(5)]
        factories.make_contact(customer, external_id="never-invited")
        store_uses({trying: [3]}, now=NOW)
        store_uses({working: [20], silent: [80]}, per_day=10, now=NOW)
        store_uses({settled: range(0, 30, 3)}, now=NOW)
        assert follow() == 1
        assert states() == {
            waiting.pk: "invited",
            trying.pk: "first_use",
            working.pk: "activated",
            settled.pk: "habitual",
            silent.pk: "lapsed",
        }
        counted = AdoptionCount.objects.get(customer=customer)
        assert (counted.people, counted.habit_percent, counted.work_percent) == (5, 2000, 4000)
        assert story_of(silent) == [(ago(90), "invited"), (ago(80), "activated"), (ago(52), "lapsed")]


def test_following_again_or_from_the_start_changes_nothing_and_tells_nothing() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        store_uses({invited(customer): [0, 1, 4, 9], invited(customer): range(0, 60, 2)}, per_day=3, now=NOW)
        follow()
        before = list(AdoptionChange.objects.order_by("pk").values())
        told = OutboxEvent.objects.count()
        adoption.mark({customer.pk: date(1970, 1, 1)})
        adoption.mark({customer.pk: TODAY})
        assert follow() == 1
        assert list(AdoptionChange.objects.order_by("pk").values()) == before
        assert OutboxEvent.objects.count() == told


def test_day_by_day_and_all_at_once_tell_the_same_story() -> None:
    days = {0: range(0, 70, 2), 1: [69, 68, 40, 5, 4, 3, 2, 1, 0], 2: [60, 20]}
    stories = []
    for at_once in (True, False):
        with workspace_scope(factories.make_workspace(slug=f"house-{at_once}".lower())):
            customer = factories.make_customer()
            people = [invited(customer, days=75) for _ in days]
            if at_once:
                store_uses({people[n]: back for n, back in days.items()}, per_day=4, now=NOW)
                follow()
            else:
                for today in range(75, -1, -1):
                    now = NOW - timedelta(days=today)
                    adoption.mark({customer.pk: now.date()})
                    adoption.mark_due(now)
                    use = {people[n]: [0] for n, back in days.items() if today in back}
                    store_uses(use, per_day=4, now=now)
                    follow(now)
            stories.append([story_of(person) for person in people])
    assert stories[0] == stories[1]


def test_silence_alone_moves_people_on_when_its_day_has_come() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        person = invited(customer)
        store_uses({person: range(10)}, per_day=2, now=NOW)
        follow()
        assert states()[person.pk] == "habitual"
        row = AdoptionState.objects.get()
        assert row.due_on is not None
        adoption.mark_due(NOW)
        assert not AdoptionMark.objects.exists()
        later = NOW + (row.due_on - TODAY)
        adoption.mark_due(later)
        follow(later)
        assert states()[person.pk] == "activated"
        adoption.mark_due(NOW + timedelta(days=40))
        follow(NOW + timedelta(days=40))
        assert story_of(person)[-1] == (TODAY + timedelta(days=28), "lapsed")
        assert AdoptionState.objects.get().due_on is None


def test_use_that_becomes_known_late_puts_the_past_right() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        person = invited(customer)
        store_uses({person: [1]}, now=NOW)
        follow()
        assert story_of(person) == [(ago(90), "invited"), (ago(1), "first_use")]
        store_uses({person: [80]}, per_day=10, now=NOW)
        store_uses({person: [3]}, now=NOW)
        follow()
        assert story_of(person) == [
            (ago(90), "invited"), (ago(80), "activated"), (ago(52), "lapsed"), (ago(3), "activated"),
        ]  # fmt: skip


def test_an_invitation_that_is_moved_or_taken_back_is_followed() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        facts = {"customer_external_id": customer.external_id, "invited_at": "2026-06-01T08:00:00Z"}
        person = contacts.create(external_id="p-1", told=facts, actor=audit.SYSTEM, now=NOW)
        follow()
        assert story_of(person) == [(date(2026, 6, 1), "invited")]
        contacts.update(contact_id=person.pk, told={"invited_at": "2026-06-10T08:00:00Z"}, actor=audit.SYSTEM, now=NOW)
        follow()
        assert story_of(person) == [(date(2026, 6, 10), "invited")]
        contacts.update(contact_id=person.pk, told={"invited_at": ""}, actor=audit.SYSTEM, now=NOW)
        follow()
        assert (story_of(person), states()) == ([], {})


def test_a_person_who_changes_customer_begins_anew_there() -> None:
    with workspace_scope(factories.make_workspace()):
        old, new = factories.make_customer(external_id="c-old"), factories.make_customer(external_id="c-new")
        person = invited(old, external_id="p-1")
        store_uses({person: range(12)}, per_day=2, now=NOW)
        follow()
        contacts.update(contact_id=person.pk, told={"customer_external_id": "c-new"}, actor=audit.SYSTEM, now=NOW)
        follow()
        assert AdoptionState.objects.get().customer_id == new.pk
        assert [row.customer_id for row in AdoptionChange.objects.all()] == [new.pk]
        assert reads.shares_at_work([old.pk, new.pk]) == {old.pk: None, new.pk: 0.0}


def test_news_are_told_once_and_only_of_the_last_days() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = factories.make_customer()
        person = invited(customer)
        store_uses({person: [50]}, per_day=10, now=NOW)
        follow()
        assert not OutboxEvent.objects.filter(name__startswith="contact.").exists()
        store_uses({person: [0]}, now=NOW)
        follow()
        adoption.mark({customer.pk: TODAY})
        follow()
        (news,) = OutboxEvent.objects.filter(name__startswith="contact.")
        assert news.name == "contact.activated"
        assert news.payload == {
            "customer_id": str(customer.pk), "contact_id": str(person.pk), "pseudonym": None, "before": "lapsed",
            "day": TODAY.isoformat(),
        }  # fmt: skip


@pytest.mark.parametrize(("people", "told"), [("pseudonym", 1), ("aggregate", 0)])
def test_news_name_nobody_where_people_are_not_shown_by_name(people: str, told: int) -> None:
    with workspace_scope(factories.make_workspace()):
        settings.show_people(people=people, actor=audit.SYSTEM, now=NOW)
        person = invited(factories.make_customer())
        store_uses({person: [0]}, now=NOW)
        follow()
        news = list(OutboxEvent.objects.filter(name__startswith="contact."))
        assert len(news) == told
        assert all(str(person.pk) not in str(each.payload) and each.payload["pseudonym"] for each in news)


def test_other_rules_count_from_their_day_on_and_leave_the_days_before_alone() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        person = invited(customer)
        store_uses({person: [40]}, per_day=10, now=NOW)
        follow()
        assert story_of(person)[1:] == [(ago(40), "activated"), (ago(12), "lapsed")]
        settings.set_rules(definition=SLOW, actor=audit.SYSTEM, now=NOW, effective_on=ago(5))
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        follow()
        assert story_of(person)[1:] == [(ago(40), "activated"), (ago(12), "lapsed"), (ago(5), "activated")]
        settings.set_rules(definition=SLOW, actor=audit.SYSTEM, now=NOW, effective_on=ago(90), reason="From the start")
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        follow()
        assert story_of(person)[1:] == [(ago(40), "activated")]
        assert [rules.number for rules in AdoptionRules.objects.all()] == [1, 2]
        assert AuditEvent.objects.filter(action="adoption_rules.changed").count() == 2


def test_rules_that_cannot_be_are_refused_in_words_and_nothing_is_kept() -> None:
    with workspace_scope(factories.make_workspace()):
        wrong = {**DEFAULT, "lapse_days": 0, "colour": "red"}
        with pytest.raises(ValidationError) as refused:
            settings.set_rules(definition=wrong, actor=audit.SYSTEM, now=NOW, effective_on=TODAY + timedelta(days=1))
        assert set(refused.value.message_dict) == {"definition", "effective_on"}
        assert "lapse_days: Expected a whole number from 1 to 366." in refused.value.message_dict["definition"]
        settings.set_rules(definition=SLOW, actor=audit.SYSTEM, now=NOW, expected_number=0)
        with pytest.raises(ValidationError, match="version 1"):
            settings.set_rules(definition=dict(DEFAULT), actor=audit.SYSTEM, now=NOW, expected_number=0)
        with pytest.raises(ValidationError, match="name, pseudonym, aggregate"):
            settings.show_people(people="nobody", actor=audit.SYSTEM, now=NOW)


def test_statements_do_not_grow_with_the_people() -> None:
    with workspace_scope(factories.make_workspace()):
        needed = []
        for people in (2, 60):
            customer = factories.make_customer()
            store_uses({invited(customer): range(0, 40, 3) for _ in range(people)}, now=NOW)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                follow()
            needed.append(len(queries))
        assert needed[0] == needed[1]


def test_erasing_a_person_takes_their_states_and_deleting_a_customer_everything() -> None:
    workspace: Workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = factories.make_customer()
        first, second = invited(customer), invited(customer)
        store_uses({first: [0], second: [1]}, now=NOW)
        follow()
        deletion.delete_contact(contact_id=first.pk, actor=audit.SYSTEM, now=NOW)
        follow()
        assert set(states()) == {second.pk}
        assert AdoptionCount.objects.get().people == 1
        adoption.mark({customer.pk: TODAY})
        deletion.delete_customer(customer_id=customer.pk, actor=audit.SYSTEM, now=NOW)
        assert not AdoptionState.objects.exists()
        assert not AdoptionMark.objects.filter(workspace_id=workspace.pk).exists()
