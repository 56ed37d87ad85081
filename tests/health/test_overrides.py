"""A band set by hand: in force at once, explained by its own driver, ended or expired, and known as of any day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health import risk, selectors
from health.models import HealthOverride, HealthScore, HealthSnapshot
from health.services import overrides, scoring, snapshots
from health.services.compute import card_of, parts_of, scores_of
from tests import factories
from tests.health.test_executors import customer_with_people, store
from tests.health.test_present_scores import customer_in_use

pytestmark = pytest.mark.django_db

ACTOR = audit.Actor(label="Marian")
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> Any:
    return now().date()


@pytest.fixture
def customer() -> Any:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        customer = customer_in_use(workspace)
        refresh()
        yield customer


def refresh() -> None:
    while scoring.refresh_dirty():
        pass


def override(customer: Customer, band: str = "at_risk", **more: Any) -> HealthOverride:
    told = {"reason": "Their champion left", "expires_on": today() + 30 * DAY, "by": ACTOR, "now": now(), **more}
    return overrides.set_override(customer_id=customer.pk, band=band, **told)


def test_it_stands_over_the_score_with_a_driver_of_its_own_and_the_band_in_lists(customer: Customer) -> None:
    before = selectors.health_of(customer, now=now())
    override(customer)
    refresh()
    said = selectors.health_of(customer, now=now())
    assert (before["band"], said["band"], said["score"]) == ("healthy", "at_risk", 49.99)
    assert said["drivers"][:-1] == before["drivers"]
    last = said["drivers"][-1]
    assert (last["measure"], last["weight"], last["max_points"]) == ("override", 0, 0)
    assert last["label"] == "Set to “At risk” by Marian"
    assert "Their champion left" in last["note"]
    assert round(sum(driver["points"] for driver in said["drivers"]), 2) == said["score"]
    customer.health.refresh_from_db()
    assert (customer.health.band, customer.health.points) == ("at_risk", 4_999)
    line = AuditEvent.objects.get(action="health.overridden")
    assert (line.actor_label, line.data["band"]) == ("Marian", "at_risk")


def test_a_stored_row_explains_itself(customer: Customer) -> None:
    override(customer)
    refresh()
    row = HealthScore.objects.select_related("scorecard_version", "override").get(pk=customer.pk)
    card = card_of(row.scorecard_version)
    assert sum(parts_of(card, scores_of(card, row), 0).values()) == row.points == 4_999


def test_ended_early_the_measures_speak_again_but_a_closed_day_keeps_what_it_said(customer: Customer) -> None:
    made = override(customer)
    # It was set two days ago.
    HealthOverride.objects.update(
        from_day=today() - 2 * DAY, known_at=made.known_at - 2 * DAY, recorded_at=made.recorded_at - 2 * DAY
    )
    bases = {today() - n * DAY: risk.BaseRate.observed(0, 0) for n in (1, 2, 3)}
    snapshots.take([customer.pk], [*bases], bases=bases, now=now())
    overrides.end_override(customer_id=customer.pk, by=ACTOR, now=now())
    refresh()
    assert selectors.health_of(customer, now=now())["band"] == "healthy"
    stored = {row.as_of: row for row in HealthSnapshot.objects.filter(customer=customer)}
    for day, row in stored.items():
        _version, result, _facts, _at = snapshots.rebuild_one(customer.pk, day)
        acted = day > today() - 3 * DAY
        assert result.override_ids == [made.pk if acted else None] == [row.override_id]
        assert (max(0, result.scores.total[0]), result.scores.band[0]) == (row.points or 0, row.band)
        assert (row.band == "at_risk") is acted
    # Closing the days again finds nothing to revise.
    assert snapshots.take([customer.pk], [*bases], bases=bases, now=now()) == 0
    with pytest.raises(HealthOverride.DoesNotExist):
        overrides.end_override(customer_id=customer.pk, by=ACTOR, now=now())


def test_both_executors_tell_the_same_of_today(customer: Customer) -> None:
    customer, people = customer_with_people(60, seats=3)
    store(customer, people, [(days, 3_600, 1, "login") for days in range(30)], now().date() - 40 * DAY)
    override(customer, "watch")
    refresh()
    row = HealthScore.objects.get(pk=customer.pk)
    _version, result, _facts, _at = snapshots.rebuild_one(customer.pk, today())
    assert (result.scores.total[0], result.scores.band[0]) == (row.points, "watch")
    assert row.override_id == result.override_ids[0]
    assert row.points is not None
    assert 5_000 <= row.points <= 7_499


def test_it_holds_through_its_last_day_and_from_its_first(customer: Customer) -> None:
    override(customer, from_day=today() + 2 * DAY, expires_on=today() + 3 * DAY)
    assert overrides.in_force(customer.pk, today()) is None
    for days, band in ((1, "healthy"), (2, "at_risk"), (3, "at_risk"), (4, "healthy")):
        day = today() + days * DAY
        scoring.score_present([customer.pk], day=day, computed_at=now(), base=risk.BaseRate.observed(0, 0))
        assert HealthScore.objects.get(pk=customer.pk).band == band, days


def test_a_later_word_takes_the_place_of_an_earlier_one(customer: Customer) -> None:
    first = override(customer)
    second = override(customer, "watch")
    first.refresh_from_db()
    assert first.ended_at == second.known_at
    assert overrides.in_force(customer.pk, today()) == second


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"band": "unknown"}, "band"),
        ({"reason": "  "}, "reason"),
        ({"expires_on": today() - DAY}, "expires_on"),
        ({"expires_on": today() + 181 * DAY}, "expires_on"),
        ({"from_day": today() - DAY}, "from_day"),
        ({"from_day": today() + 9 * DAY, "expires_on": today() + 8 * DAY}, "expires_on"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(
    customer: Customer, told: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        override(customer, **told)
    assert refused.value.message_dict.keys() == {field}
    assert not HealthOverride.objects.exists()
