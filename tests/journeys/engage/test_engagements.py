"""Engagements: who spoke with whom, told by people, files and systems alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts import segments
from accounts.models import Customer
from accounts.services import deletion
from accounts.services.results import Outcome, Result
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Engagement, EngagementCustomer
from journeys.services import engagements
from journeys.services.planning import define_outcome
from tests import factories
from tests.journeys.engage.conftest import NOW, Town


def told(**more: Any) -> dict[str, Any]:
    return {
        "customer_external_id": "c-mills",
        "direction": "customer_to_vendor",
        "channel": "email",
        "occurred_at": "2026-06-01T10:00:00Z",
        **more,
    }


def bring(*rows: Facts, now: datetime = NOW) -> Result:
    return engagements.upsert(rows=rows, actor=audit.SYSTEM, now=now)


def test_one_conversation_may_hold_several_customers_and_their_people(town: Town) -> None:
    told_ = told(
        customer_external_id="c-mills|c-freight", direction="customer to customer", contact_external_id="p-ann|p-bob"
    )
    assert bring(Facts("e-1", told_)).refusals == []
    (one,) = Engagement.objects.all()
    assert {link.customer_id for link in one.customers.all()} == {town.mills.pk, town.freight.pk}
    assert {link.contact_id for link in one.contacts.all()} == {town.ann.pk, town.bob.pk}
    assert one.direction == "customer_to_customer"


def test_bringing_the_same_row_again_changes_nothing(town: Town) -> None:
    bring(Facts("e-1", told()))
    assert bring(Facts("e-1", told())).outcomes == [Outcome.UNCHANGED]
    assert Engagement.objects.get().version == 1


def test_a_corrected_time_and_direction_reach_the_timeline(town: Town) -> None:
    bring(Facts("e-1", told()))
    bring(Facts("e-1", {"occurred_at": "2026-05-30T08:00:00Z", "direction": "outbound"}))
    link = EngagementCustomer.objects.get()
    assert (link.occurred_at, link.direction) == (datetime(2026, 5, 30, 8, tzinfo=UTC), "vendor_to_customer")


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"customer_external_id": "c-nobody"}, "customer_external_id", "c-nobody"),
        ({"customer_external_id": " | "}, "customer_external_id", "is empty"),
        ({"direction": "sideways"}, "direction", "vendor_to_customer"),
        ({"direction": ""}, "direction", "is empty"),
        ({"channel": "pigeon"}, "channel", "email"),
        ({"occurred_at": ""}, "occurred_at", "is empty"),
        ({"occurred_at": "2027-01-01"}, "occurred_at", "future"),
        ({"occurred_at": "soon"}, "occurred_at", "soon"),
        ({"subject": "a\0b"}, "subject", "NUL"),
        ({"sentiment": "meh"}, "sentiment", "positive"),
        ({"contact_external_id": "p-bob"}, "contact_external_id", "belongs to none"),
        ({"outcome_external_id": "o-none"}, "outcome_external_id", "o-none"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_the_rest_is_kept(
    town: Town, more: dict[str, Any], field: str, words: str
) -> None:
    result = bring(Facts("bad", told(**more)), Facts("good", told()))
    (refusal,) = result.refusals
    assert refusal.field == field
    assert words in refusal.reason
    assert [each.external_id for each in Engagement.objects.all()] == ["good"]


def test_the_one_of_us_who_took_part_is_a_member_or_a_name(town: Town) -> None:
    bring(Facts("e-1", told(by_email="Marian@kestrel.example")), Facts("e-2", told(by_email="gone@kestrel.example")))
    assert Engagement.objects.get(external_id="e-1").by_id == town.csm.pk
    gone = Engagement.objects.get(external_id="e-2")
    assert (gone.by_id, gone.by_label) == (None, "gone@kestrel.example")


def test_it_may_serve_an_outcome_of_its_customer_only(town: Town) -> None:
    for customer, key in ((town.mills, "o-mills"), (town.freight, "o-freight")):
        define_outcome(
            customer_id=customer.pk,
            external_id=key,
            told={"statement": "Pick twice as fast"},
            actor=audit.SYSTEM,
            now=NOW,
        )
    result = bring(
        Facts("e-1", told(outcome_external_id="o-mills")), Facts("e-2", told(outcome_external_id="o-freight"))
    )
    assert [each.field for each in result.refusals] == ["outcome_external_id"]
    assert Engagement.objects.values_list("outcome__external_id", flat=True).get() == "o-mills"


def test_logging_tells_the_trail_and_the_outside_once_for_each_customer(town: Town) -> None:
    town.log(customer_external_id=["c-mills", "c-freight"])
    told_ = OutboxEvent.objects.filter(name="engagement.logged")
    assert {event.payload["customer_id"] for event in told_} == {str(town.mills.pk), str(town.freight.pk)}
    assert AuditEvent.objects.filter(action="engagement.created").count() == 1


def test_the_same_form_sent_twice_is_one_engagement(town: Town) -> None:
    once = uuid7()
    for _time in range(2):
        engagements.log(told=told(), actor=audit.SYSTEM, now=NOW, once=once)
    assert Engagement.objects.count() == 1


def test_an_id_that_is_taken_is_refused(town: Town) -> None:
    town.log()
    with pytest.raises(ValidationError) as error:
        town.log()
    assert "external_id" in error.value.message_dict


# --- forgetting ---------------------------------------------------------------------------------------------------


def test_deleting_a_contact_takes_them_out_of_the_texts(town: Town) -> None:
    cat = factories.make_contact(town.mills, external_id="p-cat", name="Cat Miller", email="cat@loxley.example")
    town.log(
        "both", subject="Ann Weaver and Cat Miller", body="ann weaver asked", contact_external_id=["p-ann", "p-cat"]
    )
    town.log("hers", direction="customer_to_vendor", body="I am leaving", contact_external_id=["p-ann"])
    town.log("about", body="Reach ANN@loxley.example first; Hannah Weaverly too")
    town.log("other", body="Nothing of her")
    deletion.delete_contact(contact_id=town.ann.pk, actor=audit.SYSTEM, now=NOW)
    texts = {each.external_id: f"{each.subject} {each.body}" for each in Engagement.objects.all()}
    assert "Ann" not in texts["both"]
    assert "ann weaver" not in texts["both"]
    assert "Cat Miller" in texts["both"]
    assert texts["hers"].strip() == ""
    assert "loxley.example" not in texts["about"]
    assert "Hannah Weaverly" in texts["about"]
    assert texts["other"] == " Nothing of her"
    assert cat.pk


def test_what_was_erased_does_not_come_back_with_the_next_import(town: Town) -> None:
    row = Facts("e-1", told(body="Ann Weaver here", contact_external_id="p-ann"))
    bring(row)
    deletion.delete_contact(contact_id=town.ann.pk, actor=audit.SYSTEM, now=NOW)
    bring(Facts("e-1", told(body="Ann Weaver here", sentiment="negative")))
    one = Engagement.objects.get()
    assert (one.body, one.sentiment) == ("", "negative")


def test_a_deleted_customer_takes_the_conversations_it_had_alone(town: Town) -> None:
    town.log("alone")
    town.log("shared", customer_external_id=["c-mills", "c-freight"])
    deletion.delete_customer(customer_id=town.mills.pk, actor=audit.SYSTEM, now=NOW)
    (left,) = Engagement.objects.all()
    assert left.external_id == "shared"
    assert [link.customer_id for link in left.customers.all()] == [town.freight.pk]


# --- filters ------------------------------------------------------------------------------------------------------


def names(definition: dict[str, Any], now: datetime = NOW) -> set[str]:
    found = segments.parse(definition)
    return set(Customer.objects.filter(segments.condition(found, now=now)).values_list("name", flat=True))


def test_customers_are_found_by_silence_of_all_and_of_one_direction(town: Town) -> None:
    town.log("ours", at=NOW - timedelta(days=5))
    town.log("theirs", at=NOW - timedelta(days=50), direction="customer_to_vendor")
    quiet = {"field": "engagements", "op": "none", "value": {"days": 30}}
    unheard = {"field": "engagements_customer_to_vendor", "op": "none", "value": {"days": 30}}
    assert names(quiet) == {"Nottingham Freight"}
    assert names(unheard) == {"Loxley Mills", "Nottingham Freight"}


def test_strangers_see_nothing_of_it(town: Town) -> None:
    town.log()
    with workspace_scope(factories.make_workspace("merlin")):
        assert not Engagement.objects.exists()
        assert not EngagementCustomer.objects.exists()
