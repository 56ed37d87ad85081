"""The stories, as the product tells them after the demo came in the way every workspace's data comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from accounts.models import Customer, ImportRun, Workspace
from accounts.selectors.demo import logins
from csplatform.core.models import JobState
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import Simulation, yesterday
from health import arrivals, demo, filling, tasks
from health.models import DirtyCustomer, Event, HealthScore, HealthSnapshot, LateArrival, ScoringRun
from health.services import runs, snapshots
from health.services.compute import card_of
from tests import database


class _KilledError(BaseException):
    """What a kill looks like from inside: nothing is cleaned up in the database."""


def _small(end: date) -> Simulation:
    return Simulation(end=end, customers=52, months=5)


@dataclass(frozen=True)
class Loaded:
    workspace: Workspace
    story_of: dict[str, str]

    def all(self, story: str) -> list[Customer]:
        found = [customer for customer in Customer.objects.all() if self.story_of[customer.external_id] == story]
        assert found
        return found

    def one(self, story: str) -> Customer:
        (customer,) = self.all(story)
        return customer

    @staticmethod
    def values(customer: Customer) -> dict[str, float]:
        """The raw value of each measure of the present score."""
        score = HealthScore.objects.select_related("scorecard_version").get(customer=customer)
        items = card_of(score.scorecard_version).items
        return {item.key: value for item, value in zip(items, score.values, strict=True)}

    @staticmethod
    def history(customer: Customer) -> dict[date, HealthSnapshot]:
        return {snapshot.as_of: snapshot for snapshot in HealthSnapshot.objects.filter(customer=customer)}


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """Loaded once for the module, killed within the events and within the scores, and loaded again until done."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "enqueue", lambda *args, **options: None)  # no worker here: this process does it all
        try:
            for place, step, call in ((arrivals, "store", 3), (runs, "_do", 2)):
                with pytest.MonkeyPatch.context() as kill:
                    kill.setattr(place, step, _kill_at(getattr(place, step), call))
                    with pytest.raises(_KilledError):
                        _load()
            workspace = _load()
            story_of = {plan.external_id: plan.story for plan in _small(yesterday(workspace.created_at)).run().plans}
            assert not list(Path(media).rglob("*"))
            yield Loaded(workspace, story_of)
        finally:
            database.flush()


def _load() -> Workspace:
    return demo.load(clock=lambda: datetime.now(UTC), say=lambda line: None, simulate=_small)


def _kill_at(real: Any, call: int) -> Any:
    """``real``, whose ``call``-th call ends the process as far as the database can tell."""
    calls = 0

    def killed(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise _KilledError
        return real(*args, **options)

    return killed


@pytest.fixture
def inside(loaded: Loaded, django_db_blocker: DjangoDbBlocker) -> Iterator[Loaded]:
    with django_db_blocker.unblock(), workspace_scope(loaded.workspace):
        yield loaded


def test_everything_came_in_once(inside: Loaded) -> None:
    finished = ImportRun.objects.order_by("created_at")
    assert [(run.kind, run.rows_rejected) for run in finished] == [(kind, 0) for kind in filling.KINDS]
    assert {run.job.state for run in finished if run.job} == {JobState.DONE}
    events = finished.get(kind="events")
    assert events.rows_created == events.rows_read == Event.objects.count()
    assert not Event.objects.filter(customer_id=None).exists()


def test_nothing_is_left_to_do(inside: Loaded) -> None:
    assert not DirtyCustomer.objects.filter(workspace_id=inside.workspace.pk).exists()
    assert not LateArrival.objects.filter(workspace_id=inside.workspace.pk).exists()
    assert not HealthSnapshot.objects.filter(revision__gt=0).exists()
    now = datetime.now(UTC)
    assert runs.roll_over(now=now) == []
    assert ScoringRun.objects.count() == 3


def test_a_second_load_does_nothing(inside: Loaded) -> None:
    before = ImportRun.objects.count()
    assert demo.load(clock=lambda: pytest.fail("asked the time"), say=pytest.fail) == inside.workspace
    assert ImportRun.objects.count() == before


def test_everybody_named_can_sign_in(inside: Loaded) -> None:
    found = logins(password=settings.DEMO_PASSWORD)
    assert {login.role for login in found} == {"owner", "manager", "csm", "contributor", "host", "viewer"}
    assert {login.password for login in found} == {settings.DEMO_PASSWORD}
    assert {login.password for login in logins(password="another")} == {None}


def test_snapshots_are_what_a_rebuild_says(inside: Loaded) -> None:
    customer = inside.one("sponsor-left")
    history = inside.history(customer)
    for day in sorted(history)[::20]:
        _version, result, _facts, _computed_at = snapshots.rebuild_one(customer.pk, day)
        assert result.scores.total[0] == (-1 if history[day].points is None else history[day].points)


def test_the_sponsor_who_left_costs_points(inside: Loaded) -> None:
    customer = inside.one("sponsor-left")
    assert inside.values(customer)["sponsor_present"] == 0
    assert customer.health.band in ("watch", "at_risk")
    assert customer.health.change is not None
    assert customer.health.change < -500


def test_slow_adoption_shows_in_the_seats(inside: Loaded) -> None:
    assert inside.values(inside.one("slow-adoption"))["seat_share"] < 0.35


def test_the_quiet_giant_is_the_largest_and_hardly_moves(inside: Loaded) -> None:
    giant = inside.one("quiet-giant")
    assert giant.arr_minor == max(customer.arr_minor for customer in Customer.objects.all())
    assert abs(giant.health.change or 0) < 500


def test_the_healthy_looking_one_churned_all_the_same(inside: Loaded) -> None:
    customer = inside.one("healthy-but-churned")
    assert (customer.contract_state, customer.stage_key, customer.health.band) == ("churned", "", "not_applicable")
    ended = customer.churned_on
    assert ended is not None
    before = {day: snapshot for day, snapshot in inside.history(customer).items() if day < ended - timedelta(days=14)}
    assert before[max(before)].band == "healthy"


def test_the_star_is_an_advocate_and_near_the_top(inside: Loaded) -> None:
    star = inside.one("expansion-star")
    assert (star.stage_key, star.health.band) == ("advocacy", "healthy")


def test_who_never_connected_is_unknown_and_still_adopting(inside: Loaded) -> None:
    customer = inside.one("never-connected")
    assert (customer.health.band, customer.health.points, customer.stage_key) == ("unknown", None, "adoption")


@pytest.mark.parametrize(("story", "state"), [("notice-given", "notice_given"), ("in-grace", "in_grace")])
def test_who_is_leaving_carries_the_highest_risks(inside: Loaded, story: str, state: str) -> None:
    customer = inside.one(story)
    assert customer.contract_state == state
    steady = max(other.health.churn_risk or 0 for other in inside.all("deadline-soon-steady"))
    assert (customer.health.churn_risk or 0) > 3 * steady


def test_deadlines_come_within_weeks_and_the_scores_sink(inside: Loaded) -> None:
    today = datetime.now(UTC).date()
    for customer in inside.all("deadline-soon"):
        assert customer.notice_deadline is not None
        assert today <= customer.notice_deadline <= today + timedelta(days=28)
        assert (customer.health.change or 0) < -100
    for customer in inside.all("deadline-soon-steady"):
        assert (customer.health.band, abs(customer.health.change or 0) < 800) == ("healthy", True)


def test_an_outage_is_a_gap_and_not_a_fall(inside: Loaded) -> None:
    assert inside.one("sender-outage").health.band == "healthy"


@pytest.mark.parametrize("stage", ["awareness", "consideration", "trial", "decision"])
def test_prospects_stand_on_the_left_arm_without_a_score(inside: Loaded, stage: str) -> None:
    for customer in inside.all(f"prospect-{stage}"):
        assert (customer.stage_key, customer.health.band) == (stage, "not_applicable")
        assert customer.expected_arr_minor


def test_groups_and_referrals_are_linked(inside: Loaded) -> None:
    parent, star = inside.one("group-parent"), inside.one("expansion-star")
    assert {customer.parent_id for customer in inside.all("group-subsidiary")} == {parent.pk}
    assert {customer.referred_by_id for customer in inside.all("referred")} == {star.pk}


def test_names_in_other_scripts_arrive_whole(inside: Loaded) -> None:
    assert inside.one("far-scripts").name.startswith("شركة")
    assert "🌿" in inside.one("emoji-name").name
