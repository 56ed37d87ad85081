"""Handovers told by a file: kept as they happened, once, and refused with words where they cannot be."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.imports import kinds, runs
from accounts.models import AccountTeamMember, ImportRun, Membership, Workspace
from csplatform.core import audit
from csplatform.core.models import OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Relay
from tests.factories import NOW, make_member, make_workspace

pytestmark = pytest.mark.django_db
ImportText = Callable[[str, str], ImportRun]

CUSTOMERS = "external_id,name,created_at\nc-1,Loxley Mills,2024-01-10\nc-2,Wakefield Dairy,2024-01-10\n"
MOVES = (
    "external_id,customer_external_id,stage,occurred_on,reason\n"
    "m1,c-1,consideration,2024-02-01,Called us\nm2,c-1,trial,2024-03-04,Wants to see it\n"
)
HEAD = (
    "external_id,customer_external_id,from_stage,to_stage,state,offered_at,decided_at,decided_by,decline_cause,"
    "decline_reason,checklist,taker_email\n"
)
DECLINED = "r1,c-1,consideration,trial,declined,2024-02-26T09:00Z,2024-02-27T09:00Z,Marian,too_early,No budget,,\n"
ACCEPTED = (
    "r2,c-1,consideration,trial,accepted,2024-03-01T09:00Z,2024-03-04T10:00Z,Marian,,,[x] Budget named|[ ] Dates,\n"
)


@pytest.fixture
def workspace(tmp_path: Path, settings: LazySettings) -> Workspace:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_workspace()


@pytest.fixture
def bring(workspace: Workspace, tmp_path: Path) -> ImportText:
    def run(kind: str, content: str) -> ImportRun:
        path = tmp_path / f"{kind}.csv"
        path.write_text(content)
        found = kinds.get(kind)
        assert found is not None
        return runs.import_file(
            path=path, kind=found, pairs=(), through=None, actor=audit.Actor(label="File"),
            workspace_id=workspace.pk, clock=lambda: NOW,
        )  # fmt: skip

    return run


def reasons(run: ImportRun) -> list[str]:
    with run.rejects.open("r") as lines:
        return [row["reason"] for row in csv.DictReader(lines)]


def test_handovers_are_kept_as_they_happened_and_tied_to_the_move_they_led_to(
    workspace: Workspace, bring: ImportText
) -> None:
    bring("customers", CUSTOMERS)
    bring("moves", MOVES)
    run = bring("relays", HEAD + DECLINED + ACCEPTED)
    assert (run.rows_created, run.rows_rejected) == (2, 0)
    with workspace_scope(workspace):
        declined, accepted = Relay.objects.order_by("offered_at").select_related("move__stage")
        assert (declined.state, declined.decline_cause, declined.decline_reason, declined.move) == (
            "declined",
            "too_early",
            "No budget",
            None,
        )
        assert (accepted.giver_department, accepted.taker_department) == ("marketing", "sales")
        assert accepted.move is not None
        assert accepted.move.external_id == "m2"
        assert [(item.text, item.done_at is not None) for item in accepted.items.all()] == [
            ("Budget named", True),
            ("Dates", False),
        ]
        # Friday 1 March plus three working days, in Paris.
        assert accepted.due_at.isoformat() == "2024-03-06T16:00:00+00:00"
        assert not OutboxEvent.objects.filter(name__startswith="relay.").exists()


def test_the_same_file_again_changes_nothing_and_a_later_word_changes_one(
    workspace: Workspace, bring: ImportText
) -> None:
    bring("customers", CUSTOMERS)
    waiting = "r3,c-2,consideration,trial,offered,2026-06-15T09:00Z,,,,,[x] Budget,\n"
    bring("relays", HEAD + ACCEPTED + waiting)
    again = bring("relays", HEAD + ACCEPTED + waiting)
    assert (again.rows_created, again.rows_updated, again.rows_unchanged) == (0, 0, 2)
    decided = "r3,c-2,consideration,trial,accepted,2026-06-15T09:00Z,2026-06-16T08:00Z,Will,,,[x] Budget,\n"
    assert bring("relays", HEAD + decided).rows_updated == 1
    with workspace_scope(workspace):
        assert Relay.objects.get(external_id="r3").state == "accepted"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("r9,c-9,consideration,trial,accepted,2024-03-01,2024-03-02,,,,,", "no customer"),
        ("r9,c-1,consideration,lunch,accepted,2024-03-01,2024-03-02,,,,,", "“lunch” is no stage"),
        ("r9,c-1,consideration,,accepted,2024-03-01,2024-03-02,,,,,", "to_stage"),
        ("r9,c-1,consideration,trial,eaten,2024-03-01,2024-03-02,,,,,", "“eaten” is none of"),
        ("r9,c-1,consideration,trial,accepted,2024-03-01,,,,,,", "decided_at"),
        ("r9,c-1,consideration,trial,offered,2024-03-01,2024-03-02,,,,,", "still waits"),
        ("r9,c-1,consideration,trial,accepted,2024-03-02,2024-03-01,,,,,", "before the offer"),
        ("r9,c-1,consideration,trial,accepted,2027-03-02,2027-03-03,,,,,", "future"),
        ("r9,c-1,consideration,trial,declined,2024-03-01,2024-03-02,,mood,,,", "“mood” is none of"),
        ("r9,c-1,awareness,trial,accepted,2024-03-01,2024-03-02,,,,,", "giver_department"),
        ("r9,c-1,consideration,trial,accepted,2024-03-01,2024-03-02,,,,,no@one.example", "nobody here"),
        ("r9,c-1,consideration,trial,accepted,,2024-03-02,,,,,", "offered_at"),
        ("r9,c-1,consideration,trial,accepted,yesterday,2024-03-02,,,,,", "not a date"),
    ],
)
def test_what_cannot_be_is_refused_and_the_other_rows_kept(
    workspace: Workspace, bring: ImportText, row: str, words: str
) -> None:
    bring("customers", CUSTOMERS)
    run = bring("relays", HEAD + row + "\n" + ACCEPTED)
    assert (run.rows_created, run.rows_rejected) == (1, 1)
    assert words in reasons(run)[0]


def test_a_second_offer_that_waits_is_refused(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    rows = [f"r{n},c-1,consideration,trial,offered,2026-06-1{n}T09:00Z,,,,,,\n" for n in (1, 2)]
    run = bring("relays", HEAD + "".join(rows))
    assert (run.rows_created, run.rows_rejected) == (1, 1)
    assert "waits already" in reasons(run)[0]


def test_the_taker_is_named_by_address(workspace: Workspace, bring: ImportText) -> None:
    member = make_member(workspace)
    bring("customers", CUSTOMERS)
    email = member.user.email
    bring("relays", HEAD + f"r1,c-1,consideration,trial,offered,2026-06-15T09:00Z,,,,,,{email}\n")
    with workspace_scope(workspace):
        assert Relay.objects.get().taker == member


def test_one_offered_again_follows_the_declined_one(workspace: Workspace, bring: ImportText) -> None:
    bring("customers", CUSTOMERS)
    head = HEAD.rstrip("\n") + ",reoffers_external_id\n"
    again = ACCEPTED.rstrip("\n") + ",{}\n"
    run = bring("relays", head + again.format("r1") + DECLINED.rstrip("\n") + ",\n")
    assert run.rows_rejected == 0
    with workspace_scope(workspace):
        offered = Relay.objects.get(external_id="r2")
        assert offered.reoffers is not None
        assert offered.reoffers.external_id == "r1"
    run = bring("relays", head + again.format("r1"))
    assert (run.rows_updated, run.rows_unchanged) == (0, 1)


@pytest.mark.parametrize("followed", ["nobody", "r2", "other"])
def test_one_cannot_follow_what_was_not_refused_before(workspace: Workspace, bring: ImportText, followed: str) -> None:
    bring("customers", CUSTOMERS)
    bring("relays", HEAD + DECLINED.replace("r1,c-1", "other,c-2"))
    head = HEAD.rstrip("\n") + ",reoffers_external_id\n"
    run = bring("relays", head + ACCEPTED.rstrip("\n") + f",{followed}\n")
    (reason,) = reasons(run)
    assert reason.startswith("reoffers_external_id: ")


def test_who_took_a_customer_over_has_the_place_since_then(workspace: Workspace, bring: ImportText) -> None:
    sellers = [make_member(workspace, email=f"{name}@kestrel.example") for name in ("first", "second")]
    Membership.objects.filter(pk__in=[seller.pk for seller in sellers]).update(department="sales")
    helper = make_member(workspace, email="helper@kestrel.example")
    bring("customers", CUSTOMERS)
    taken = ACCEPTED.rstrip("\n")
    later = taken.replace("r2", "r3").replace("2024-03-", "2024-04-")
    other = taken.replace("r2,c-1", "r4,c-2")
    rows = (f"{later}{sellers[1].user.email}\n", f"{taken}{sellers[0].user.email}\n", f"{other}{helper.user.email}\n")
    bring("relays", HEAD + "".join(rows))
    with workspace_scope(workspace):
        (place,) = AccountTeamMember.objects.all()
    assert (place.member_id, place.role, place.since) == (sellers[0].pk, "sales", date(2024, 3, 4))
