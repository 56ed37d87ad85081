"""The public list of editions: what is open and what is published, of every workspace, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import State, Survey
from surveys.services import lifecycle
from tests.factories import make_workspace
from tests.surveys.factories import make_survey

pytestmark = pytest.mark.django_db


def shown() -> str:
    return Client().get("/s/").content.decode()


def titled(title: str, slug: str, **settings: Any) -> Survey:
    return make_survey(slug=slug, title={"en": title, "de": f"{title} (de)"}, questions=[], **settings)


def test_open_and_published_editions_of_all_workspaces_are_listed() -> None:
    with workspace_scope(make_workspace("kestrel")):
        titled("Open of Kestrel", "open-k", wave="2026", hosts=[{"name": "A host", "company": "B"}])
        published = titled("Published of Kestrel", "published-k")
        Survey.objects.filter(pk=published.pk).update(state=State.PUBLISHED, published_at=datetime.now(UTC))
    with workspace_scope(make_workspace("merlin")):
        titled("Open of Merlin", "open-m")
    text = shown()
    assert text.index("Open of Kestrel") < text.index("Published of Kestrel")
    assert "Open of Merlin" in text
    assert 'href="/s/open-k/?lang=en"' in text
    assert 'href="/s/published-k/results/?lang=en"' in text
    assert "hosted by A host" in text


def test_drafts_closed_unlisted_and_customers_surveys_are_not() -> None:
    with workspace_scope(make_workspace()):
        titled("Draft", "a-draft", opened=False)
        closed = titled("Closed", "a-closed")
        lifecycle.close_survey(survey_id=closed.pk, actor=audit.SYSTEM, now=datetime.now(UTC))
        titled("Unlisted", "an-unlisted", is_listed=False)
        titled("For customers", "for-customers", audience="customers")
        over = titled("Over", "is-over")
        Survey.objects.filter(pk=over.pk).update(closes_at=datetime.now(UTC) - timedelta(minutes=1))
    text = shown()
    for title in ("Draft", "Closed", "Unlisted", "For customers", "Over<"):
        assert title not in text
    assert "No survey is open at the moment" in text


def test_titles_are_in_the_readers_language_where_there_is_one(django_assert_num_queries: Any) -> None:
    with workspace_scope(make_workspace()):
        for number in range(12):
            titled(f"Edition {number}", f"edition-{number}")
    with django_assert_num_queries(1):
        german = Client().get("/s/?lang=de").content.decode()
    assert "Edition 3 (de)" in german
    french = Client().get("/s/?lang=fr").content.decode()
    assert '<a href="/s/edition-3/?lang=en" lang="en">Edition 3</a>' in french
