"""Where days begin and end, whatever the clocks say; runs during which a scorecard is published; very few customers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, Workspace
from accounts.roles import Role
from accounts.services import read_model
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import selectors, what_changed
from health.defaults import default_content
from health.models import HealthScore, HealthSnapshot, Scorecard, ScorecardVersion, ScoringRun
from health.services import churn, drafts, runs
from tests import factories
from tests.health.uses import make_months, store_uses

DAY = timedelta(days=1)
ACTOR = audit.Actor(label="Marian")
FAR = ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"]


@pytest.fixture
def seconds() -> Iterator[Any]:
    """A clock that stands where it is put."""
    with time_machine.travel(0, tick=False) as clock:
        yield clock


def company(zone: str, now: datetime, *, ended: int | None = None) -> tuple[Workspace, Customer]:
    """One customer who works in the last second of UTC days and in the first, and whose notice deadline is near.

    ``ended``: so many days ago its contract did.
    """
    workspace = factories.make_workspace(zone.rsplit("/")[-1].lower().replace("_", "-"))
    Workspace.objects.filter(pk=workspace.pk).update(time_zone=zone)
    began = now - 200 * DAY
    midnight = datetime.combine(now.date(), datetime.min.time(), UTC)
    with workspace_scope(workspace):
        customer = factories.make_customer(f"Mill of {zone}", created_at=began, known_at=began)
        starts = (now - 300 * DAY).date()
        terms: dict[str, Any] = {"renewal_on": starts + 365 * DAY, "auto_renews": True}
        if ended is not None:
            terms = {"ends_on": (now - ended * DAY).date()}
        factories.make_subscription(customer, starts_on=starts, seats=2, **terms)
        people = [factories.make_contact(customer, is_sponsor=n == 0, known_at=began) for n in range(2)]
        store_uses({people[0]: range(0, 90, 3)}, now=midnight - timedelta(seconds=1), name="late")
        store_uses({people[1]: range(0, 90, 2)}, now=midnight, name="early")
        read_model.refresh_contracts([customer.pk], day=now.date(), now=now)
        customer.refresh_from_db()
    return workspace, customer


def told(workspace: Workspace, customer: Customer, now: datetime) -> dict[str, Any]:
    """Everything that health says of the customer, without ids and moments of computing."""
    today = now.date()
    with workspace_scope(workspace):
        kinds = {"close_day": today - DAY, "backfill": today - 28 * DAY, "current": today}
        for kind, day in ((ScoringRun.Kind(name), day) for name, day in kinds.items()):
            run = runs.start(kind=kind, days=[day], now=now)
            runs.work(workspace.pk, run.pk)
        said = selectors.health_of(customer, now=now)
        changes = what_changed.between(customer, today - 28 * DAY, today)
        return {
            "score": said["score"],
            "as_of": said["as_of"],
            "drivers": [
                (each["measure"], each["value"], each["points"], each["change_28d"]) for each in said["drivers"]
            ],
            "churn": said["churn"]["probability"],
            "changed": [(each.cause, each.measure, each.delta, each.words) for each in changes.entries],
            "history": selectors.history_of(customer),
            "usage": selectors.usage_of(customer, today - 3 * DAY, today),
            "renewal": (customer.renewal_on, customer.notice_deadline),
        }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 1, 8, 59, 59, tzinfo=UTC),  # a second before clocks go back in Los Angeles
        datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC),  # their day had 25 hours, and Kiritimati is a day ahead
        datetime(2027, 3, 14, 10, 0, 0, tzinfo=UTC),  # clocks have just gone forward
        datetime(2027, 1, 1, 0, 0, 0, tzinfo=UTC),
    ],
)
def test_days_are_utc_days_whatever_zone_the_workspace_is_in(now: datetime, seconds: Any) -> None:
    seconds.move_to(now)
    make_months(now=now)
    answers = [told(*company(zone, now), now) for zone in FAR]
    first = answers[0]
    assert first["as_of"] == now.date().isoformat()
    assert sum(delta for _cause, _measure, delta, _words in first["changed"]) != 0
    by_day = {(each["date"], each["event"]) for each in first["usage"]}
    assert (now.date().isoformat(), "early") in by_day
    assert ((now.date() - DAY).isoformat(), "late") in by_day
    assert (now.date().isoformat(), "late") not in by_day
    assert answers[1:] == [first, first]


def cards_of(workspace: Workspace) -> set[int]:
    with workspace_scope(workspace):
        return set(HealthScore.objects.values_list("scorecard_version__version", flat=True))


def publish() -> ScoringRun:
    """A version without depth of use, published now."""
    card = Scorecard.objects.get(is_default=True)
    content = {**default_content(), "items": [i for i in default_content()["items"] if i["measure"] != "breadth"]}
    drafts.save_draft(scorecard_id=card.pk, content=content, actor=ACTOR, now=datetime.now(UTC))
    return drafts.publish_draft(scorecard_id=card.pk, why="Depth says little", actor=ACTOR, now=datetime.now(UTC)).run


def populated(customers: int) -> Workspace:
    now = datetime.now(UTC)
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        ScorecardVersion.objects.update(published_at=now - 300 * DAY)
        for number in range(customers):
            began = now - 200 * DAY
            customer = factories.make_customer(f"Customer {number}", created_at=began, known_at=began)
            factories.make_subscription(customer, starts_on=began.date(), seats=5)
            store_uses({factories.make_contact(customer, is_sponsor=True, known_at=began): range(1, 60)}, now=now)
        read_model.refresh_contracts(None, day=now.date(), now=now)
    return workspace


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [ScoringRun.Kind.BACKFILL, ScoringRun.Kind.CLOSE_DAY])
def test_a_version_published_between_two_shards_leaves_past_days_with_theirs(
    kind: ScoringRun.Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(runs._SHARD_SIZE, kind, 2)
    workspace = populated(5)
    yesterday = datetime.now(UTC).date() - DAY
    with workspace_scope(workspace):
        run = runs.start(kind=kind, days=[yesterday - DAY, yesterday], now=datetime.now(UTC))
    assert runs._work_one(workspace.pk, run.pk)
    with workspace_scope(workspace):
        publish()
    assert runs.work(workspace.pk, run.pk) == 2
    with workspace_scope(workspace):
        run.job.refresh_from_db()
        assert run.job.state == "done"
        assert HealthSnapshot.objects.count() == 10
        assert set(HealthSnapshot.objects.values_list("scorecard_version__version", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_version_published_between_two_shards_of_present_scores_is_everybodys_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(runs._SHARD_SIZE, ScoringRun.Kind.CURRENT, 2)
    workspace = populated(5)
    today = datetime.now(UTC).date()
    with workspace_scope(workspace):
        before = runs.start(kind=ScoringRun.Kind.CURRENT, days=[today], now=datetime.now(UTC))
    assert runs._work_one(workspace.pk, before.pk)
    with workspace_scope(workspace):
        after = publish()
    # The later run is done first: the rest of the earlier one must not bring the former version back.
    assert runs.work(workspace.pk, after.pk) == 3
    assert runs.work(workspace.pk, before.pk) == 2
    assert cards_of(workspace) == {2}


@pytest.mark.django_db(transaction=True)
def test_a_shard_that_waits_for_its_customers_scores_them_by_what_was_published_meanwhile() -> None:
    workspace = populated(2)
    today = datetime.now(UTC).date()
    with workspace_scope(workspace):
        run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[today], now=datetime.now(UTC))
    worker = threading.Thread(target=_work, args=[workspace, run])
    with workspace_scope(workspace), transaction.atomic():
        list(Customer.objects.select_for_update().order_by("pk"))
        worker.start()
        _wait_until_somebody_waits()
        publish()
    worker.join()
    assert cards_of(workspace) == {2}


def _work(workspace: Workspace, run: ScoringRun) -> None:
    try:
        runs.work(workspace.pk, run.pk)
    finally:
        connection.close()


def _wait_until_somebody_waits() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the customers")


@pytest.mark.django_db
def test_a_day_that_was_scored_by_a_clock_ahead_is_scored_again_when_it_is_right(seconds: Any) -> None:
    """A clock that is put back leaves no score of tomorrow behind."""
    now = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
    seconds.move_to(now)
    make_months(now=now)
    workspace, customer = company("UTC", now)
    with workspace_scope(workspace):
        for moment in (now + 3 * DAY, now):
            run = runs.start(kind=ScoringRun.Kind.CURRENT, days=[moment.date()], now=moment)
            runs.work(workspace.pk, run.pk)
        assert HealthScore.objects.get(pk=customer.pk).as_of == date(2026, 6, 16)
        changes = what_changed.between(customer, date(2026, 6, 1), date(2026, 6, 16))
        assert sum(each.delta for each in changes.entries) == changes.difference


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [None, 100, 10])
def test_with_one_customer_and_with_nobody_left_every_page_answers_and_nothing_is_made_up(ended: int | None) -> None:
    now = datetime.now(UTC)
    make_months(now=now)
    workspace, customer = company("UTC", now, ended=ended)
    today, owner = now.date(), factories.make_member(workspace, Role.OWNER)
    said = told(workspace, customer, now)
    is_over = ended is not None and ended > workspace.grace_days
    assert customer.contract_state == ("churned" if is_over else "active" if ended is None else "in_grace")
    assert (said["score"] is None) == is_over
    assert (said["churn"] is None) == is_over
    client = Client()
    client.force_login(owner.user)
    pages = ("today", "health_overview", "what_if", "proof", "alert_list", "customer_list", "scorecard_list")
    for address in (*(reverse(name) for name in pages), reverse("customer_detail", args=[customer.pk])):
        assert client.get(address, follow=True).status_code == 200, address
    proved = churn.prove(workspace.pk, horizon=28, today=today, report=lambda done, total: None)
    assert proved["verdict"] == "not_enough_data"
