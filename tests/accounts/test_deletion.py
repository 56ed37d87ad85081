"""Deleting a customer leaves nothing that names it, touches nobody else, and stays done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection

from accounts.models import Contact, ContactVersion, Customer, Subscription, SubscriptionVersion, Workspace
from accounts.models.facets import BulkKind
from accounts.roles import Role
from accounts.services import bulk_changes, deletion, read_model
from accounts.services.results import BusyError, StaleVersionError
from csplatform.core import audit, jobs
from csplatform.core.models import AuditEvent, Job, JobState
from csplatform.core.tenancy import workspace_scope
from health import tasks
from health.ingest.drain import drain
from health.models import DirtyCustomer, Event, HealthScore, HealthSnapshot, InboxBatch, MessageKey, ScoringRun
from health.services import base_rate, forgetting, runs, scoring, snapshots
from tests import factories
from tests.health.ingest.test_drain import START, message, receive, state

DAY = date(2026, 6, 15)
NOW = factories.NOW
ACTOR = audit.Actor(label="Test")


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return factories.make_workspace()


def use(
    workspace: Workspace, customer: str, person: str, numbers: range, *, now: datetime = START, **fields: Any
) -> None:
    """Events of a person at a customer, acknowledged ``now`` but not stored yet."""
    receive(
        workspace,
        message(f"g-{customer}", "group", userId=person, groupId=customer, traits={"plan": "pro"}),
        message(f"i-{customer}", "identify", userId=person, traits={"name": f"Who uses {customer}"}),
        *(message(f"{customer}-{n}", userId=person, context={"groupId": customer}, **fields) for n in numbers),
        now=now,
    )


def fill(workspace: Workspace) -> dict[str, UUID]:
    """Two customers with everything the product knows to keep about one."""
    for name in ("gone", "stays"):
        use(workspace, name, f"u-{name}", range(8))
    receive(workspace, message("a", "alias", userId="u-gone", previousId="former"), now=START)
    drain(workspace.pk, now=START)
    with workspace_scope(workspace):
        ids = dict(Customer.objects.values_list("external_id", "id"))
        for customer in Customer.objects.all():
            factories.make_subscription(customer, seats=4)
        read_model.refresh_contracts(None, day=NOW.date(), now=NOW)
        Customer.objects.filter(external_id="stays").update(parent=ids["gone"], referred_by=ids["gone"])
        Contact.objects.filter(external_id="u-stays").update(is_sponsor=True)
        rates = base_rate.observe([DAY])
        snapshots.take(list(ids.values()), [DAY], bases=rates, now=NOW)
        scoring.score_present(list(ids.values()), day=NOW.date(), computed_at=NOW, base=base_rate.present(NOW.date()))
    return ids


def delete(workspace: Workspace, customer_id: UUID, **more: Any) -> None:
    """As a request would, and then the job as a worker would."""
    with workspace_scope(workspace):
        deletion.delete_customer(customer_id=customer_id, actor=ACTOR, now=NOW, **more)
        waiting = list(Job.objects.filter(kind=forgetting.JOB_KIND).values_list("id", flat=True))
    for job_id in waiting:
        tasks.forget_events(str(workspace.pk), str(job_id))


def naming(customer_id: UUID) -> Iterator[tuple[str, str]]:
    """Every table and column of the database in which the customer's id still stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            JOIN pg_type t ON t.oid = a.atttypid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND a.attnum > 0 AND t.typname = 'uuid' AND a.attname NOT IN ('workspace_id', 'message_key')
            """
        )
        columns = cursor.fetchall()
        assert {("accounts_customer", "parent_id"), ("health_event", "customer_id")} <= set(columns)
        for table, column in columns:
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{column}" = %s LIMIT 1', [str(customer_id)])
            if cursor.fetchone():
                yield table, column


def everything_of(customer_id: UUID) -> str:
    """As text, in which a value that is not known equals itself."""
    found = {
        "scores": list(HealthScore.objects.filter(pk=customer_id).values()),
        "snapshots": list(HealthSnapshot.objects.filter(customer_id=customer_id).values()),
        "events": list(Event.objects.filter(customer_id=customer_id).order_by("message_key").values()),
        "contacts": list(Contact.objects.filter(customer_id=customer_id).values()),
        "versions": list(SubscriptionVersion.objects.filter(customer_id=customer_id).values()),
    }
    assert all(found.values())
    return repr(found)


def test_no_row_of_any_table_names_the_customer_and_others_are_untouched(workspace: Workspace) -> None:
    ids = fill(workspace)
    with workspace_scope(workspace):
        named = dict(naming(ids["gone"]))
        assert {"health_healthscore", "health_usagewindow", "accounts_customertrigram", "journeys_move"} <= named.keys()
        others = everything_of(ids["stays"])
    delete(workspace, ids["gone"])
    with workspace_scope(workspace):
        # A scoring run's shards are slices of ids, from one to another, whoever that was.
        left = [place for place in naming(ids["gone"]) if place[0] != "health_scoringshard"]
        assert left == []
        assert everything_of(ids["stays"]) == others
        other = Customer.objects.get()
        assert (other.parent_id, other.referred_by_id, other.version) == (None, None, 3)
        assert not Contact.objects.filter(external_id="u-gone").exists()
        (line,) = AuditEvent.objects.filter(action="customer.deleted")
        assert (line.actor_label, line.data["external_id"], line.data["subscriptions"]) == ("Test", "gone", 1)
        job = Job.objects.get(kind=forgetting.JOB_KIND)
        assert (job.state, job.done, job.total, job.result) == (JobState.DONE, 8, 8, {"events": 8})


def test_a_later_event_is_that_of_an_unknown_customer_until_it_is_named_again(workspace: Workspace) -> None:
    ids = fill(workspace)
    delete(workspace, ids["gone"])
    receive(workspace, message("later", userId="u-gone", context={"groupId": "gone"}))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        event = Event.objects.get(customer_key="gone")
        assert event.customer_id is None
    receive(workspace, message("again", "group", userId="u-gone", groupId="gone"))
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        customer = Customer.objects.get(external_id="gone")
        assert customer.pk != ids["gone"]
        assert customer.traits == {}
        assert Event.objects.get(customer_key="gone").customer_id == customer.pk


def test_a_replay_brings_nothing_back(workspace: Workspace) -> None:
    ids = fill(workspace)
    with workspace_scope(workspace):
        keys = MessageKey.objects.count()
    delete(workspace, ids["gone"])
    before = state(workspace)
    use(workspace, "gone", "u-gone", range(8))
    drain(workspace.pk, now=NOW)
    assert state(workspace) == before
    with workspace_scope(workspace):
        assert MessageKey.objects.count() == keys


def test_what_was_acknowledged_before_goes_too(workspace: Workspace) -> None:
    ids = fill(workspace)
    receive(
        workspace,
        message("late-group", "group", userId="u-new", groupId="gone", traits={"plan": "free"}),
        message("late-event", userId="u-new"),
    )
    delete(workspace, ids["gone"])
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        assert list(Customer.objects.values_list("external_id", flat=True)) == ["stays"]
        assert not Event.objects.exclude(customer_id=ids["stays"]).exists()
        assert not InboxBatch.objects.exists()


def test_while_too_much_waits_nothing_is_deleted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = fill(workspace)
    use(workspace, "stays", "u-stays", range(8, 20))
    monkeypatch.setattr(forgetting, "MOST_WAITING", 10)
    with pytest.raises(BusyError, match="nothing was deleted"):
        delete(workspace, ids["gone"])
    with workspace_scope(workspace):
        assert Customer.objects.filter(pk=ids["gone"]).exists()
        assert not AuditEvent.objects.filter(action="customer.deleted").exists()


def test_events_go_in_batches_and_a_killed_job_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)
    customer = "gone"
    for number in range(6):
        at = NOW - timedelta(hours=number + 1)
        use(workspace, customer, "u", range(number, number + 1), now=NOW, at=at)
    drain(workspace.pk, now=NOW)
    with workspace_scope(workspace):
        deletion.delete_customer(customer_id=Customer.objects.get().pk, actor=ACTOR, now=NOW)
        job = Job.objects.get(kind=forgetting.JOB_KIND)
        assert (job.total, Event.objects.count()) == (6, 6)
    killed_at_the_third = iter([True, True])

    @contextmanager
    def scope(workspace_id: UUID) -> Iterator[None]:
        if not next(killed_at_the_third, False):
            raise KeyboardInterrupt
        with workspace_scope(workspace_id):
            yield

    monkeypatch.setattr(forgetting, "workspace_scope", scope)
    with pytest.raises(KeyboardInterrupt):
        tasks.forget_events(str(workspace.pk), str(job.pk))
    monkeypatch.undo()
    with workspace_scope(workspace):
        assert Event.objects.count() == 2
        assert jobs.quiet(kind=forgetting.JOB_KIND, now=NOW + timedelta(days=365)) == [job.pk]
    tasks.forget_events(str(workspace.pk), str(job.pk))
    tasks.forget_events(str(workspace.pk), str(job.pk))
    with workspace_scope(workspace):
        job.refresh_from_db()
        assert (job.state, job.done, Event.objects.count()) == (JobState.DONE, 6, 0)
        assert jobs.quiet(kind=forgetting.JOB_KIND, now=NOW + timedelta(days=365)) == []


def test_a_run_that_is_under_way_still_adds_up(workspace: Workspace) -> None:
    ids = fill(workspace)
    with workspace_scope(workspace):
        present = runs.start(kind=ScoringRun.Kind.CURRENT, days=[NOW.date()], now=NOW)
        past = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[DAY - timedelta(days=1), DAY], now=NOW)
    delete(workspace, ids["gone"])
    for run in (present, past):
        runs.work(workspace.pk, run.pk)
        with workspace_scope(workspace):
            run.job.refresh_from_db()
            assert run.job.state == JobState.DONE
            assert run.job.done == run.job.total
            assert list(HealthScore.objects.values_list("pk", flat=True)) == [ids["stays"]]
            assert set(HealthSnapshot.objects.values_list("customer_id", flat=True)) == {ids["stays"]}
    with workspace_scope(workspace):
        DirtyCustomer.objects.create(workspace_id=workspace.pk, customer_id=ids["gone"], since=NOW)
        scoring.refresh_dirty()
        assert not HealthScore.objects.filter(pk=ids["gone"]).exists()
        assert not DirtyCustomer.objects.exists()
        assert snapshots.take([ids["gone"]], [DAY], bases=base_rate.observe([DAY]), now=NOW) == 0


def test_undoing_a_bulk_change_leaves_the_deleted_alone(workspace: Workspace) -> None:
    ids = fill(workspace)
    member = factories.make_member(workspace, Role.MANAGER)
    with workspace_scope(workspace):
        change = bulk_changes.make(
            kind=BulkKind.TAG,
            value="vip",
            customer_ids=list(ids.values()),
            by=member,
            actor=ACTOR,
            now=NOW,
        )
    delete(workspace, ids["gone"])
    with workspace_scope(workspace):
        assert bulk_changes.undo(change_id=change.pk, by=member, actor=ACTOR, now=NOW) == (1, 1)


def test_a_changed_customer_is_not_deleted_and_one_of_others_is_not_found(workspace: Workspace) -> None:
    ids = fill(workspace)
    with pytest.raises(StaleVersionError):
        delete(workspace, ids["gone"], expected_version=77)
    stranger = factories.make_workspace("stranger")
    with pytest.raises(Customer.DoesNotExist):
        delete(stranger, ids["gone"])
    with workspace_scope(workspace):
        assert Customer.objects.count() == 2


@pytest.mark.parametrize("kind", ["contact", "subscription"])
def test_a_deleted_contact_or_subscription_counts_from_now_on_and_not_in_the_past(
    workspace: Workspace, kind: str
) -> None:
    ids = fill(workspace)
    customer_id = ids["stays"]
    with workspace_scope(workspace):
        said = snapshots.rebuild_one(customer_id, DAY)
        contact, subscription = (
            Contact.objects.get(customer=customer_id),
            Subscription.objects.get(customer=customer_id),
        )
        if kind == "contact":
            deletion.delete_contact(contact_id=contact.pk, actor=ACTOR, now=NOW)
            assert ContactVersion.objects.filter(contact_id=contact.pk).latest("id").customer_id is None
        else:
            deletion.delete_subscription(subscription_id=subscription.pk, actor=ACTOR, now=NOW)
            versions = SubscriptionVersion.objects.filter(subscription_id=subscription.pk)
            assert versions.latest("id").customer_id is None
            customer = Customer.objects.get(pk=customer_id)
            assert (customer.contract_state, customer.arr_minor) == ("none", 0)
        assert DirtyCustomer.objects.filter(customer_id=customer_id).exists()
        again = snapshots.rebuild_one(customer_id, DAY)
        assert said[1].scores.total[0] >= 0
        assert np.array_equal(again[1].values, said[1].values, equal_nan=True)
        assert again[1].scores.total.tolist() == said[1].scores.total.tolist()
        _, _, after, _ = snapshots.rebuild_one(customer_id, NOW.date())
        assert (after.has_contact[0], after.state[0] == "active") == (kind != "contact", kind != "subscription")
        assert AuditEvent.objects.filter(action=f"{kind}.deleted").count() == 1


def test_a_record_that_moved_here_keeps_its_past_elsewhere(workspace: Workspace) -> None:
    ids = fill(workspace)
    with workspace_scope(workspace):
        contact = Contact.objects.get(external_id="u-stays")
        Contact.objects.filter(pk=contact.pk).update(customer=ids["gone"], known_at=NOW)
        before = ContactVersion.objects.filter(contact_id=contact.pk, customer_id=ids["stays"]).count()
    delete(workspace, ids["gone"])
    with workspace_scope(workspace):
        versions = ContactVersion.objects.filter(contact_id=contact.pk)
        assert versions.filter(customer_id=ids["stays"]).count() == before > 0
        assert versions.latest("id").customer_id is None
