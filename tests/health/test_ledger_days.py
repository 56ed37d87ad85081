"""Any two days of any customer: what changed adds up to the difference of the two scores, and these are the shown ones.

Two cards (one with steps, a group of its own weight and exceptions), given and taken back between the days; bands set
by hand and ended; conversations and answers that are missing; contracts that begin and end; late events and snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import risk, what_changed
from health.models import CardAssignment, HealthOverride, HealthSnapshot, Scorecard, ScorecardVersion
from health.services import cards, definitions, drafts, scorecards, snapshots
from tests import factories
from tests.health import uses
from tests.health.told import NOW, TODAY, ago

pytestmark = pytest.mark.django_db

ACTOR = audit.Actor(label="Marian")
BASE = risk.BaseRate.observed(0, 0)
FIRST = 120
BACK = st.integers(0, FIRST + 60)


@pytest.fixture(autouse=True)
def _workspace() -> Iterator[None]:
    uses.make_months(now=NOW)
    with workspace_scope(factories.make_workspace()):
        ScorecardVersion.objects.update(published_at=ago(300))
        make_second_card()
        yield


def make_second_card() -> None:
    """Steps, three sources, two exceptions, and a version that changed them thirty days ago."""
    measures = {
        "talks": {"source": "engagements", "aggregation": "count", "window_days": 60},
        "opinion": {"source": "judgement", "aggregation": "latest"},
        "long_use": {"source": "events", "aggregation": "count", "window_days": 90, "scale": "per_week"},
    }
    for key, definition in measures.items():
        told = {"label": {"en": key}, "definition": definition}
        definitions.create_measure(key=key, told=told, actor=ACTOR, now=NOW)
    card = scorecards.create(name="Steps", actor=ACTOR, now=ago(100), macros=["advocacy"])
    items: list[dict[str, Any]] = [
        {"measure": "talks", "group": "relationship", "weight": 3, "curve": [[0, 0], [2, 0.4]], "scoring": "bands"},
        {"measure": "opinion", "group": "relationship", "weight": 2, "curve": [[1, 0], [5, 1]]},
        {
            "measure": "long_use",
            "group": "value",
            "weight": 7,
            "curve": [[0, 0], [1, 0.33], [3, 1]],
            "scoring": "bands",
        },
        {"measure": "sponsor_present", "group": "relationship", "weight": 1, "curve": [[0, 0], [1, 1]]},
    ]
    exceptions: list[dict[str, Any]] = [
        {"key": "quiet", "label": {"en": "Quiet"}, "measure": "talks", "op": "<", "value": 1, "cap": "at_risk"},
        {"key": "no-view", "label": {"en": "No view"}, "measure": "opinion", "op": "is_unknown", "cap": "watch"},
    ]
    for published, content in (
        (90, {"items": items, "exceptions": exceptions}),
        (30, {"items": items[::-1][:3], "exceptions": exceptions[1:]}),
    ):
        drafts.save_draft(scorecard_id=card.pk, content=content, actor=ACTOR, now=NOW)
        drafts.publish_draft(scorecard_id=card.pk, why="Steps", actor=ACTOR, now=NOW)
        newest = ScorecardVersion.objects.filter(scorecard=card).latest("version")
        ScorecardVersion.objects.filter(pk=newest.pk).update(published_at=ago(published))
    cards._versions.clear()


def assign(customer: Customer, day: int, card: Scorecard) -> None:
    CardAssignment.objects.create(
        workspace_id=current_workspace_id(), customer=customer, scorecard=card, known_at=ago(day)
    )


def override(customer: Customer, band: str, first: int, last: int, ended: int | None) -> None:
    HealthOverride.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        band=band,
        reason="Their champion left",
        from_day=ago(first).date(),
        expires_on=ago(last).date(),
        known_at=ago(first),
        recorded_at=ago(first),
        ended_at=None if ended is None else ago(ended),
        by_label="Marian",
    )


LIVES = st.fixed_dictionaries(
    {
        "used": st.lists(st.integers(0, FIRST), max_size=40),
        "late": st.lists(st.integers(1, FIRST), max_size=6),
        "starts": st.integers(0, FIRST),
        "ends": st.none() | st.integers(-100, FIRST),
        "seats": st.sampled_from([None, 0, 1, 7]),
        "cards": st.lists(st.tuples(st.integers(0, FIRST), st.booleans()), max_size=3),
        "overrides": st.lists(
            st.tuples(
                st.sampled_from(["at_risk", "watch", "healthy"]),
                st.integers(0, FIRST),
                st.integers(0, 60),
                st.none() | st.integers(0, 30),
            ),
            max_size=2,
        ),
        "kept": st.lists(st.integers(1, FIRST), max_size=3),
        "pairs": st.lists(st.tuples(BACK, BACK), min_size=3, max_size=6),
    }
)


def live(told: dict[str, Any]) -> Customer:
    customer = factories.make_customer(created_at=ago(FIRST), known_at=ago(FIRST))
    people = [factories.make_contact(customer, known_at=ago(FIRST), is_sponsor=number == 0) for number in range(2)]
    starts_on = ago(told["starts"]).date()
    ends = told["ends"]
    ends_on = None if ends is None or ends >= told["starts"] else ago(ends).date()
    factories.make_subscription(customer, starts_on=starts_on, seats=told["seats"], ends_on=ends_on)
    uses.store_uses({people[0]: told["used"]}, now=NOW)
    if told["kept"]:
        days = [ago(day).date() for day in told["kept"]]
        snapshots.take([customer.pk], days, bases=dict.fromkeys(days, BASE), now=NOW)
    uses.store_uses({people[1]: told["late"]}, now=NOW, known=NOW)
    chosen = {True: Scorecard.objects.get(name="Steps"), False: Scorecard.objects.get(is_default=True)}
    for day, is_second in sorted(told["cards"], reverse=True):
        assign(customer, day, chosen[is_second])
    for band, first, lasts, ended in told["overrides"]:
        override(customer, band, first, first - lasts, None if ended is None else first - min(ended, lasts))
    return customer


def shown(customer: Customer, day: date) -> int:
    """The score that every page shows of the day; −1 where it abstains."""
    _version, result, _facts, _at = snapshots.rebuild_one(customer.pk, day, base=BASE)
    return int(result.scores.total[0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=LIVES)
def test_the_items_of_any_two_days_add_up_to_the_difference_of_the_shown_scores(told: dict[str, Any]) -> None:
    customer = live(told)
    for one, other in [*told["pairs"], (0, 0), (7, 7)]:
        first, last = ago(max(one, other)).date(), ago(min(one, other)).date()
        found = what_changed.between(customer, first, last)
        assert sum(entry.delta for entry in found.entries) == found.difference
        assert sum(moved.delta for moved in found.moved) == found.difference
        said = what_changed.as_contract(found)
        assert round(sum(item["delta"] for item in said["items"]) * 100) == round(said["difference"] * 100)
        for day, measured in ((first, found.measured[0]), (last, found.measured[1])):
            total = shown(customer, day)
            assert total in (-1, measured)
        if first == last:
            assert not found.entries


def test_a_day_before_anything_was_known_and_today_are_days_like_others() -> None:
    customer = live(
        {
            "used": [1, 2, 3],
            "late": [],
            "starts": 50,
            "ends": None,
            "seats": 3,
            "cards": [],
            "overrides": [],
            "kept": [],
        }
    )
    found = what_changed.between(customer, TODAY - timedelta(days=900), TODAY)
    assert found.measured[0] == 0
    assert found.measured[1] == shown(customer, TODAY) == sum(entry.delta for entry in found.entries)


def test_a_clock_that_was_ahead_leaves_days_that_still_add_up() -> None:
    customer = live(
        {
            "used": [0, 1, 9],
            "late": [],
            "starts": 50,
            "ends": None,
            "seats": 3,
            "cards": [],
            "overrides": [],
            "kept": [3],
        }
    )
    # Events stamped tomorrow, and a snapshot that claims to have been recorded then.
    person = customer.contacts.earliest("pk")
    uses.store_uses({person: [-1, 2]}, now=NOW, known=NOW + timedelta(days=1))
    HealthSnapshot.objects.update(recorded_through=NOW + timedelta(days=1))
    for back in (3, 2, 1):
        found = what_changed.between(customer, TODAY - timedelta(days=back), TODAY)
        assert sum(entry.delta for entry in found.entries) == found.difference
