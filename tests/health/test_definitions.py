"""Changing measures and publishing scorecards: present scores follow, the past stays, and counts are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from accounts.models import Customer, Workspace
from accounts.services import read_model
from accounts.services.results import BusyError
from csplatform.core import audit, jobs
from csplatform.core.models import AuditEvent, JobState
from csplatform.core.tenancy import workspace_scope
from health import measures, parsing, tasks, windows
from health.facts import live
from health.ingest.drain import drain
from health.models import HealthScore, Measure, Scorecard, ScorecardVersion, ScoringRun, UsageWindow
from health.services import cards, counting, definitions, runs, snapshots
from health.services.compute import card_of
from health.streams import active_streams, stream_of
from tests import factories
from tests.health.ingest.test_drain import message, receive

NOW = datetime(2026, 6, 16, 9, tzinfo=factories.NOW.tzinfo)
ACTOR = audit.Actor(label="Test")
EXPORTS = {"source": "events", "aggregation": "count", "window_days": 28, "events": ["report.exported"]}


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    """Five customers whose people open and export reports."""
    workspace = factories.make_workspace()
    for number in range(5):
        arrive(workspace, number, range(6))
    with workspace_scope(workspace):
        for customer in Customer.objects.all():
            factories.make_subscription(customer, seats=3)
        read_model.refresh_contracts(None, day=NOW.date(), now=NOW)
    return workspace


def arrive(workspace: Workspace, customer: int, numbers: range) -> None:
    """Events of a customer, of which every second one is an export, stored on the first days of June."""
    when = NOW - timedelta(days=10)
    receive(
        workspace,
        message(f"g{customer}", "group", groupId=f"c-{customer}", userId=f"u-{customer}"),
        *(
            message(
                f"{customer}-{n}",
                userId=f"u-{customer}",
                event="report.exported" if n % 2 else "report.opened",
                context={"groupId": f"c-{customer}"},
                at=when - timedelta(days=n),
            )
            for n in numbers
        ),
        now=when,
    )
    drain(workspace.pk, now=when)


def create(key: str = "exports", definition: dict[str, Any] = EXPORTS) -> Any:
    told = {"label": {"en": "Exports"}, "unit": "exports", "definition": definition}
    return definitions.create_measure(key=key, told=told, actor=ACTOR, now=NOW)


def draft(*keys: str, **more: Any) -> definitions.Draft:
    items = [{"measure": key, "group": "value", "weight": 1.0, "curve": [[0, 0], [6, 1]]} for key in keys]
    return definitions.Draft(items=items, **more)


def publish(*keys: str, now: datetime = NOW, **more: Any) -> definitions.Published:
    card = Scorecard.objects.get(is_default=True)
    return definitions.publish(scorecard_id=card.pk, draft=draft(*keys), actor=ACTOR, now=now, **more)


def kept() -> list[tuple[Any, ...]]:
    rows = UsageWindow.objects.order_by("customer_id", "stream")
    return [
        (row.customer_id, row.stream, row.anchor, bytes(row.counts), bytes(row.users), bytes(row.features))
        for row in rows
    ]


def test_a_measure_of_other_events_is_counted_by_a_job_that_survives_a_kill(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "SHARD", 2)
    with workspace_scope(workspace):
        _measure, job = create()
        assert job is not None
        assert (job.params["stream"], counting.under_way()) == (
            stream_of(["report.exported"]).key,
            {stream_of(["report.exported"]).key: job.pk},
        )
    scopes = iter([True])

    @contextmanager
    def killed_at_the_second(workspace_id: UUID) -> Iterator[None]:
        if not next(scopes, False):
            raise KeyboardInterrupt
        with workspace_scope(workspace_id):
            yield

    with monkeypatch.context() as patch:
        patch.setattr(counting, "workspace_scope", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            counting.work(workspace.pk, job.pk)
    # Meanwhile events arrive for a customer that was counted, one that was not, and a new one.
    for number in (0, 4, 5):
        arrive(workspace, number, range(6, 12))
    with workspace_scope(workspace):
        assert jobs.quiet(kind=counting.JOB_KIND, now=NOW + timedelta(days=365)) == [job.pk]
    tasks.count_anew(str(workspace.pk), str(job.pk))
    tasks.count_anew(str(workspace.pk), str(job.pk))
    with workspace_scope(workspace):
        job.refresh_from_db()
        assert (job.state, job.result) == (JobState.DONE, {"customers": 6})
        assert counting.under_way() == {}
        found = kept()
        windows.rebuild(Customer.objects.values_list("id", flat=True), streams=active_streams())
        assert found == kept()
        spec = parsing.parse(EXPORTS)
        loaded = live.load(list(Customer.objects.order_by("id").values_list("id", flat=True)), NOW.date(), [spec])
        assert measures.evaluate(spec, loaded.facts).tolist() == [6, 3, 3, 3, 6, 3]


def test_a_measure_of_events_that_are_counted_already_needs_no_job(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        assert create("all", {"source": "events", "aggregation": "count"})[1] is None
        assert create("sponsor", {"source": "contacts", "aggregation": "sponsor"})[1] is None
        measure, job = create()
        assert job is not None
        told = {"definition": {**EXPORTS, "window_days": 14}}
        changed, none = definitions.change_measure(measure_id=measure.pk, told=told, actor=ACTOR, now=NOW)
        assert (changed.version, none) == (2, None)
        same, none = definitions.change_measure(measure_id=measure.pk, told=told, actor=ACTOR, now=NOW)
        assert (same.version, none) == (2, None)
        line = AuditEvent.objects.get(action="measure.changed")
        assert line.data["definition"]["to"]["window_days"] == 14


def test_what_was_published_goes_on_being_counted_when_its_measure_changes(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        measure, job = create()
    counting.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        publish("exports")
        told = {"definition": {**EXPORTS, "events": ["report.opened"]}}
        _measure, job = definitions.change_measure(measure_id=measure.pk, told=told, actor=ACTOR, now=NOW)
        assert job is not None
        with pytest.raises(BusyError, match="still being counted"):
            publish("exports")
    arrive(workspace, 0, range(6, 12))
    with workspace_scope(workspace):
        spec = parsing.parse(EXPORTS)
        customer = Customer.objects.get(external_id="c-0")
        facts = live.load([customer.pk], NOW.date(), [spec]).facts
        assert measures.evaluate(spec, facts).tolist() == [6]
    counting.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert publish("exports").version.version == 3


def test_publishing_scores_everybody_anew_and_leaves_past_days_as_they_were(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get(external_id="c-0")
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[NOW.date()], now=NOW)
    runs.work(workspace.pk, run.pk)
    yesterday = NOW.date() - timedelta(days=1)
    with workspace_scope(workspace):
        Scorecard.objects.update(created_at=NOW - timedelta(days=30))
        ScorecardVersion.objects.update(published_at=NOW - timedelta(days=30))
        before = snapshots.rebuild_one(customer.pk, yesterday)
        first = ScorecardVersion.objects.get()
        _measure, job = create()
    counting.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        published = publish("exports", "sponsor_present")
        assert published.version.version == 2
        assert [item.key for item in card_of(published.version).items] == ["exports", "sponsor_present"]
        assert published.version.content["bands"] == first.content["bands"]
    runs.work(workspace.pk, published.run.pk)
    with workspace_scope(workspace):
        assert set(HealthScore.objects.values_list("scorecard_version__version", flat=True)) == {2}
        score = HealthScore.objects.get(pk=customer.pk)
        version, today, _, _ = snapshots.rebuild_one(customer.pk, NOW.date())
        assert version == published.version
        assert np.array_equal(today.values[0], np.array(score.values), equal_nan=True)
        assert (score.values[0], score.points) == (3.0, int(today.scores.total[0]))
        version, again, _, _ = snapshots.rebuild_one(customer.pk, yesterday)
        assert version == first
        assert np.array_equal(again.values, before[1].values, equal_nan=True)
        assert again.scores.total.tolist() == before[1].scores.total.tolist()
        first.refresh_from_db()
        assert [item["measure"] for item in first.content["items"]] != ["exports", "sponsor_present"]
        assert cards.version_on(yesterday) == first
        line = AuditEvent.objects.get(action="scorecard.published")
        assert (line.actor_label, line.data["version"]) == ("Test", 2)


def test_a_stranger_changes_nothing(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        measure, _job = create()
        card = Scorecard.objects.get()
    with workspace_scope(factories.make_workspace("stranger")):
        with pytest.raises(Measure.DoesNotExist):
            definitions.change_measure(measure_id=measure.pk, told={"unit": "x"}, actor=ACTOR, now=NOW)
        with pytest.raises(Scorecard.DoesNotExist):
            definitions.publish(scorecard_id=card.pk, draft=draft("habit"), actor=ACTOR, now=NOW)
