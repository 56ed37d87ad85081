"""Advocacy: asked and not over-asked, done and thanked, and the value that came back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.imports import kinds
from accounts.imports.kinds import Chunk, Context
from accounts.models import Customer, Workspace
from accounts.services.writing import Facts
from csplatform.core import outbox
from csplatform.core.audit import SYSTEM
from csplatform.core.ids import uuid7
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import AdvocacyAct, AdvocacyStep
from journeys.selectors import advocacy as selectors
from journeys.services import advocacy, advocacy_peace
from tests import factories
from tests.api.conftest import make_api, problem
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
NOW = factories.NOW


@pytest.fixture
def workspace(db: None) -> Workspace:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        factories.make_customer("Loxley Mills", external_id="c-1", arr_minor=84_000_00, contract_state="active")
    return workspace


def act(kind: str = "review", *, now: Any = NOW, **told: Any) -> AdvocacyAct:
    return advocacy.create(told={"customer_external_id": "c-1", "kind": kind, **told}, actor=SYSTEM, now=now)


def test_an_act_goes_from_the_ask_to_the_thanks_and_every_step_stays(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        one = act(state="asked")
        for days, state in ((1, "agreed"), (2, "done"), (3, "thanked")):
            advocacy.update(act_id=one.pk, told={"state": state}, actor=SYSTEM, now=NOW + timedelta(days=days))
        assert list(AdvocacyStep.objects.order_by("known_at").values_list("state", flat=True)) == [
            "asked", "agreed", "done", "thanked",
        ]  # fmt: skip
        names = set(OutboxEvent.objects.filter(name__startswith="advocacy.").values_list("name", flat=True))
        assert names == {"advocacy.asked", "advocacy.agreed", "advocacy.done", "advocacy.thanked"}
        with pytest.raises(ValidationError) as refused:
            advocacy.update(act_id=one.pk, told={"state": "asked"}, actor=SYSTEM, now=NOW + timedelta(days=4))
        assert list(refused.value.message_dict) == ["state"]


def test_a_customer_asked_lately_is_not_asked_again(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        act(state="asked")
        with pytest.raises(ValidationError, match="ask again from 2026-07-16"):
            act("testimonial", state="asked", now=NOW + timedelta(days=29))
        act("testimonial", state="asked", now=NOW + timedelta(days=30))
        assert AdvocacyAct.objects.count() == 2


def test_a_person_rests_longer_than_its_customer(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        for name in ("p-1", "p-2"):
            factories.make_contact(customer, external_id=name)
        act(state="asked", contact_external_id="p-1")
        later = NOW + timedelta(days=40)
        with pytest.raises(ValidationError):
            act("event", state="asked", contact_external_id="p-1", now=later)
        act("event", state="asked", contact_external_id="p-2", now=later)


def test_who_does_not_want_to_be_asked_is_not_until_it_is_lifted(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        silence = advocacy_peace.silence(customer_id=customer.pk, reason="Their lawyers", actor=SYSTEM, now=NOW)
        with pytest.raises(ValidationError):
            act(state="asked")
        act(state="done")  # what they do by themselves is noted
        advocacy_peace.lift(silence_id=silence.pk, actor=SYSTEM, now=NOW)
        act("event", state="asked")


def test_the_workspace_sets_how_long_people_rest(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        advocacy_peace.set_rest(customer_days=0, contact_days=0, actor=SYSTEM, now=NOW)
        act(state="asked")
        act("event", state="asked")
        with pytest.raises(ValidationError):
            advocacy_peace.set_rest(customer_days=-1, contact_days=9, actor=SYSTEM, now=NOW)


def test_an_ask_that_is_told_with_its_moment_is_kept_and_counts(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        act(state="asked", asked_at=NOW - timedelta(days=3))
        act("event", state="asked", asked_at=NOW - timedelta(days=2))
        with pytest.raises(ValidationError):
            act("testimonial", state="asked")


def test_moments_out_of_order_or_to_come_are_refused_by_field(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"asked_at": NOW, "done_at": NOW - timedelta(days=1)}, "done_at"),
            ({"done_at": NOW + timedelta(days=1)}, "done_at"),
            ({"kind": "favour"}, "kind"),
            ({"url": "not an address"}, "url"),
            ({"contact_external_id": "nobody"}, "contact_external_id"),
            ({"customer_external_id": "nobody"}, "customer_external_id"),
            ({"referred_external_id": "nobody"}, "referred_external_id"),
        )
        for told, field in cases:
            with pytest.raises(ValidationError) as refused:
                act(**{"kind": "review", **told})
            assert list(refused.value.message_dict) == [field], told
        assert not AdvocacyAct.objects.exists()


def test_a_referral_opens_a_new_customer_at_awareness_that_remembers_its_referrer(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        one = act("referral", state="asked")
        referred = advocacy.refer(act_id=one.pk, name="Sherwood Timber", actor=SYSTEM, now=NOW)
        assert (referred.stage_macro, referred.source) == ("awareness", "referral")
        assert referred.referred_by is not None
        assert referred.referred_by.external_id == "c-1"
        one.refresh_from_db()
        assert (one.state, one.referred_id) == ("done", referred.pk)
        with pytest.raises(ValidationError):
            advocacy.refer(act_id=one.pk, name="Another", actor=SYSTEM, now=NOW)


def test_nobody_refers_itself_or_closes_a_circle(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        one = act("referral")
        with pytest.raises(ValidationError):
            advocacy.refer(act_id=one.pk, name="", external_id="c-1", actor=SYSTEM, now=NOW)
        assert Customer.objects.get().referred_by_id is None


def test_the_value_that_came_back_is_the_arr_of_those_referred(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        factories.make_customer(
            "Won", external_id="c-2", referred_by=Customer.objects.get(), arr_minor=10_00, contract_state="active"
        )
        factories.make_customer("Open", external_id="c-3", referred_by_id=Customer.objects.get(external_id="c-1").pk,
                                expected_arr_minor=7_00)  # fmt: skip
        back = selectors.came_back()
        assert (back.customers, back.arr_minor, back.expected_minor) == (2, 10_00, 7_00)
        found = selectors.referred_by(Customer.objects.get(external_id="c-1").pk)
        assert [each.customer.external_id for each in found] == ["c-2", "c-3"]


def answer(workspace: Workspace, group: str, name: str = "survey.response_received", **more: str) -> None:
    customer = Customer.objects.get(external_id="c-1")
    payload = {"survey_id": str(uuid7()), "response_id": "r-1", "customer_id": str(customer.pk), "kind": "nps",
               "group": group, **more}  # fmt: skip
    outbox.publish(workspace_id=workspace.pk, name=name, payload=payload, now=NOW)


def test_a_promoter_is_an_advocate_once_until_they_say_otherwise(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        answer(workspace, "promoter")
        answer(workspace, "promoter", "survey.response_changed")
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        one = AdvocacyAct.objects.get()
        assert (one.kind, one.state, one.withdrawn_at) == ("promoter", "done", None)
        assert selectors.candidates(NOW)[0].customer.external_id == "c-1"
        answer(workspace, "passive", "survey.response_changed")
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        assert AdvocacyAct.objects.get().withdrawn_at == NOW
        assert selectors.candidates(NOW) == []


def test_the_act_of_a_promoter_names_the_person_who_answered(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get()
        person = factories.make_contact(customer, external_id="p-1")
        elsewhere = factories.make_contact(factories.make_customer("Other"), external_id="p-2")
        answer(workspace, "promoter", contact_id=str(person.pk))
        answer(workspace, "promoter", response_id="r-2", contact_id=str(elsewhere.pk))
    outbox.dispatch_waiting(now=NOW)
    with workspace_scope(workspace):
        found = dict(AdvocacyAct.objects.values_list("source_key", "contact_id"))
        assert found == {"survey:r-1": person.pk, "survey:r-2": None}


def test_a_file_that_tells_of_one_act_a_hundred_times_takes_no_more_queries_than_two_times(
    workspace: Workspace,
) -> None:
    def queries(external_id: str, times: int) -> int:
        rows = [
            Facts(external_id, {"customer_external_id": "c-1", "kind": "review", "why": f"because {n}"},
                  known_at=NOW - timedelta(days=times - n))
            for n in range(times)
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            result = advocacy.record(rows=rows, actor=SYSTEM, now=NOW)
        assert not result.refusals
        return len(seen)

    with workspace_scope(workspace):
        few = queries("a-1", 2)
        assert queries("a-2", 100) <= few
        told = AdvocacyAct.objects.get(external_id="a-2")
        assert (told.why, told.version, told.known_at) == ("because 99", 100, NOW - timedelta(days=1))


def test_a_version_that_is_refused_leaves_what_came_before_it(workspace: Workspace) -> None:
    first = {"customer_external_id": "c-1", "kind": "referral", "why": "first"}
    rows = [
        Facts("a-1", first, known_at=NOW - timedelta(days=3)),
        Facts("a-1", {"why": "second", "referred_external_id": "c-1"}, known_at=NOW - timedelta(days=2)),
        Facts("a-1", {"url": "https://example.com/third"}, known_at=NOW - timedelta(days=1)),
    ]
    with workspace_scope(workspace):
        result = advocacy.record(rows=rows, actor=SYSTEM, now=NOW)
        assert [refusal.index for refusal in result.refusals] == [1]
        told = AdvocacyAct.objects.get()
        assert (told.why, told.url, told.referred_id) == ("first", "https://example.com/third", None)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_the_same_customer_at_once_one_is_refused(workspace: Workspace) -> None:
    gate = threading.Barrier(2)
    became: list[str] = []

    def ask(kind: str) -> None:
        try:
            gate.wait()
            with workspace_scope(workspace):
                act(kind, state="asked")
            became.append("asked")
        except ValidationError as error:
            became.append(*error.message_dict)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(kind,)) for kind in ("review", "testimonial")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(became) == ["asked", "state"]
    with workspace_scope(workspace):
        assert AdvocacyAct.objects.count() == 1


def test_the_same_story_by_file_read_twice(workspace: Workspace) -> None:
    kind = kinds.get("advocacy")
    assert kind is not None
    columns = {
        "external_id": ["a-1", "a-2", "a-3"],
        "customer_external_id": ["c-1", "c-1", "nobody"],
        "kind": ["referral", "Reference call", "review"],
        "asked_at": ["2026-01-05", "2026-03-01", ""],
        "done_at": ["2026-01-20", "", ""],
        "referred_external_id": ["c-9", "", ""],
    }
    with workspace_scope(workspace):
        factories.make_customer("Referred", external_id="c-9")
        context = Context(uuid7(), workspace.pk, SYSTEM, NOW)
        first = kind.apply(Chunk(range(2, 5), columns), context)
        again = kind.apply(Chunk(range(2, 5), columns), context)
        assert [each.field for each in first.refused] == ["customer_external_id"]
        assert (first.created, again.unchanged, again.updated) == (2, 2, 0)
        assert set(AdvocacyAct.objects.values_list("state", flat=True)) == {"done", "asked"}
        assert Customer.objects.get(external_id="c-9").referred_by is not None


def test_over_rest_asks_are_guarded_too(workspace: Workspace) -> None:
    api = make_api(workspace)
    told = {"customer_external_id": "c-1", "kind": "review", "state": "asked"}
    made = api.put("advocacy/ext:a-1/", told)
    assert made.status_code == 201, made.content
    assert made.json()["asked_at"] is not None
    assert "ask again" in str(problem(api.put("advocacy/ext:a-2/", told), 400))
    assert api.patch("advocacy/ext:a-1/", {"state": "done"}).json()["state"] == "done"
    assert len(api.get("advocacy/?state=done&customer_external_id=c-1").json()["results"]) == 1


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return signed_in(factories.make_member(workspace))


def test_on_pages_one_asks_thanks_refers_and_leaves_in_peace(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get()
    here = f"/journeys/advocacy/customers/{customer.pk}"
    assert "What they do for you" in client.get("/journeys/advocacy/").content.decode()
    assert client.post(f"{here}/new/", {"kind": "referral", "state": "asked"}).status_code == 302
    again = client.post(f"{here}/new/", {"kind": "review", "state": "asked"})
    assert again.status_code == 422
    with workspace_scope(workspace):
        one = AdvocacyAct.objects.get()
    assert client.post(f"/journeys/advocacy/{one.pk}/refer/", {"name": "Sherwood Timber"}).status_code == 302
    stepped = client.post(f"/journeys/advocacy/{one.pk}/step/", {"state": "thanked", "from": "thank"}, follow=True)
    assert stepped.redirect_chain == [("/journeys/advocacy/?show=thank", 302)]
    assert "Loxley Mills, Referral: Thanked." in stepped.content.decode()
    assert client.post(f"{here}/silence/", {"reason": "Enough", "until": ""}).status_code == 302
    shown = client.get(f"/customers/{customer.pk}/?tab=value").content.decode()
    for words in ("Thanked", "Sherwood Timber", "Enough", "Value that came back"):
        assert words in shown, words
