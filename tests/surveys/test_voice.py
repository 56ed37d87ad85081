"""How often what was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Contact
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, Survey
from surveys.selectors import voice
from tests.factories import NOW, make_contact, make_customer, make_subscription, make_workspace
from tests.surveys import hosting, invited

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def said(survey: Survey, contact: Contact, score: int, **fields: Any) -> Response:
    told = {"choices": [], "score": score, "contact": contact, "customer": contact.customer, **fields}
    return hosting.answered(survey, **told)[0]


@pytest.mark.parametrize("by", voice.GROUPINGS)
def test_the_histogram_counts_every_identified_answer_once(by: str) -> None:
    survey = invited.score_survey()
    home = make_customer(industry="Food", country="FR")
    make_subscription(home, plan="Basic")
    make_subscription(home, plan="Plus", starts_on=(NOW - 5 * DAY).date())
    bare = make_customer("Bare")
    for home_, score in ((home, 9), (home, 9), (bare, 3)):
        said(survey, make_contact(home_), score)
    hosting.answered(survey, 4, score=1, choices=[])
    cells = voice.histogram("nps", by, NOW - 40 * DAY)
    named = {"industry": "Food", "country": "FR", "csm": "", "plan": "Plus"}[by]
    assert sorted((cell.group, cell.score, cell.n) for cell in cells) == sorted([("", 3, 1), (named, 9, 2)])
    assert voice.histogram("nps", by, NOW + DAY) == []
