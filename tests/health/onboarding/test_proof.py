"""From imported data to the proof: measures that fit, history filled back by them, steps that go on by themselves."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from health.models import ChurnModel, HealthSnapshot, Onboarding, ScorecardVersion, ScoringRun
from health.onboarding import carrying, files, proposing, rules, standing
from health.onboarding.standing import State
from health.services import churn, counting, runs
from tests import factories
from tests.health.onboarding import conftest as vendor
from tests.health.onboarding.test_files import work_imports

pytestmark = pytest.mark.django_db
BY = audit.Actor("Robin")


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """The vendor's files are in, complete up to the last day on which a subscription begins."""
    now = datetime.now(UTC)
    with workspace_scope(workspace):
        for name, content in [
            ("account.csv", vendor.accounts()),
            ("subscription.csv", vendor.subscriptions()),
            ("event_type.csv", vendor.event_types()),
            ("event.csv.gz", vendor.events()),
        ]:
            files.take_in(upload=factories.uploaded(content, name), name=name, by=BY, now=now)
        complete = files.complete(files.waiting(), now.date())
        carrying.import_files(through=complete.through, by=BY, now=now)
    work_imports(workspace)
    return workspace


def choose(workspace: Workspace, horizon: int = 28) -> proposing.Proposal:
    now = datetime.now(UTC)
    with workspace_scope(workspace):
        proposal = proposing.propose(now=now)
        wanted = {each.key for each in proposal.measures if each.wanted}
        carrying.prove(draft=proposal.draft(wanted), horizon=horizon, by=BY, now=now)
    return proposal


def work_everything(workspace: Workspace) -> None:
    """What workers and the sweep would do, until nothing is left to be done."""
    for _ in range(20):
        with workspace_scope(workspace):
            carrying.carry_on(now=datetime.now(UTC))
            open_jobs = list(Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING)))
            shards = {run.job_id: run.pk for run in ScoringRun.objects.all()}
            if not open_jobs and Onboarding.objects.filter(proving_since=None).exists():
                return
        for job in open_jobs:
            if job.pk in shards:
                runs.work(workspace.pk, shards[job.pk])
            elif job.kind == counting.JOB_KIND:
                counting.work(workspace.pk, job.pk)
            elif job.kind == churn.JOB_KIND:
                churn.work(workspace.pk, job.pk)
    raise AssertionError("the way did not come to its end")


def test_what_the_data_cannot_tell_is_not_proposed_and_says_why(filled: Workspace) -> None:
    with workspace_scope(filled):
        proposal = proposing.propose(now=datetime.now(UTC))
    told = {each.key: each for each in proposal.measures}
    assert told["seat_share"].why == "No subscription says how many seats it has."
    assert told["active_users"].why == "The events do not say which person they are of."
    assert told["sponsor_present"].why == "There are no contacts yet, so nobody knows who the sponsor is."
    assert not any(told[key].wanted for key in ("seat_share", "active_users", "sponsor_present", "activity_level"))
    assert {"activity_count", "use_of_post", "use_of_like"} <= {each.key for each in proposal.measures if each.wanted}
    items = proposal.draft({each.key for each in proposal.measures if each.wanted})
    assert sum(item["weight"] for item in items) == pytest.approx(100, abs=0.5)
    assert proposal.horizon == 28


def test_the_way_goes_on_by_itself_to_the_proof_and_scores_history_by_what_was_chosen(filled: Workspace) -> None:
    choose(filled)
    work_everything(filled)
    with workspace_scope(filled):
        stands = standing.of_workspace()
        assert stands.is_finished
        version = ScorecardVersion.objects.latest("version")
        assert {"activity_count", "use_of_post"} <= {item["measure"] for item in version.content["items"]}
        snapshots = HealthSnapshot.objects.all()
        assert set(snapshots.values_list("scorecard_version_id", flat=True)) == {version.pk}
        filled.refresh_from_db()
        assert max(snapshots.values_list("as_of", flat=True)) == filled.data_through
        assert ChurnModel.objects.get().horizon_days == 28


def test_measures_made_together_are_counted_once(filled: Workspace) -> None:
    choose(filled)
    with workspace_scope(filled):
        waiting = list(Job.objects.filter(kind=counting.JOB_KIND).order_by("created_at", "id"))
    assert len(waiting) > 1
    counting.work(filled.pk, waiting[0].pk)
    with workspace_scope(filled):
        assert counting.under_way() == {}


def test_a_training_that_was_cancelled_stops_the_way_until_it_is_asked_for_again(filled: Workspace) -> None:
    choose(filled)
    with workspace_scope(filled):
        Job.objects.filter(kind=counting.JOB_KIND).update(state=JobState.DONE, finished_at=datetime.now(UTC))
        carrying.carry_on(now=datetime.now(UTC))
        backfill = Onboarding.objects.get().backfill
        assert backfill is not None
        Job.objects.filter(pk=backfill.job_id).update(state=JobState.DONE, finished_at=datetime.now(UTC))
        carrying.carry_on(now=datetime.now(UTC))
        training = Onboarding.objects.get().training
        assert training is not None
        Job.objects.filter(pk=training.pk).update(
            state=JobState.CANCELLED, finished_at=datetime.now(UTC), message="Cancelled."
        )
        carrying.carry_on(now=datetime.now(UTC))
        stands = standing.of_workspace()
        assert stands.training is State.STOPPED
        assert stands.row is not None
        assert stands.row.problem == "Cancelled."
        carrying.again(step="training", by=BY, now=datetime.now(UTC))
        assert standing.of_workspace().training is State.RUNNING


def test_the_page_leads_through_and_ends(filled: Workspace, client: Client) -> None:
    client.force_login(factories.make_member(filled, Role.ADMIN).user)
    assert "From your files to a proof" in client.get(reverse("today")).content.decode()
    page = client.get(reverse("start"))
    assert page.context["stands"].measures is State.NOW
    refused = client.post(reverse("start_prove"), {"horizon": "28"})
    assert refused.status_code == 422
    assert "Choose at least one measure." in refused.content.decode()
    chosen = page.context["prove_form"].chosen()
    client.post(reverse("start_prove"), {"horizon": "28", "measures": list(chosen)})
    seen = client.get(reverse("start")).context["job_url"]
    assert "HX-Refresh" not in client.get(seen).headers
    work_everything(filled)
    assert client.get(seen).headers["HX-Refresh"] == "true"
    done = client.get(reverse("start")).content.decode()
    assert "Your history has been put to the proof" in done
    assert "4 of 4 steps done." in done
    assert "From your files to a proof" not in client.get(reverse("today")).content.decode()


@given(st.lists(st.floats(0, 1e6), min_size=2).filter(lambda values: min(values) < max(values)))
def test_a_curve_of_values_rises_from_nothing_to_everything(values: list[float]) -> None:
    curve = rules.curve_of(values)
    assert curve[0] == [0.0, 0.0]
    assert curve[-1][1] == 1.0
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in itertools.pairwise(curve))


@given(st.integers(0, 2_000), st.integers(0, 90))
def test_the_horizon_is_one_that_the_history_holds_three_of_or_the_shortest(history: int, grace: int) -> None:
    horizon = rules.horizon_for(history_days=history, grace_days=grace)
    assert horizon in rules.HORIZONS
    assert horizon == min(rules.HORIZONS) or history >= 3 * (horizon + grace)


def test_data_of_the_last_week_keeps_coming() -> None:
    today = vendor.LAST
    told = rules.complete_through(events=today - timedelta(days=2), contracts=None, contract_days=0, today=today)
    assert told.through is None
    older = rules.complete_through(events=today - timedelta(days=30), contracts=None, contract_days=0, today=today)
    assert (older.through, older.because) == (today - timedelta(days=30), "events")
