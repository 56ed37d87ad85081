"""The pages of measures: list, editor with a look at real customers, saving, deleting; and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from accounts.roles import Role
from accounts.services import read_model
from csplatform.core import audit, formats
from csplatform.core.models import AuditEvent, Job
from csplatform.core.tenancy import workspace_scope
from health import measure_reads
from health.models import Measure, ScoringRun
from health.parsing import SOURCES
from health.services import counting, definitions, runs
from tests import factories
from tests.health import stories
from tests.health.uses import store_uses

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def workspace() -> Any:
    """Three customers: one opens daily, one opened once, one never."""
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        for name, days in (("Daily Ltd", range(10)), ("Once Ltd", [3]), ("Never Ltd", [])):
            began = NOW - timedelta(days=300)
            customer = factories.make_customer(name=name, created_at=began, known_at=began)
            factories.make_subscription(customer, starts_on=began.date(), seats=5)
            store_uses({factories.make_contact(customer): days}, now=NOW, name="report.opened")
        read_model.refresh_contracts(None, day=NOW.date(), now=NOW)
    return workspace


def sign_in(client: Client, workspace: Any, role: Role = Role.ADMIN) -> None:
    client.force_login(factories.make_member(workspace, role=role).user)


DEFINITIONS: dict[str, dict[str, Any]] = {
    "contacts": {"source": "contacts", "aggregation": "sponsor"},
    "surveys": {"source": "surveys", "aggregation": "mean", "kind": "nps", "window_days": 90},
    "engagements": {"source": "engagements", "aggregation": "recency"},
    "relays": {"source": "relays", "aggregation": "overdue"},
    "tickets": {"source": "tickets", "aggregation": "open"},
    "invoices": {"source": "invoices", "aggregation": "overdue_days"},
    "outcomes": {"source": "outcomes", "aggregation": "achieved"},
    "adoption": {"source": "adoption", "aggregation": "people"},
    "sponsors": {"source": "sponsors", "aggregation": "left", "window_days": 60},
    "judgement": {"source": "judgement", "aggregation": "latest"},
    "attribute": {"source": "attribute", "aggregation": "latest", "key": "shipments"},
}
FORM = {
    "source": "events",
    "label_en": "Reports",
    "label_de": "Berichte",
    "unit": "reports",
    "aggregation": "count",
    "window_days": "28",
    "events": ["report.opened"],
}


def test_the_list_says_what_a_measure_looks_at_who_uses_it_and_how_fresh_it_is(client: Client, workspace: Any) -> None:
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[NOW.date()], now=NOW)
    runs.work(workspace.pk, run.pk)
    sign_in(client, workspace)
    page = client.get("/health/measures/").content.decode()
    assert "Days active per week" in page
    assert "Days with an event · 28 days" in page
    assert "2 of 3" in page
    assert "Default" in page


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "events"])
def test_every_source_says_how_fresh_it_is_in_the_list_and_in_the_editor(
    client: Client, workspace: Any, source: str
) -> None:
    story = next(each for each in stories.ALL.values() if any(spec.source == source for spec in each.specs))
    with workspace_scope(workspace):
        told = stories.make(event=5, lag=3)
        Measure.objects.exclude(key="sponsor_present").delete()
        story.begin(told)
        definition = DEFINITIONS[source]
        Measure.objects.exclude(definition=definition).delete()
        if not Measure.objects.exists():
            definitions.create_measure(
                key="fresh", told={"label": {"en": "X"}, "definition": definition}, actor=audit.SYSTEM, now=NOW
            )
        measure = Measure.objects.get()
        fresh = measure_reads.Freshness.of([definition], []).newest(definition)
    assert fresh is not None
    sign_in(client, workspace)
    for address in ("/health/measures/", f"/health/measures/{measure.pk}/"):
        page = client.get(address).content.decode()
        assert formats.day(fresh, "en") in page


def test_a_look_shows_quartiles_examples_and_why_values_are_unknown(client: Client, workspace: Any) -> None:
    sign_in(client, workspace)
    page = client.post("/health/measures/new/", {**FORM, "look": "1"}).content.decode()
    assert "all 3 customers under contract" in page
    assert page.index("Once Ltd") < page.index("Daily Ltd")
    assert "No product event has arrived yet" in page
    assert "<table" in page
    fragment = client.post("/health/measures/new/", FORM, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<section")
    with workspace_scope(workspace):
        assert not Measure.objects.filter(key="reports").exists()


def test_an_event_that_never_occurred_is_named(client: Client, workspace: Any) -> None:
    sign_in(client, workspace)
    page = client.post("/health/measures/new/", {**FORM, "events": [], "events_more": "raport.opened"}).content.decode()
    assert "Never occurred here: raport.opened" in page


def test_a_measure_is_saved_counted_changed_and_deleted(client: Client, workspace: Any) -> None:
    sign_in(client, workspace)
    answer = client.post("/health/measures/new/", {**FORM, "save": "1"})
    with workspace_scope(workspace):
        measure = Measure.objects.get(key="reports")
        assert measure.label == {"en": "Reports", "de": "Berichte"}
        assert measure.definition["events"] == ["report.opened"]
        job = Job.objects.get(kind=counting.JOB_KIND)
    address = f"/health/measures/{measure.pk}/"
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert "0 of 3 customers" in client.get(address).content.decode()
    counting.work(workspace.pk, job.pk)
    condition = {"property-0": "plan", "is-0": "one_of", "value-0": "pro, basic"}
    changed = client.post(address, {**FORM, **condition, "save": "1", "version": "1"})
    assert changed.status_code == 302
    stale = client.post(address, {**FORM, "unit": "x", "save": "1", "version": "1"}).content.decode()
    assert "Somebody changed this measure meanwhile" in stale
    with workspace_scope(workspace):
        measure.refresh_from_db()
        assert measure.definition["where"] == [{"property": "plan", "is": "one_of", "value": ["pro", "basic"]}]
    assert 'value="pro, basic"' in client.get(address).content.decode()
    assert client.post(f"{address}delete/")["Location"] == "/health/measures/"
    with workspace_scope(workspace):
        assert not Measure.objects.filter(key="reports").exists()
        assert AuditEvent.objects.filter(action="measure.deleted").exists()


def test_a_bad_definition_keeps_what_was_typed(client: Client, workspace: Any) -> None:
    sign_in(client, workspace)
    page = client.post("/health/measures/new/", {**FORM, "window_days": "900", "save": "1"}).content.decode()
    assert "window_days" in page
    assert 'value="900"' in page
    assert 'value="Reports"' in page
    unnamed = client.post("/health/measures/new/", {**FORM, "label_en": "", "save": "1"}).content.decode()
    assert "English at least" in unnamed


def test_a_measure_of_a_scorecard_in_force_is_not_deleted(client: Client, workspace: Any) -> None:
    sign_in(client, workspace)
    with workspace_scope(workspace):
        habit = Measure.objects.get(key="habit")
    client.post(f"/health/measures/{habit.pk}/delete/")
    with workspace_scope(workspace):
        assert Measure.objects.filter(pk=habit.pk).exists()


def test_a_measure_deleted_while_a_run_is_under_way_changes_nothing_of_it(client: Client, workspace: Any) -> None:
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[NOW.date() - timedelta(days=2)], now=NOW)
        told = {"label": {"en": "x"}, "definition": {"source": "events", "aggregation": "count", "events": ["gone"]}}
        measure, job = definitions.create_measure(key="x", told=told, actor=audit.SYSTEM, now=NOW)
        assert job is not None
        definitions.delete_measure(measure_id=measure.pk, actor=audit.SYSTEM, now=NOW)
    counting.work(workspace.pk, job.pk)
    runs.work(workspace.pk, run.pk)
    with workspace_scope(workspace):
        job.refresh_from_db()
        run.job.refresh_from_db()
        assert (job.state, run.job.state) == ("done", "done")


def test_who_may_not_configure_reads_the_list_and_changes_nothing(client: Client, workspace: Any) -> None:
    sign_in(client, workspace, Role.CSM)
    with workspace_scope(workspace):
        measure = Measure.objects.get(key="habit")
    assert client.get("/health/measures/").status_code == 200
    assert client.get("/health/measures/new/").status_code == 403
    assert client.get(f"/health/measures/{measure.pk}/").status_code == 403
    assert client.post(f"/health/measures/{measure.pk}/delete/").status_code == 403


def test_queries_of_the_list_do_not_grow_with_measures(
    client: Client, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    sign_in(client, workspace)
    with workspace_scope(workspace):
        for number in range(30):
            told = {"label": {"en": "x"}, "definition": {"source": "events", "aggregation": "recency"}}
            definitions.create_measure(key=f"m{number}", told=told, actor=audit.SYSTEM, now=NOW)
    client.get("/health/measures/")
    with django_assert_max_num_queries(30):
        client.get("/health/measures/")


@pytest.mark.parametrize("source", ["contacts", "surveys", "tickets", "invoices", "relays", "engagements"])
def test_every_source_that_is_declared_has_its_fields(client: Client, workspace: Any, source: str) -> None:
    sign_in(client, workspace)
    page = client.get(f"/health/measures/new/?source={source}")
    assert page.status_code == 200
    with workspace_scope(workspace):
        assert Customer.objects.exists()
