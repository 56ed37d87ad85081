"""The draft of a scorecard: one at a time, kept as told, published with a reason, and never rewriting a version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.services.results import StaleVersionError
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health.models import Scorecard, ScorecardDraft, ScorecardVersion
from health.services import drafts
from tests import factories

NOW = factories.NOW
ACTOR = audit.Actor(label="Marian")


@pytest.fixture
def card(db: None) -> Any:
    with workspace_scope(factories.make_workspace()):
        yield Scorecard.objects.get(is_default=True)


def halved(card: Scorecard) -> dict[str, Any]:
    """The version in force with every weight halved."""
    content = drafts.told_of(ScorecardVersion.objects.get(scorecard=card).content)
    return {**content, "items": [{**item, "weight": item["weight"] / 2} for item in content["items"]]}


def save(card: Scorecard, content: dict[str, Any], **more: Any) -> ScorecardDraft:
    return drafts.save_draft(scorecard_id=card.pk, content=content, actor=ACTOR, now=NOW, **more)


def test_a_draft_changes_no_version_until_it_is_published(card: Scorecard) -> None:
    save(card, halved(card))
    assert ScorecardVersion.objects.count() == 1
    later = NOW + timedelta(hours=1)
    published = drafts.publish_draft(scorecard_id=card.pk, why="  Halve them all. ", actor=ACTOR, now=later)
    assert (published.version.version, published.version.why) == (2, "Halve them all.")
    assert published.version.published_at == later
    assert published.version.published_by_label == "Marian"
    assert [item["weight"] for item in published.version.content["items"]] == [5, 6, 2, 8, 5, 10, 4, 10]
    assert drafts.draft_of(card.pk) is None
    assert AuditEvent.objects.get(action="scorecard.published").data["why"] == "Halve them all."


def test_a_draft_of_two_is_refused_and_saving_the_same_again_changes_nothing(card: Scorecard) -> None:
    assert save(card, halved(card), expected_version=0).version == 1
    with pytest.raises(StaleVersionError):
        save(card, halved(card), expected_version=0)
    assert save(card, halved(card), expected_version=1).version == 1
    assert save(card, {**halved(card), "min_coverage": 0.4}, expected_version=1).version == 2
    with pytest.raises(StaleVersionError):
        save(card, halved(card), expected_version=1)
    with pytest.raises(StaleVersionError):
        drafts.publish_draft(scorecard_id=card.pk, why="x", actor=ACTOR, now=NOW, expected_version=1)
    with pytest.raises(StaleVersionError):
        drafts.discard_draft(scorecard_id=card.pk, actor=ACTOR, now=NOW, expected_version=1)
    assert AuditEvent.objects.filter(action="scorecard.draft_saved").count() == 2


def test_a_draft_of_somebody_else_that_is_overwritten_stays_in_the_audit(card: Scorecard) -> None:
    theirs, mine = halved(card), {**halved(card), "min_coverage": 0.4}
    save(card, theirs)
    tuck = audit.Actor(label="Tuck")
    drafts.save_draft(scorecard_id=card.pk, content=mine, actor=tuck, now=NOW)
    drafts.save_draft(scorecard_id=card.pk, content={**mine, "min_coverage": 0.3}, actor=tuck, now=NOW)
    saved = AuditEvent.objects.filter(action="scorecard.draft_saved")
    (overwritten,) = [each.data["overwritten"] for each in saved if "overwritten" in each.data]
    assert overwritten["of"] == "Marian"
    assert overwritten["content"]["items"] == theirs["items"]


def test_what_could_not_be_published_is_kept_and_named(card: Scorecard) -> None:
    content = halved(card)
    content["items"] = [{**item, "weight": 0} for item in content["items"]]
    draft = save(card, content)
    assert drafts.problems_of(card, draft.content).keys() == {"items"}
    with pytest.raises(ValidationError, match="sum"):
        drafts.publish_draft(scorecard_id=card.pk, why="Nothing weighs", actor=ACTOR, now=NOW)
    kept = drafts.draft_of(card.pk)
    assert kept is not None
    assert kept.content == content


@pytest.mark.parametrize("why", ["", "   ", "x" * 1_001])
def test_publishing_asks_for_a_reason(card: Scorecard, why: str) -> None:
    save(card, halved(card))
    with pytest.raises(ValidationError) as refused:
        drafts.publish_draft(scorecard_id=card.pk, why=why, actor=ACTOR, now=NOW)
    assert refused.value.message_dict.keys() == {"why"}
    assert ScorecardVersion.objects.count() == 1


def test_a_discarded_draft_leaves_the_version_in_force_and_its_words_in_the_audit(card: Scorecard) -> None:
    save(card, halved(card))
    drafts.discard_draft(scorecard_id=card.pk, actor=ACTOR, now=NOW)
    assert drafts.draft_of(card.pk) is None
    assert ScorecardVersion.objects.count() == 1
    assert AuditEvent.objects.get(action="scorecard.draft_discarded").data["content"] == halved(card)
    with pytest.raises(ScorecardDraft.DoesNotExist):
        drafts.discard_draft(scorecard_id=card.pk, actor=ACTOR, now=NOW)


def test_exceptions_steps_and_group_weights_go_from_draft_to_version_and_back(card: Scorecard) -> None:
    content = halved(card)
    content["groups"] = [{**content["groups"][0], "weight": 60.0}, content["groups"][1]]
    content["items"][0] = {**content["items"][0], "scoring": "bands"}
    told = {"label": {"en": "No sponsor"}, "measure": "sponsor_present", "op": "=", "value": 0.0, "cap": "watch"}
    content["exceptions"] = [{"key": "no-sponsor", **told}]
    save(card, content)
    version = drafts.publish_draft(scorecard_id=card.pk, why="Sponsors", actor=ACTOR, now=NOW).version
    assert drafts.told_of(version.content) == {
        **content,
        "items": [{"scoring": "linear", **item} for item in content["items"]],
    }
    # The next draft begins where this version ended.
    again = drafts.save_draft(scorecard_id=card.pk, content={"min_coverage": 0.3}, actor=ACTOR, now=NOW)
    assert again.content == {**drafts.told_of(version.content), "min_coverage": 0.3}
    assert again.based_on == 2


def test_an_exception_over_a_measure_that_is_not_there_is_named(card: Scorecard) -> None:
    told = {"key": "x", "label": {"en": "X"}, "measure": "moods", "op": "<", "value": 1.0, "cap": "watch"}
    draft = save(card, {"exceptions": [told]})
    assert drafts.problems_of(card, draft.content).keys() == {"exceptions.0.measure"}
