"""Sample data: comes in with one click, is marked on every page, goes as a whole, and never mixes with what is real."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.imports import kinds, runs
from accounts.imports.readers import SourceError
from accounts.models import Customer, ImportRun, Membership, WebhookDelivery, Workspace
from accounts.roles import Role
from accounts.services import deletion
from accounts.webhooks import endpoints
from csplatform.core import audit, outbox
from csplatform.core.models import AuditEvent, Job, JobState, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from health.models import (
    ChurnModel,
    ChurnProof,
    Event,
    HealthScore,
    HealthSnapshot,
    Onboarding,
    ScorecardVersion,
    ScoringRun,
)
from health.onboarding import standing as checklist
from health.sample import loading, removing, standing, tasks
from health.services import runs as scoring_runs
from tests import factories
from tests.health.onboarding import conftest as vendor
from tests.health.onboarding.test_proof import choose, work_everything

pytestmark = pytest.mark.django_db(transaction=True)

# Append-only trails and digests, which a removal leaves by intent (docs/decisions/0010-deleting.md), and the schedule.
TRAILS = {"core_auditevent", "core_outboxevent", "core_job", "core_scheduleslot", "health_messagekey"}
BY = audit.Actor(label="Owner")


class _KilledError(BaseException):
    """What a kill looks like from inside: nothing is cleaned up in the database."""


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """The same company, with fewer customers and months: the rules do not depend on how many."""
    with mock.patch.multiple(loading, CUSTOMERS=16, MONTHS=4, EVENTS=1_500, _WEEKS=3, _DAYS=4):
        yield


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Membership:
    member = factories.make_member(workspace, Role.OWNER)
    client.force_login(member.user)
    return member


def job_of(workspace: Workspace) -> Job:
    with workspace_scope(workspace):
        return Job.objects.filter(kind__in=(standing.LOAD, standing.REMOVE)).order_by("-created_at")[0]


def load(workspace: Workspace, by: audit.Actor = BY) -> Job:
    with workspace_scope(workspace):
        job = loading.begin(by=by, now=clock())
    loading.work(workspace.pk, job.pk, clock=clock)
    workspace.refresh_from_db()
    return job_of(workspace)


def remove(workspace: Workspace) -> Job:
    with workspace_scope(workspace):
        job = removing.begin(by=BY, now=clock())
    assert removing.work(workspace.pk, job.pk, clock=clock)
    workspace.refresh_from_db()
    return job_of(workspace)


def rows(workspace: Workspace) -> Counter[str]:
    """How many rows each table has, trails apart."""
    with workspace_scope(workspace), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
              AND NOT relispartition
            """
        )
        found = Counter[str]()
        for (table,) in cursor.fetchall():
            if table not in TRAILS:
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                found[table] = cursor.fetchone()[0]
    return found


def test_an_empty_workspace_becomes_a_company_with_scores_a_past_and_an_owner_for_each_customer(
    workspace: Workspace, owner: Membership
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(currency="CHF")
    job = load(workspace, audit.Actor(label="Owner", user_id=owner.user_id))
    assert (job.state, job.message) == (JobState.DONE, "")
    with workspace_scope(workspace):
        assert Customer.objects.count() == loading.CUSTOMERS
        assert set(Customer.objects.values_list("csm__user__email", flat=True)) == {owner.user.email}
        assert Customer.objects.filter(arr_minor__gt=0).exists()
        assert HealthScore.objects.count() == loading.CUSTOMERS
        assert HealthSnapshot.objects.values("as_of").distinct().count() == len(loading.past_days(clock().date()))
        assert Event.objects.count() > 1_000
        assert not ImportRun.objects.filter(rows_rejected__gt=0).exists()
        assert ChurnProof.objects.count() == ChurnModel.objects.count() == 1
        actions = set(AuditEvent.objects.filter(action__startswith="sample.").values_list("action", "actor_label"))
    assert actions == {("sample.requested", "Owner"), ("sample.loaded", "Owner")}


def test_nothing_that_happens_to_the_sample_is_told_to_webhooks(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        endpoints.create(url="https://hooks.example.org/in", events=["*"], actor=BY, now=clock())
    load(workspace)
    while outbox.dispatch_waiting(now=clock()):
        pass
    with workspace_scope(workspace):
        assert OutboxEvent.objects.exists()
        assert not WebhookDelivery.objects.exists()


def test_removing_leaves_every_table_as_it_was_before(workspace: Workspace, owner: Membership) -> None:
    before = rows(workspace)
    load(workspace)
    assert rows(workspace)["accounts_customer"] == loading.CUSTOMERS
    job = remove(workspace)
    assert job.state == JobState.DONE
    assert workspace.sample_since is None
    after = rows(workspace)
    assert {table: (before[table], n) for table, n in after.items() if n != before[table]} == {}
    with workspace_scope(workspace):
        gone = AuditEvent.objects.filter(action="customer.deleted").count()
        (removed,) = AuditEvent.objects.filter(action="sample.removed")
    assert gone == loading.CUSTOMERS == removed.data["customers"]


def test_a_second_sample_brings_its_events_again(workspace: Workspace, owner: Membership) -> None:
    load(workspace)
    with workspace_scope(workspace):
        first = Event.objects.count()
    remove(workspace)
    assert load(workspace).state == JobState.DONE
    with workspace_scope(workspace):
        assert Event.objects.count() == first


@pytest.mark.parametrize("killed_at", ["health.filling.bring_in", "health.filling.score"])
def test_a_worker_killed_while_loading_is_taken_over(workspace: Workspace, killed_at: str) -> None:
    calls = 0
    module, name = killed_at.rsplit(".", 1)
    real: Callable[..., Any] = getattr(importlib.import_module(module), name)

    def dies_at_the_third(*args: Any, **told: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == (3 if name == "bring_in" else 1):
            raise _KilledError
        real(*args, **told)

    with workspace_scope(workspace):
        job = loading.begin(by=BY, now=clock())
    with mock.patch(killed_at, dies_at_the_third), pytest.raises(_KilledError):
        loading.work(workspace.pk, job.pk, clock=clock)
    with workspace_scope(workspace):
        Job.objects.filter(pk=job.pk).update(heartbeat_at=clock() - timedelta(minutes=1))
    with mock.patch.object(tasks.load, "apply_async") as called:
        tasks.sweep()
    assert [call.kwargs["args"] for call in called.call_args_list] == [(str(workspace.pk), str(job.pk))]
    tasks.load(str(workspace.pk), str(job.pk))
    with workspace_scope(workspace):
        assert Job.objects.get(pk=job.pk).state == JobState.DONE
        assert Customer.objects.count() == loading.CUSTOMERS
        assert ImportRun.objects.count() == 8, "what was in was not brought again"


def test_a_worker_killed_while_removing_is_taken_over(workspace: Workspace) -> None:
    before = rows(workspace)
    load(workspace)
    with workspace_scope(workspace):
        job = removing.begin(by=BY, now=clock())
    real, calls = deletion.delete_customer, 0

    def dies_at_the_fifth(**told: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise _KilledError
        real(**told)

    with mock.patch.object(deletion, "delete_customer", dies_at_the_fifth), pytest.raises(_KilledError):
        removing.work(workspace.pk, job.pk, clock=clock)
    with workspace_scope(workspace):
        assert Customer.objects.count() == loading.CUSTOMERS - 4
        half_way = Job.objects.get(pk=job.pk)
        assert (half_way.done, half_way.total, half_way.state) == (4, loading.CUSTOMERS, JobState.RUNNING)
    tasks.remove(str(workspace.pk), str(job.pk))
    assert rows(workspace) == before


def test_what_stopped_half_way_in_goes_out_too(workspace: Workspace) -> None:
    before = rows(workspace)
    with workspace_scope(workspace):
        job = loading.begin(by=BY, now=clock())
    with mock.patch("health.filling.score", side_effect=_KilledError), pytest.raises(_KilledError):
        loading.work(workspace.pk, job.pk, clock=clock)
    with workspace_scope(workspace):
        Job.objects.filter(pk=job.pk).update(heartbeat_at=clock() - timedelta(minutes=5))
    remove(workspace)
    assert rows(workspace) == before


def test_a_removal_waits_for_a_loading_that_is_alive_and_asks_it_to_stop(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        arriving = loading.begin(by=BY, now=clock())
        leaving = removing.begin(by=BY, now=clock())
    assert not removing.work(workspace.pk, leaving.pk, clock=clock)
    loading.work(workspace.pk, arriving.pk, clock=clock)
    with workspace_scope(workspace):
        assert Job.objects.get(pk=arriving.pk).is_finished
    assert removing.work(workspace.pk, leaving.pk, clock=clock)
    with workspace_scope(workspace):
        assert not Customer.objects.exists()


def test_models_and_the_checklist_that_learnt_from_the_sample_go_and_published_scorecards_stay(
    workspace: Workspace, owner: Membership
) -> None:
    load(workspace)
    choose(workspace)
    work_everything(workspace)
    with workspace_scope(workspace):
        assert ChurnModel.objects.exists()
        assert checklist.of_workspace().is_finished
        published = ScorecardVersion.objects.count()
    remove(workspace)
    with workspace_scope(workspace):
        assert not ChurnModel.objects.exists()
        assert not Onboarding.objects.exists()
        assert checklist.of_workspace().imports is checklist.State.NOW
        assert ScorecardVersion.objects.count() == published == 2


def test_a_removal_asks_a_back_fill_to_stop_and_waits_for_it(workspace: Workspace, owner: Membership) -> None:
    load(workspace)
    with workspace_scope(workspace):
        run = scoring_runs.start(kind=ScoringRun.Kind.BACKFILL, days=loading.past_days(clock().date()), now=clock())
        removal = removing.begin(by=BY, now=clock())
    assert not removing.work(workspace.pk, removal.pk, clock=clock)
    with workspace_scope(workspace):
        assert Customer.objects.count() == loading.CUSTOMERS
    scoring_runs.work(workspace.pk, run.pk)
    assert removing.work(workspace.pk, removal.pk, clock=clock)


def test_customers_of_ones_own_stay_with_all_they_have(workspace: Workspace, client: Client, owner: Membership) -> None:
    load(workspace)
    with workspace_scope(workspace):
        mine = factories.make_customer(external_id="mine")
    page = client.get(reverse("start_sample_remove")).content.decode()
    assert "1 customer that you added yourself" in page
    assert f"{loading.CUSTOMERS} invented customers" in page
    remove(workspace)
    with workspace_scope(workspace):
        assert list(Customer.objects.values_list("external_id", flat=True)) == [mine.external_id]


# -- never beside what is real ------------------------------------------------------------------------
def test_no_file_is_imported_beside_it_whichever_way_it_comes(
    workspace: Workspace, client: Client, owner: Membership, tmp_path: Path
) -> None:
    load(workspace)
    refused = "holds sample data"
    content = vendor.accounts(3)
    upload = {"files": [factories.uploaded(content, "account.csv")]}
    assert refused in client.post(reverse("start_upload"), upload, follow=True).content.decode()
    kind = kinds.get("customers")
    assert kind is not None
    with workspace_scope(workspace), pytest.raises(SourceError, match=refused):
        runs.take_in(
            kind=kind,
            upload=factories.uploaded(content, "account.csv"),
            name="account.csv",
            through=None,
            actor=BY,
            now=clock(),
        )
    file = tmp_path / "account.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=refused):
        call_command("import_data", "customers", str(file), workspace=workspace.slug, stdout=StringIO())
    with workspace_scope(workspace):
        assert Customer.objects.count() == loading.CUSTOMERS
    remove(workspace)
    upload = {"files": [factories.uploaded(content, "account.csv")]}
    assert "1 file is here" in client.post(reverse("start_upload"), upload, follow=True).content.decode()


def test_it_is_offered_to_an_empty_workspace_only(workspace: Workspace, client: Client, owner: Membership) -> None:
    client.post(reverse("start_upload"), {"files": [factories.uploaded(vendor.accounts(3), "account.csv")]})
    for place in ("today", "customer_list", "start"):
        assert reverse("start_sample") not in client.get(reverse(place)).content.decode(), place
    with workspace_scope(workspace), pytest.raises(ValidationError, match="Files of yours wait"):
        loading.begin(by=BY, now=clock())
    other = factories.make_workspace("osprey")
    with workspace_scope(other):
        factories.make_customer()
        with pytest.raises(ValidationError, match="There are customers already"):
            loading.begin(by=BY, now=clock())
    third = factories.make_workspace("heron")
    with workspace_scope(third):
        loading.begin(by=BY, now=clock())
        with pytest.raises(ValidationError, match="here already"):
            loading.begin(by=BY, now=clock())


# -- pages --------------------------------------------------------------------------------------------
def test_one_click_from_each_empty_place_then_a_banner_everywhere_until_it_is_gone(
    workspace: Workspace, client: Client, owner: Membership
) -> None:
    for place in ("today", "customer_list", "start"):
        assert reverse("start_sample") in client.get(reverse(place)).content.decode(), place
    with mock.patch.object(tasks.load, "apply_async") as called:
        page = client.post(reverse("start_sample"), follow=True).content.decode()
    assert called.call_count == 1
    assert "Bringing the sample data in" in page
    assert "You are looking at sample data" in page
    job = job_of(workspace)
    loading.work(workspace.pk, job.pk, clock=clock)
    for place in ("today", "customer_list", "start", "settings"):
        shown = client.get(reverse(place), follow=True).content.decode()
        assert "You are looking at sample data" in shown, place
        assert reverse("start_sample") not in shown.replace(reverse("start_sample_remove"), ""), place
    with mock.patch.object(tasks.remove, "apply_async") as called:
        page = client.post(reverse("start_sample_remove"), follow=True).content.decode()
    assert called.call_count == 1
    assert "Removing the sample data" in page
    removing.work(workspace.pk, job_of(workspace).pk, clock=clock)
    assert "You are looking at sample data" not in client.get(reverse("today")).content.decode()
    assert reverse("start_sample") in client.get(reverse("start")).content.decode()


def test_a_page_asks_for_nothing_more_because_of_the_banner(
    workspace: Workspace, client: Client, owner: Membership
) -> None:
    client.get(reverse("profile"))
    with CaptureQueriesContext(connection) as without:
        client.get(reverse("profile"))
    Workspace.objects.filter(pk=workspace.pk).update(sample_since=clock())
    with CaptureQueriesContext(connection) as with_banner:
        client.get(reverse("profile"))
    assert len(with_banner) == len(without)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CSM, Role.CONTRIBUTOR, Role.HOST, Role.VIEWER])
def test_only_owners_and_admins_bring_it_in_or_take_it_out(workspace: Workspace, client: Client, role: Role) -> None:
    client.force_login(factories.make_member(workspace, role).user)
    assert client.post(reverse("start_sample")).status_code == 403
    assert client.post(reverse("start_sample_remove")).status_code == 403
    assert client.get(reverse("start_sample_remove")).status_code == 403
    workspace.refresh_from_db()
    assert workspace.sample_since is None


def test_another_workspace_is_not_touched(workspace: Workspace, client: Client) -> None:
    other = factories.make_workspace("osprey")
    client.force_login(factories.make_member(other, Role.OWNER).user)
    load(workspace)
    assert "sample data" not in client.get(reverse("profile")).content.decode()
    client.post(reverse("start_sample_remove"))
    with workspace_scope(workspace):
        assert Customer.objects.count() == loading.CUSTOMERS
        assert not Job.objects.filter(kind=standing.REMOVE).exists()
