"""Customers, contacts and subscriptions as services write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Contact, ContactVersion, Customer, Subscription, SubscriptionVersion, Workspace
from accounts.roles import Role
from accounts.services import contacts, customers, hierarchy, subscriptions
from accounts.services.results import Outcome, Result, StaleVersionError
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move
from journeys.services import moving
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ME = audit.Actor(label="Imports test")


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


def _customer(external_id: str = "acme", **told: object) -> Customer:
    return customers.create(external_id=external_id, told=told, actor=ME, now=NOW)


def _subscribe(**told: object) -> Subscription:
    values = {"customer_external_id": "acme", "mrr": "1000", "starts_on": "2026-01-01", **told}
    return subscriptions.create(external_id="s1", told=values, actor=ME, now=NOW)


def test_a_customer_is_created_cleaned_audited_and_placed(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = _customer(name="  Şahin & Söhne 🪃 ", domain="https://www.Sahin.example/x", tags="EU|beta|EU")
        assert (customer.name, customer.domain, customer.tags) == ("Şahin & Söhne 🪃", "sahin.example", ["EU", "beta"])
        assert (customer.stage_key, customer.contract_state) == ("awareness", "none")
        assert Move.objects.get(customer=customer).kind == "placed"
        event = AuditEvent.objects.get(action="customer.created")
        assert (event.object_id, event.actor_label) == (str(customer.pk), "Imports test")


def test_the_same_facts_twice_change_nothing(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        rows = [Facts("acme", {"name": "Acme", "employees": "12", "stage": "trial"})]
        assert customers.upsert(rows=rows, actor=ME, now=NOW).outcomes == [Outcome.CREATED]
        assert customers.upsert(rows=rows, actor=ME, now=NOW).outcomes == [Outcome.UNCHANGED]
        assert Customer.objects.get().version == 1
        assert Move.objects.count() == 1


class TestAStage:
    """Told of a customer it places it once; from there the rules of moves hold."""

    def stage(self) -> str:
        key: str = Customer.objects.get(external_id="acme").stage_key
        return key

    def tell(self, stage: str, known: datetime | None = None, **more: object) -> Result:
        return customers.upsert(rows=[Facts("acme", {"stage": stage, **more}, known)], actor=ME, now=NOW)

    def move(self, stage: str) -> None:
        moving.move(
            customer_id=Customer.objects.get().pk, stage_key=stage, reason="x", override=True, actor=ME, now=NOW
        )

    def test_a_guess_by_the_contract_gives_way_to_it(self, workspace: Workspace) -> None:
        with workspace_scope(workspace):
            _customer()
            self.tell("trial").raise_refusals()
            assert self.stage() == "trial"

    def test_the_second_one_is_refused_with_the_way_to_go_and_nothing_of_the_row_kept(
        self, workspace: Workspace
    ) -> None:
        with workspace_scope(workspace):
            _customer(stage="trial")
            result = self.tell("adoption", name="Other")
            assert [(each.field, "POST customers/{id}/move/" in each.reason) for each in result.refusals] == [
                ("stage", True)
            ]
            assert (self.stage(), Customer.objects.get().name) == ("trial", "acme")
            assert Move.objects.count() == 1

    def test_a_file_read_again_after_moves_changes_nothing(self, workspace: Workspace) -> None:
        with workspace_scope(workspace):
            _customer(stage="trial")
            self.move("adoption")
            assert self.tell("trial").outcomes == [Outcome.UNCHANGED]
            assert self.tell("trial", name="Other").outcomes == [Outcome.UPDATED]
            assert (self.stage(), Customer.objects.get().name) == ("adoption", "Other")
            assert [each.field for each in self.tell("performance").refusals] == ["stage"]

    def test_by_hand_even_the_old_one_is_refused_rather_than_left_aside(self, workspace: Workspace) -> None:
        with workspace_scope(workspace):
            customer = _customer(stage="trial")
            self.move("adoption")
            for stage in ("trial", "performance"):
                with pytest.raises(ValidationError) as error:
                    customers.update(customer_id=customer.pk, told={"stage": stage}, actor=ME, now=NOW)
                assert list(error.value.message_dict) == ["stage"]
            customers.update(customer_id=customer.pk, told={"stage": "adoption", "name": "B"}, actor=ME, now=NOW)
            assert (self.stage(), Customer.objects.get().name) == ("adoption", "B")

    def test_a_file_that_says_when_it_was_known_tells_the_way_until_the_first_move(self, workspace: Workspace) -> None:
        with workspace_scope(workspace):
            for stage, days in (("awareness", 90), ("trial", 60), ("adoption", 30)):
                self.tell(stage, NOW - timedelta(days=days)).raise_refusals()
            assert list(Move.objects.order_by("number").values_list("stage__key", "kind")) == [
                ("awareness", "placed"),
                ("trial", "placed"),
                ("adoption", "placed"),
            ]
            self.move("performance")
            assert [each.field for each in self.tell("transformation", NOW).refusals] == ["stage"]

    def test_after_a_churn_it_may_be_placed_again_by_its_new_contract(self, workspace: Workspace) -> None:
        with workspace_scope(workspace):
            _customer(stage="performance")
            _subscribe(starts_on="2025-01-01", ends_on="2026-01-01")
            later = {"customer_external_id": "acme", "mrr": "1000", "starts_on": "2026-05-01"}
            subscriptions.create(external_id="s2", told=later, actor=ME, now=NOW)
            assert self.stage() == "adoption"
            self.tell("trial").raise_refusals()
            assert self.stage() == "trial"


def test_an_old_version_number_is_refused(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = _customer(name="Acme")
        customers.update(customer_id=customer.pk, told={"name": "B"}, actor=ME, now=NOW, expected_version=1)
        with pytest.raises(StaleVersionError) as error:
            customers.update(customer_id=customer.pk, told={"name": "C"}, actor=ME, now=NOW, expected_version=1)
        assert error.value.current == 2


def test_a_circle_of_parents_is_refused_by_name(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        for key in ("a", "b", "c"):
            _customer(key)
        rows = [Facts(key, {"parent_external_id": above}) for key, above in (("a", "b"), ("b", "c"), ("c", "a"))]
        result = hierarchy.set_links(rows=rows, actor=ME, now=NOW)
        assert [str(refusal) for refusal in result.refusals] == [
            "parent_external_id: this would close a circle: c → a → b → c"
        ]
        customer = Customer.objects.get(external_id="a")
        with pytest.raises(ValidationError, match="close a circle"):
            customers.update(customer_id=customer.pk, told={"parent_external_id": "a"}, actor=ME, now=NOW)


def test_an_owner_becomes_the_csm_and_a_stranger_is_noted(workspace: Workspace) -> None:
    member = factories.make_member(workspace, Role.CSM, "maid@kestrel.example")
    with workspace_scope(workspace):
        rows = [Facts("a", {"owner_email": "Maid@kestrel.example"}), Facts("b", {"owner_email": "x@else.example"})]
        result = customers.upsert(rows=rows, actor=ME, now=NOW)
        assert dict(Customer.objects.values_list("external_id", "csm")) == {"a": member.pk, "b": None}
        assert list(result.notes) == ["owner x@else.example is no member of this workspace, so the customer has no CSM"]
        assert customers.upsert(rows=rows, actor=ME, now=NOW).count(Outcome.UNCHANGED) == 2


def test_a_subscription_fills_the_read_model_and_moves_the_customer_to_adoption(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _customer()
        _subscribe(mrr="83.333333", seats=40, auto_renews="yes", notice_days=90)
        customer = Customer.objects.get()
        assert (customer.contract_state, customer.arr_minor, customer.seats) == ("active", 1_000_00, 40)
        assert (customer.renewal_on, customer.notice_deadline) == (date(2027, 1, 1), date(2026, 10, 3))
        assert (customer.stage_key, customer.stage_since) == ("adoption", date(2026, 1, 1))


def test_a_customer_whose_subscription_ended_is_churned(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _customer()
        _subscribe(starts_on="2025-01-01", ends_on="2026-01-01")
        customer = Customer.objects.get()
        assert (customer.contract_state, customer.churned_on) == ("churned", date(2026, 1, 1))
        assert (customer.stage_key, customer.stage_since) == ("", date(2026, 1, 1))
        moves = Move.objects.filter(customer=customer).order_by("id").values_list("kind", "stage__key")
        assert list(moves) == [("placed", "awareness"), ("churned", None)]
        customers.upsert(rows=[Facts("acme", {"stage": "adoption"})], actor=ME, now=NOW)
        assert Customer.objects.get().stage_key == ""


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"ends_on": "2025-12-31"}, "ends_on"),
        ({"mrr": "-1"}, "mrr"),
        ({"mrr": "1e300"}, "mrr"),
        ({"mrr": "NaN"}, "mrr"),
        ({"currency": "USD"}, "currency"),
        ({"starts_on": "31/12/2025"}, "starts_on"),
        ({"seats": "2.5"}, "seats"),
        ({"customer_external_id": "nobody"}, "customer_external_id"),
        ({"product": "a\x00b"}, "product"),
        ({"product": "\ud800"}, "product"),
        ({"billing_period_months": 0}, "billing_period_months"),
        ({"shoe_size": 1}, "shoe_size"),
    ],
)
def test_what_cannot_be_is_refused_by_field(workspace: Workspace, told: dict[str, object], field: str) -> None:
    with workspace_scope(workspace):
        _customer()
        with pytest.raises(ValidationError) as error:
            _subscribe(**told)
        assert list(error.value.message_dict) == [field]
        assert not Subscription.objects.exists()


def _moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_a_row_known_earlier_goes_into_the_history_only(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _customer()
        base = {"customer_external_id": "acme", "arr": 100, "starts_on": "2026-01-01"}
        rows = [Facts("s", {**base, "seats": n}, _moment(day)) for n, day in ((30, "2026-03-01"), (10, "2026-01-01"))]
        for _ in range(2):
            for row in rows:
                subscriptions.upsert(rows=[row], actor=ME, now=NOW)
        assert Subscription.objects.get().seats == 30
        versions = SubscriptionVersion.objects.order_by("known_at").values_list("seats", "known_at__date")
        assert list(versions) == [(10, date(2026, 1, 1)), (30, date(2026, 3, 1))]


def test_a_cancellation_told_later_is_known_from_when_it_was_given(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _customer()
        subscription = _subscribe()
        told = {"cancelled_on": "2026-05-05", "ends_on": "2026-06-01"}
        subscriptions.update(subscription_id=subscription.pk, told=told, actor=ME, now=NOW)
        assert Subscription.objects.get().known_at == _moment("2026-05-05")
        subscriptions.update(subscription_id=subscription.pk, told={"seats": 5}, actor=ME, now=NOW)
        assert Subscription.objects.get().known_at == NOW


def test_contacts_merge_traits_and_keep_versions(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _customer()
        told = {"customer_external_id": "acme", "email": "Ann@Acme.example", "is_sponsor": "oui"}
        first = Facts("ann", told, traits={"team": "ops", "x": 1})
        contacts.upsert(rows=[first], actor=ME, now=NOW)
        contacts.upsert(rows=[Facts("ann", {"is_sponsor": False}, traits={"x": None})], actor=ME, now=NOW)
        contact = Contact.objects.get()
        assert (contact.email, contact.traits, contact.version) == ("ann@acme.example", {"team": "ops"}, 2)
        assert list(ContactVersion.objects.order_by("id").values_list("is_sponsor", flat=True)) == [True, False]
