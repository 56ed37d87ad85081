"""The story told by files, through the command people import with."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from accounts.models import Workspace
from tests.story.conftest import Clock
from tests.story.files import NOT_IN_FILES, files_of
from tests.story.integration import Integration, state_over_rest
from tests.story.reading import differences, state_of
from tests.story.telling import END, SLUG, STORY, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_in_a_temporary_place(tmp_path: Path, settings: LazySettings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def expected(clock: Clock) -> dict[str, Any]:
    """Where the story ends over REST."""
    return state_over_rest(clock)


@pytest.fixture
def workspace(clock: Clock, expected: dict[str, Any]) -> Workspace:
    """As it was before the story began."""
    clock(STORY[0].at)
    return make_house().workspace


def deliver(folder: Path, until: datetime) -> dict[str, dict[str, Any]]:
    """Import everything that had happened by ``until``; what became of the rows, by kind."""
    counts = {}
    for kind, path in files_of(folder, until):
        said = StringIO()
        call_command("import_data", kind, str(path), "--workspace", SLUG, "--json", stdout=said, stderr=StringIO())
        counts[kind] = json.loads(said.getvalue())
    return counts


def test_one_delivery_ends_where_rest_does(
    expected: dict[str, Any], workspace: Workspace, clock: Clock, tmp_path: Path
) -> None:
    clock(END)
    counts = deliver(tmp_path, END)
    assert {kind: told["rejected"] for kind, told in counts.items()} == dict.fromkeys(counts, 0)
    again = deliver(tmp_path, END)
    assert {kind: (told["created"], told["updated"]) for kind, told in again.items()} == dict.fromkeys(again, (0, 0))
    assert "\n".join(differences(_told_by_files(expected), _told_by_files(state_of(workspace)))) == ""


def test_deliveries_beside_what_people_do_end_where_rest_does_in_every_field(
    expected: dict[str, Any], workspace: Workspace, clock: Clock, tmp_path: Path
) -> None:
    people = Integration(workspace)
    for step in STORY:
        if step.deed in NOT_IN_FILES:
            clock(step.at)
            deliver(tmp_path, step.at)
            people.tell(step)
    clock(END)
    deliver(tmp_path, END)
    assert "\n".join(differences(expected, state_of(workspace))) == ""


def _told_by_files(state: dict[str, Any]) -> dict[str, Any]:
    """What files can tell of a state: ``NOT_IN_FILES`` says what they cannot, and why."""
    wins = [{name: value for name, value in win.items() if name != "celebrated_at"} for win in state["wins"]]
    return {**state, "wins": wins, "shocks": []}
