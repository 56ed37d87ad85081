"""Signals, cadences and shocks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, SavedSegment
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health.models import HealthSnapshot, ScorecardVersion
from journeys.models import Shock, ShockCustomer, Signal, SignalState, Task
from journeys.selectors import cadences as due_selectors
from journeys.selectors import shocks as shock_selectors
from journeys.selectors import signals as selectors
from journeys.services import cadences, shocks, signals
from journeys.services.shocks import declare
from tests import factories
from tests.journeys.engage.conftest import NOW, Town, make_town

FRENCH = {"field": "country", "op": "in", "value": ["FR"]}
ACTOR: dict[str, Any] = {"actor": audit.SYSTEM}


def weekly(town: Town, *, weeks: int = 6, last: int = 40, **told: Any) -> None:
    for week in range(weeks):
        town.log(f"w-{week}-{told}"[:60], at=NOW - timedelta(days=last + 7 * week), **told)


def signal(town: Town, **told: Any) -> Signal:
    said = {"kind": "sponsor_change", "summary": "Ann leaves", **told}
    return signals.record(customer=town.mills, told=said, now=NOW, **ACTOR)


def test_silence_is_told_once_and_passes_when_they_speak_again(town: Town) -> None:
    weekly(town, direction="customer_to_vendor")
    assert signals.listen_for_silence(now=NOW) == 1
    assert signals.listen_for_silence(now=NOW + timedelta(days=1)) == 0
    found = Signal.objects.get()
    assert (found.kind, found.state, found.customer_id) == ("silence", "open", town.mills.pk)
    town.log("again", at=NOW, direction="customer_to_vendor")
    assert signals.listen_for_silence(now=NOW + timedelta(hours=1)) == 0
    found.refresh_from_db()
    assert found.state == SignalState.PASSED


def test_talk_in_one_direction_does_not_hide_silence_in_the_other(town: Town) -> None:
    weekly(town, direction="customer_to_vendor")
    weekly(town, direction="vendor_to_customer", last=2)
    signals.listen_for_silence(now=NOW)
    assert "Customer → us" in Signal.objects.get().summary


def test_churned_customers_may_be_silent(town: Town) -> None:
    weekly(town, direction="customer_to_vendor")
    Customer.objects.filter(pk=town.mills.pk).update(contract_state="churned", churned_on=NOW.date())
    assert signals.listen_for_silence(now=NOW) == 0


def test_the_first_answer_ends_the_time_to_response(town: Town) -> None:
    one = signal(town)
    signals.answer(signal_id=one.pk, answer="Called Bob", now=NOW + timedelta(hours=6), **ACTOR)
    signals.answer(signal_id=one.pk, answer="Called Bob and Cat", now=NOW + timedelta(days=9), **ACTOR)
    signal(town)
    told = selectors.adaptability(now=NOW + timedelta(days=10))
    assert (told.median_seconds, told.answered, told.waiting) == (6 * 3600, 1, 1)
    assert selectors.adaptability(now=NOW, customer_id=town.freight.pk).answered == 0


@pytest.mark.parametrize(
    ("told", "field"),
    [({"kind": "weather"}, "kind"), ({"summary": ""}, "summary"), ({"occurred_at": "2030-01-01"}, "occurred_at")],
)
def test_signals_that_cannot_be_are_refused_by_name(town: Town, told: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        signal(town, **told)
    assert field in error.value.message_dict


def test_an_empty_answer_and_a_strangers_engagement_are_refused(town: Town) -> None:
    one = signal(town)
    other = town.log(customer_external_id=["c-freight"])
    with pytest.raises(ValidationError):
        signals.answer(signal_id=one.pk, answer=" ", now=NOW, **ACTOR)
    with pytest.raises(ValidationError):
        signals.answer(signal_id=one.pk, answer="Called", engagement=other, now=NOW, **ACTOR)


def test_customers_are_due_by_the_first_cadence_that_finds_them(town: Town) -> None:
    Customer.objects.filter(pk=town.mills.pk).update(country="FR")
    cadences.save(name="France", definition=FRENCH, every_days=7, direction="", now=NOW, **ACTOR)
    cadences.save(name="All", definition={"all": []}, every_days=90, direction="vendor_to_customer", now=NOW, **ACTOR)
    town.log(at=NOW - timedelta(days=10), customer_external_id=["c-mills", "c-freight"])
    first, second = due_selectors.due(now=NOW)
    assert [each.pk for each in first.customers] == [town.mills.pk]
    assert second.total == 0
    (_again, later) = due_selectors.due(now=NOW + timedelta(days=100))
    assert [each.pk for each in later.customers] == [town.freight.pk]


def test_a_cadence_of_nonsense_is_refused(town: Town) -> None:
    with pytest.raises(ValidationError) as error:
        cadences.save(name="", definition={"field": "no"}, every_days=0, direction="up", now=NOW, **ACTOR)
    assert set(error.value.message_dict) == {"name", "definition", "every_days", "direction"}


# --- shocks -------------------------------------------------------------------------------------------------------


def strike(town: Town, **told: Any) -> Shock:
    Customer.objects.filter(pk=town.mills.pk).update(country="FR", arr_minor=5_000_00)
    return declare(**{"name": "Strike in France", "definition": FRENCH, "now": NOW, **ACTOR, **told})


def test_a_shock_is_frozen_to_the_customers_of_its_declaration(town: Town) -> None:
    shock = strike(town)
    Customer.objects.filter(pk=town.freight.pk).update(country="FR")
    Customer.objects.filter(pk=town.mills.pk).update(country="DE", arr_minor=1_000_00)
    told = shock_selectors.standing(shock)
    assert (told.customers, told.arr_before_minor, told.arr_now_minor) == (1, 5_000_00, 1_000_00)
    events = OutboxEvent.objects.filter(name="shock.customer_exposed")
    assert [event.payload["customer_id"] for event in events] == [str(town.mills.pk)]
    assert OutboxEvent.objects.filter(name="shock.declared").count() == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"definition": {"all": []}}, "definition"),
        ({"definition": {"field": "gone", "op": "eq", "value": 1}}, "definition"),
        ({"definition": {"field": "country", "op": "in", "value": ["XX"]}}, "definition"),
        ({"name": " "}, "name"),
        ({"struck_on": date(2030, 1, 1)}, "struck_on"),
    ],
)
def test_a_shock_on_nobody_or_everybody_is_refused(town: Town, told: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        strike(town, **told)
    assert field in error.value.message_dict
    assert not ShockCustomer.objects.exists()


def test_the_task_force_gives_each_customer_one_task_however_often_asked(town: Town) -> None:
    shock = strike(town)
    shocks.enlist(shock_id=shock.pk, member=town.csm, part="calls", now=NOW, **ACTOR)
    for _time in range(2):
        shocks.give_tasks(shock_id=shock.pk, title="Call them", due_on=None, now=NOW, **ACTOR)
    assert Task.objects.get().customer_id == town.mills.pk
    assert [each.part for each in shock_selectors.task_force(shock)] == ["calls"]
    assert shock_selectors.standing(shock).tasks == 1


def test_a_closed_shock_changes_no_more(town: Town) -> None:
    shock = strike(town)
    with pytest.raises(ValidationError):
        shocks.close(shock_id=shock.pk, lesson=" ", now=NOW, **ACTOR)
    shocks.close(shock_id=shock.pk, lesson="Call first", now=NOW, **ACTOR)
    with pytest.raises(ValidationError):
        shocks.enlist(shock_id=shock.pk, member=town.csm, part="", now=NOW, **ACTOR)


def test_the_curve_sets_the_exposed_beside_the_others(town: Town) -> None:
    shock = strike(town)
    day = NOW.date() - timedelta(days=1)
    version = ScorecardVersion.objects.order_by("pk")[0]
    for customer, points in ((town.mills, 4_000), (town.freight, 8_000)):
        HealthSnapshot.objects.create(
            workspace_id=town.workspace.pk, customer=customer, as_of=day, points=points, band="watch", coverage=100,
            values=[], risk_inputs=[], scorecard_version=version, computed_at=NOW, known_through=NOW,
            recorded_through=NOW,
        )  # fmt: skip
    last = shock_selectors.recovery(shock, now=NOW)[-1]
    assert last.exposed is not None
    assert last.others is not None
    assert (last.exposed.mean_points, last.others.mean_points) == (4_000, 8_000)


def test_pages_answer_and_declare_and_keep_what_was_typed(db: None) -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        town = make_town(workspace)
        one = signal(town)
        manager = factories.make_member(workspace, Role.MANAGER)
        Customer.objects.filter(pk=town.mills.pk).update(country="FR")
        segment = SavedSegment.objects.create(
            workspace_id=workspace.pk, name="France", definition=FRENCH, owner=manager, created_at=NOW
        )
    client = Client()
    client.force_login(manager.user)
    assert b"Ann leaves" in client.get("/journeys/signals/?mine=0").content
    assert client.post(reverse("signal_answer", args=[one.pk]), {"answer": "x" * 600}).status_code == 422
    assert client.post(reverse("signal_answer", args=[one.pk]), {"answer": "Called"}).status_code == 302
    for address in ("/journeys/cadence/", "/journeys/shocks/", "/journeys/shocks/new/"):
        assert client.get(address).status_code == 200
    bad = client.post("/journeys/shocks/new/", {"name": "Strike"})
    assert bad.status_code == 422
    assert b"Strike" in bad.content
    made = client.post("/journeys/shocks/new/", {"name": "Strike", "segment": str(segment.pk)})
    page = client.get(made["Location"])
    assert b"Loxley Mills" in page.content
    closed = client.post(f"{made['Location']}close/", {"lesson": "Call first"}, follow=True)
    assert b"Call first" in closed.content
