"""A past day says what was known then, whatever source is told something late, corrected, removed or dated back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from accounts.services import read_model
from csplatform.core.tenancy import workspace_scope
from health.facts import live
from health.facts.asof import AsOf
from health.facts.registry import SOURCES
from health.measures import Floats, evaluate
from health.services import snapshots
from tests import factories
from tests.health import stories, uses
from tests.health.stories import Story, Told
from tests.health.told import NOW, TODAY

pytestmark = pytest.mark.django_db

DAY = TODAY - timedelta(days=stories.DAY)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    uses.make_months(now=NOW)
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def said(story: Story, told: Told, cut: datetime | None = None, **more: Any) -> tuple[list[Floats], list[list[int]]]:
    """What the story's measures say as of the day, and the day of the newest fact behind each."""
    specs = list(story.specs)
    loaded = AsOf([told.customer.pk], [DAY], specs, grace_days=30, data_through=None, recorded_through=cut)
    facts = loaded.at(DAY, **more)
    values = [evaluate(each, facts) for each in specs]
    return values, [facts.told[each].last_day.tolist() for each in specs if each in facts.told]


@pytest.mark.parametrize("name", stories.ALL)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.integers(1, 20), lag=st.integers(1, stories.DAY))
def test_what_comes_late_changes_no_past_day_but_its_revised_view(
    workspace: Workspace, name: str, event: int, lag: int
) -> None:
    story, told = stories.ALL[name], stories.make(event, lag)
    story.begin(told)
    cut = snapshots.arrivals_settled()
    before, days = said(story, told)
    assert not all(np.isnan(value).all() for value in before)

    story.late(told)
    after, days_after = said(story, told)
    np.testing.assert_array_equal(after, before)
    assert days_after == days
    revised, _ = said(story, told, known_through=TODAY)
    assert np.array_equal(revised, before, equal_nan=True) != story.moves

    if story.dated_back is not None:
        story.dated_back(told)
        kept, kept_days = said(story, told, cut)
        np.testing.assert_array_equal(kept, before)
        assert kept_days == days


@pytest.mark.parametrize("name", stories.ALL)
def test_both_executors_and_any_number_of_days_in_one_load_say_the_same(workspace: Workspace, name: str) -> None:
    story, others = stories.ALL[name], [stories.make(event=9, lag=6) for _ in range(2)]
    for number, told in enumerate(others):
        story.begin(told)
        if number:
            story.late(told)
            if story.dated_back is not None:
                story.dated_back(told)
    ids, specs = sorted(told.customer.pk for told in others), list(story.specs)
    read_model.refresh_contracts(ids, day=TODAY, now=NOW)
    days = [TODAY - timedelta(days=back) for back in (60, stories.DAY + 9, stories.DAY, stories.DAY - 6, 0)]
    together = AsOf(ids, days, specs, grace_days=30, data_through=None)
    for day in days:
        alone = AsOf(ids, [day], specs, grace_days=30, data_through=None).at(day)
        for each in specs:
            found = evaluate(each, together.at(day))
            np.testing.assert_array_equal(found, evaluate(each, alone), err_msg=f"{day} {each}")
    present = live.load(ids, TODAY, specs).facts
    for each in specs:
        np.testing.assert_array_equal(evaluate(each, present), evaluate(each, together.at(TODAY)), err_msg=str(each))


def test_every_source_has_a_story() -> None:
    assert {each.source for story in stories.ALL.values() for each in story.specs} == {*SOURCES, "contacts"}
