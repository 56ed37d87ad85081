"""Filtering customers by what their people were asked and answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import segments
from accounts.models import Customer, Workspace
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, Status, Survey, SurveyInvitation
from tests.factories import NOW, make_customer, make_workspace
from tests.surveys import invited

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = make_workspace()
    with workspace_scope(made):
        yield made


def names(field: str, op: str, value: Any) -> set[str]:
    wanted = segments.condition(segments.parse({"field": field, "op": op, "value": value}), now=NOW)
    return {customer.name for customer in Customer.objects.filter(wanted)}


def answer(survey: Survey, customer: Customer, score: int, at: datetime, **told: Any) -> None:
    count = Response.objects.count()
    Response.objects.create(
        workspace_id=customer.workspace_id, survey=survey, customer=customer, score=score, occurred_at=at, known_at=at,
        submission_key=f"key-{count}", receipt_hash=f"hash-{count}", **told,
    )  # fmt: skip


def test_the_latest_answer_counts_while_it_is_fresh(workspace: Workspace) -> None:
    survey = invited.score_survey()
    turned, fond, stale = make_customer("Turned"), make_customer("Fond"), make_customer("Stale")
    make_customer("Never asked")
    answer(survey, turned, 10, NOW - 30 * DAY)
    answer(survey, turned, 3, NOW - 2 * DAY)
    answer(survey, turned, 10, NOW - DAY, status=Status.REMOVED, removed_at=NOW, removal_reason="trial")
    answer(survey, fond, 9, NOW - 5 * DAY)
    answer(survey, stale, 0, NOW - 400 * DAY)
    assert names("nps", "lte", 6) == {"Turned"}
    assert names("nps", "gte", 9) == {"Fond"}
    assert names("csat", "gte", 0) == set()
    assert names("survey_answered", "at_least", {"count": 2}) == {"Turned"}
    assert names("survey_answered", "at_least", {"count": 1, "days": 3}) == {"Turned"}
    assert names("survey_answered", "none", {"days": 3}) == {"Fond", "Stale", "Never asked"}


def test_who_was_asked_lately(workspace: Workspace) -> None:
    survey = invited.score_survey()
    asked = make_customer("Asked")
    make_customer("Spared")
    SurveyInvitation.objects.create(
        workspace=workspace, survey=survey, customer=asked, email="boss@people.example", token_hash="x" * 64,
        state="sent", created_at=NOW, due_at=NOW, sent_at=NOW - 4 * DAY,
    )  # fmt: skip
    assert names("survey_asked", "none", {"days": 3}) == {"Asked", "Spared"}
    assert names("survey_asked", "none", {"days": 4}) == {"Spared"}
