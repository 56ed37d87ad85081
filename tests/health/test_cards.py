"""Several scorecards: the first whose rule holds, the default one for everybody else, and each day the card of then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, SavedSegment
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import dirty, risk, selectors
from health.models import CardAssignment, HealthScore, HealthSnapshot, Scorecard, ScorecardVersion
from health.services import cards, drafts, scorecards, scoring, snapshots
from tests import factories
from tests.health.test_executors import customer_with_people, store

pytestmark = pytest.mark.django_db

ACTOR = audit.Actor(label="Marian")
DAY = timedelta(days=1)
BASE = risk.BaseRate.observed(0, 0)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def _workspace() -> Any:
    with workspace_scope(factories.make_workspace()):
        ScorecardVersion.objects.update(published_at=now() - 300 * DAY)
        yield


def customer_at(macro: str, industry: str = "") -> Customer:
    customer, people = customer_with_people(90, seats=3)
    store(customer, people, [(days, 3_600, 1, "login") for days in range(40)], now().date() - 60 * DAY)
    Customer.objects.filter(pk=customer.pk).update(stage_macro=macro, industry=industry)
    return customer


def published(name: str, **rule: Any) -> Scorecard:
    """A card of the sponsor alone."""
    card = scorecards.create(name=name, actor=ACTOR, now=now(), **rule)
    item = {"measure": "sponsor_present", "group": "relationship", "weight": 1.0, "curve": [[0, 0], [1, 1]]}
    drafts.save_draft(scorecard_id=card.pk, content={"items": [item], "exceptions": []}, actor=ACTOR, now=now())
    drafts.publish_draft(scorecard_id=card.pk, why="A card of its own", actor=ACTOR, now=now())
    return card


def segment(industry: str) -> SavedSegment:
    definition = {"all": [{"field": "industry", "op": "in", "value": [industry]}]}
    return SavedSegment.objects.create(
        workspace_id=current_workspace_id(), name=industry, definition=definition, is_shared=True, created_at=now()
    )


def rescore() -> None:
    dirty.mark(Customer.objects.values_list("pk", flat=True), now())
    while scoring.refresh_dirty():
        pass


def card_of(customer: Customer) -> str:
    return HealthScore.objects.get(pk=customer.pk).scorecard_version.scorecard.name


def test_the_first_rule_that_holds_decides_and_the_default_card_is_for_everybody_else() -> None:
    young, grown, other = customer_at("adoption", "Rail"), customer_at("performance", "Rail"), customer_at("advocacy")
    rescore()
    assert not CardAssignment.objects.exists()
    published("Onboarding", macros=["adoption"])
    published("Railways", segment_id=segment("Rail").pk)
    rescore()
    assert [card_of(each) for each in (young, grown, other)] == ["Onboarding", "Railways", "Default"]
    assert CardAssignment.objects.count() == 2
    railways = Scorecard.objects.get(name="Railways")
    scorecards.move(scorecard_id=railways.pk, up=True, actor=ACTOR, now=now())
    rescore()
    assert [card_of(each) for each in (young, grown, other)] == ["Railways", "Railways", "Default"]
    scorecards.change(scorecard_id=railways.pk, told={"retired_at": now()}, actor=ACTOR, now=now())
    rescore()
    assert [card_of(each) for each in (young, grown, other)] == ["Onboarding", "Default", "Default"]


def test_a_card_for_a_stage_and_a_segment_wants_both_and_one_of_a_deleted_segment_is_nobodys() -> None:
    customer = customer_at("adoption", "Rail")
    rails = segment("Rail")
    card = published("Young railways", macros=["adoption"], segment_id=rails.pk)
    rescore()
    assert card_of(customer) == "Young railways"
    Customer.objects.filter(pk=customer.pk).update(stage_macro="advocacy")
    rescore()
    assert card_of(customer) == "Default"
    Customer.objects.filter(pk=customer.pk).update(stage_macro="adoption")
    rescore()
    assert card_of(customer) == "Young railways"
    rails.delete()
    rescore()
    assert card_of(customer) == "Default"
    assert CardAssignment.objects.filter(scorecard=card).count() == 2


def test_each_day_is_rebuilt_by_the_card_the_customer_had_then_by_both_executors() -> None:
    customer, other = customer_at("adoption"), customer_at("advocacy")
    card = published("Onboarding", macros=["adoption"])
    ScorecardVersion.objects.filter(scorecard=card).update(published_at=now() - 10 * DAY)
    rescore()
    # It had the card from five days ago until the day before yesterday.
    CardAssignment.objects.update(known_at=now() - 5 * DAY)
    Customer.objects.filter(pk=customer.pk).update(stage_macro="advocacy")
    rescore()
    back = CardAssignment.objects.latest("id")
    back.known_at = now() - 2 * DAY
    back.save()
    days = [now().date() - n * DAY for n in range(8, 0, -1)]
    snapshots.take([customer.pk, other.pk], days, bases=dict.fromkeys(days, BASE), now=now())
    had = {
        row.as_of: row.scorecard_version.scorecard.name
        for row in HealthSnapshot.objects.filter(customer=customer).select_related("scorecard_version__scorecard")
    }
    assert [had[day] for day in days] == ["Default"] * 3 + ["Onboarding"] * 3 + ["Default"] * 2
    assert set(HealthSnapshot.objects.filter(customer=other).values_list("scorecard_version__scorecard__name")) == {
        ("Default",)
    }
    assert snapshots.take([customer.pk, other.pk], days, bases=dict.fromkeys(days, BASE), now=now()) == 0
    for day in days:
        said = selectors.health_of(customer, now=now(), as_of=day)
        assert len([d for d in said["drivers"] if d["group"] != "adjustments"]) == (
            1 if had[day] == "Onboarding" else 8
        )
    # And the present one is what the events say of today.
    version, result, _facts, _at = snapshots.rebuild_one(customer.pk, now().date())
    row = HealthScore.objects.get(pk=customer.pk)
    assert (version.pk, result.scores.total[0]) == (row.scorecard_version_id, row.points)


def test_mixed_cards_score_each_customer_as_alone() -> None:
    customers = [customer_at("adoption" if n % 2 else "advocacy") for n in range(4)]
    published("Onboarding", macros=["adoption"])
    rescore()
    together = {row.pk: (row.points, row.values) for row in HealthScore.objects.all()}
    for customer in customers:
        scoring.score_present([customer.pk], day=now().date(), computed_at=now(), base=BASE)
        row = HealthScore.objects.get(pk=customer.pk)
        assert (row.points, len(row.values)) == (together[row.pk][0], len(together[row.pk][1]))


def test_the_number_of_customers_counts_in_no_query() -> None:
    published("Onboarding", macros=["adoption"])
    counts = []
    for n in (2, 2, 4):
        ids = [customer_at("adoption" if i % 2 else "advocacy").pk for i in range(n)]
        with CaptureQueriesContext(connection) as queries:
            scoring.score_present(ids, day=now().date(), computed_at=now(), base=BASE)
        counts.append(len(queries))
    # The first reads the versions, once per process.
    assert counts[1] == counts[2]


def test_a_new_card_scores_nobody_until_it_is_published() -> None:
    customer = customer_at("adoption")
    card = scorecards.create(name="Onboarding", macros=["adoption"], actor=ACTOR, now=now())
    rescore()
    assert card_of(customer) == "Default"
    draft = drafts.draft_of(card.pk)
    assert draft is not None
    assert len(draft.content["items"]) == 8
    assert drafts.publish_draft(scorecard_id=card.pk, why="x", actor=ACTOR, now=now()).version.version == 1
    rescore()
    assert card_of(customer) == "Onboarding"
    yesterday = now().date() - DAY
    assert cards.versions_of(customer.pk, [yesterday])[yesterday].scorecard.name == "Default"


def test_a_part_that_is_left_out_of_an_unpublished_cards_draft_is_as_in_the_default_card() -> None:
    card = scorecards.create(name="Onboarding", macros=["adoption"], actor=ACTOR, now=now())
    draft = drafts.save_draft(scorecard_id=card.pk, content={"min_coverage": 0.2}, actor=ACTOR, now=now())
    assert (len(draft.content["items"]), draft.content["min_coverage"]) == (8, 0.2)
    assert drafts.problems_of(card, draft.content) == {}
    assert drafts.problems_of(card, {}).keys() == {"items"}


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "default"}, "name"),
        ({"macros": ["infancy"]}, "macros"),
        ({"segment_id": "0197a000-0000-7000-8000-000000000000"}, "segment_id"),
    ],
)
def test_what_cannot_be_is_refused_by_name(told: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        scorecards.create(**{"name": "New", **told}, actor=ACTOR, now=now())
    assert refused.value.message_dict.keys() == {field}


def test_the_default_card_has_no_rule() -> None:
    default = Scorecard.objects.get(is_default=True)
    with pytest.raises(ValidationError):
        scorecards.change(scorecard_id=default.pk, told={"macros": ["adoption"]}, actor=ACTOR, now=now())
