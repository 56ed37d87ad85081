"""What was known of conversations at a moment of the past: corrections and deletions change it from now on alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.imports import kinds, runs
from accounts.models import Customer, Workspace
from accounts.services import deletion
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Engagement, EngagementContactVersion, EngagementVersion
from journeys.selectors import engagement_history
from journeys.services import engagements
from tests import factories
from tests.api.conftest import make_api
from tests.journeys.engage.conftest import NOW, Town, make_town

LATER = NOW + timedelta(days=7)
BEFORE, AFTER = LATER - timedelta(seconds=1), LATER + timedelta(seconds=1)
FAR = NOW + timedelta(days=3650)


def known(customer: Customer, as_of: datetime, **more: Any) -> list[tuple[str, str, str, datetime]]:
    rows = engagement_history.known([customer.pk], as_of=as_of, **more)
    return [(each.direction, each.channel, each.sentiment, each.occurred_at) for each in rows]


def correct(external_id: str = "e-1", *, now: datetime = LATER, known_at: datetime | None = None, **told: Any) -> None:
    result = engagements.upsert(rows=[Facts(external_id, told, known_at)], actor=audit.SYSTEM, now=now)
    assert result.refusals == []


CALL = ("vendor_to_customer", "call", "", NOW)


# --- what was known -----------------------------------------------------------------------------------------------


def test_before_it_was_known_there_was_nothing_and_since_then_what_it_said(town: Town) -> None:
    town.log(at=NOW - timedelta(days=2))
    assert known(town.mills, NOW - timedelta(seconds=1)) == []
    assert known(town.mills, NOW) == [("vendor_to_customer", "call", "", NOW - timedelta(days=2))]
    assert known(town.freight, NOW) == []


@pytest.mark.parametrize(
    ("told", "after"),
    [
        ({"sentiment": "negative"}, ("vendor_to_customer", "call", "negative", NOW)),
        ({"direction": "inbound"}, ("customer_to_vendor", "call", "", NOW)),
        ({"channel": "email"}, ("vendor_to_customer", "email", "", NOW)),
        ({"occurred_at": NOW - timedelta(days=3)}, ("vendor_to_customer", "call", "", NOW - timedelta(days=3))),
    ],
)
def test_a_correction_counts_from_when_it_is_told(town: Town, told: dict[str, Any], after: tuple[Any, ...]) -> None:
    town.log()
    correct(**told)
    assert known(town.mills, BEFORE) == [CALL]
    assert known(town.mills, AFTER) == [after]
    assert EngagementVersion.objects.count() == 2


def test_several_corrections_in_one_are_one_version(town: Town) -> None:
    town.log()
    correct(sentiment="positive", direction="inbound", occurred_at=NOW - timedelta(days=1))
    assert EngagementVersion.objects.count() == 2


def test_words_are_not_kept(town: Town) -> None:
    town.log()
    correct(subject="Ann called", body="About the docks", by_email="x@kestrel.example")
    assert EngagementVersion.objects.count() == 1
    assert Engagement.objects.get().known_at == NOW


def test_who_took_part_is_kept_by_id_from_when_it_was_told(town: Town) -> None:
    town.log()
    correct(contact_external_id=["p-ann"])
    correct(contact_external_id=["p-ann"], subject="Ann called")
    (told,) = EngagementContactVersion.objects.all()
    assert told.took_part
    assert told.known_at == Engagement.objects.get().known_at > NOW
    correct(contact_external_id=[])
    assert list(EngagementContactVersion.objects.order_by("id").values_list("took_part", flat=True)) == [True, False]
    assert EngagementVersion.objects.count() == 1


def test_a_conversation_that_was_another_customers_is_theirs_from_then_on(town: Town) -> None:
    town.log()
    correct(customer_external_id=["c-freight"])
    assert (known(town.mills, BEFORE), known(town.freight, BEFORE)) == ([CALL], [])
    assert (known(town.mills, AFTER), known(town.freight, AFTER)) == ([], [CALL])


def test_one_more_customer_leaves_the_others_as_they_were(town: Town) -> None:
    town.log()
    correct(customer_external_id=["c-mills", "c-freight"])
    assert (known(town.mills, AFTER), known(town.freight, BEFORE), known(town.freight, AFTER)) == ([CALL], [], [CALL])
    assert EngagementVersion.objects.filter(customer_id=town.mills.pk).count() == 1


def test_a_correction_cannot_be_known_before_what_it_corrects(town: Town) -> None:
    town.log()
    correct(sentiment="negative", known_at=NOW - timedelta(days=90))
    assert known(town.mills, NOW - timedelta(seconds=1)) == []
    assert EngagementVersion.objects.latest("id").known_at == NOW


def test_a_change_by_sql_leaves_a_version_too(town: Town) -> None:
    town.log()
    Engagement.objects.update(sentiment="positive", known_at=LATER)
    assert known(town.mills, BEFORE) == [CALL]
    assert known(town.mills, AFTER) == [(*CALL[:2], "positive", NOW)]


def test_only_what_had_happened_by_then_and_since_then_is_told(town: Town) -> None:
    town.log("old", at=NOW - timedelta(days=40))
    town.log("soon", at=NOW + timedelta(hours=3))
    assert known(town.mills, NOW, since=NOW - timedelta(days=30)) == []
    assert [each[3] for each in known(town.mills, LATER)] == [NOW - timedelta(days=40), NOW + timedelta(hours=3)]


def test_many_customers_are_one_query(town: Town) -> None:
    town.log(customer_external_id=["c-mills", "c-freight"])
    with CaptureQueriesContext(connection) as asked:
        rows = list(engagement_history.known([town.mills.pk, town.freight.pk], as_of=AFTER))
    assert {each.customer_id for each in rows} == {town.mills.pk, town.freight.pk}
    assert len(asked) == 1


def test_strangers_know_nothing_of_it(town: Town) -> None:
    town.log()
    with workspace_scope(factories.make_workspace("merlin")):
        assert known(town.mills, FAR) == []


# --- deleting -----------------------------------------------------------------------------------------------------


def test_a_deleted_conversation_stays_known_in_the_past(town: Town) -> None:
    made = town.log(customer_external_id=["c-mills", "c-freight"])
    engagements.remove(engagement_id=made.pk, actor=audit.SYSTEM, now=LATER)
    for customer in (town.mills, town.freight):
        assert known(customer, BEFORE) == [CALL]
        assert known(customer, AFTER) == []


def test_a_deleted_contact_changes_nothing_of_what_counts(town: Town) -> None:
    town.log(direction="customer_to_vendor", body="I am leaving", contact_external_id=["p-ann"])
    before = known(town.mills, FAR)
    deletion.delete_contact(contact_id=town.ann.pk, actor=audit.SYSTEM, now=LATER)
    assert known(town.mills, FAR) == before != []


def test_with_a_customer_goes_what_was_known_of_it_and_of_nobody_else(town: Town) -> None:
    town.log("alone")
    town.log("shared", customer_external_id=["c-mills", "c-freight"])
    town.log("moved")
    correct("moved", customer_external_id=["c-freight"])
    taken_back = town.log("taken back")
    engagements.remove(engagement_id=taken_back.pk, actor=audit.SYSTEM, now=LATER)
    deletion.delete_customer(customer_id=town.mills.pk, actor=audit.SYSTEM, now=LATER)
    assert set(EngagementVersion.objects.values_list("customer_id", flat=True)) == {town.freight.pk}
    assert known(town.freight, BEFORE) == [CALL]
    assert known(town.freight, AFTER) == [CALL, CALL]


# --- every way in -------------------------------------------------------------------------------------------------


@pytest.fixture
def place(db: None) -> tuple[Workspace, Town]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        town = make_town(workspace)
        town.log()
    return workspace, town


def feelings(workspace: Workspace, town: Town) -> tuple[list[str], list[str]]:
    """How it was said to have gone, as known then and as known now."""
    with workspace_scope(workspace):
        return [each[2] for each in known(town.mills, NOW)], [each[2] for each in known(town.mills, FAR)]


def test_a_correction_on_the_page_leaves_a_version(place: tuple[Workspace, Town]) -> None:
    workspace, town = place
    client = Client()
    client.force_login(town.csm.user)
    with workspace_scope(workspace):
        made = Engagement.objects.get()
    told = {
        "subject": "", "direction": "vendor_to_customer", "channel": "call", "sentiment": "negative",
        "occurred_at": f"{NOW:%Y-%m-%dT%H:%M}", "version": str(made.version),
    }  # fmt: skip
    assert client.post(reverse("engagement_edit", args=[made.pk]), told).status_code == 302
    assert feelings(workspace, town) == ([""], ["negative"])
    client.post(reverse("engagement_remove", args=[made.pk]))
    assert feelings(workspace, town) == ([""], [])


def test_a_correction_over_rest_leaves_a_version(place: tuple[Workspace, Town]) -> None:
    workspace, town = place
    api = make_api(workspace)
    assert api.patch("engagements/ext:e-1/", {"sentiment": "negative"}).status_code == 200
    assert feelings(workspace, town) == ([""], ["negative"])
    assert api.delete("engagements/ext:e-1/").status_code == 204
    assert feelings(workspace, town) == ([""], [])


@pytest.fixture
def bring(place: tuple[Workspace, Town], tmp_path: Path, settings: LazySettings) -> Callable[..., None]:
    settings.MEDIA_ROOT = tmp_path / "media"

    def run(now: datetime, *cells: str, head: str = "") -> None:
        path = tmp_path / "engagements.csv"
        columns = f"external_id,customer_external_id,direction,channel,occurred_at,sentiment{head}"
        path.write_text("\n".join((columns, *cells)) + "\n")
        kind = kinds.get("engagements")
        assert kind is not None
        done = runs.import_file(
            path=path, kind=kind, pairs=(), through=None, actor=audit.Actor(label="File"),
            workspace_id=place[0].pk, clock=lambda: now,
        )  # fmt: skip
        assert done.rows_rejected == 0

    return run


def test_a_file_that_corrects_another_leaves_a_version(place: tuple[Workspace, Town], bring: Any) -> None:
    """New ones are known when they occurred; dated back like that, a correction would change the past."""
    workspace, town = place
    bring(NOW, "f-1,c-freight,outbound,call,2026-03-01T10:00Z,positive")
    bring(LATER, "f-1,c-freight,outbound,call,2026-03-01T10:00Z,negative")
    with workspace_scope(workspace):
        for as_of, said in ((datetime(2026, 3, 2, tzinfo=UTC), "positive"), (BEFORE, "positive"), (AFTER, "negative")):
            assert [each[2] for each in known(town.freight, as_of)] == [said]


def test_a_file_may_say_since_when_the_correction_was_known(place: tuple[Workspace, Town], bring: Any) -> None:
    workspace, town = place
    bring(NOW, "f-1,c-freight,outbound,call,2026-03-01T10:00Z,positive")
    bring(LATER, "f-1,c-freight,outbound,call,2026-03-01T10:00Z,negative,2026-04-01", head=",known_at")
    with workspace_scope(workspace):
        for as_of, said in ((datetime(2026, 3, 31, tzinfo=UTC), "positive"), (NOW, "negative")):
            assert [each[2] for each in known(town.freight, as_of)] == [said]


def test_the_same_file_again_leaves_none(place: tuple[Workspace, Town], bring: Any) -> None:
    workspace, _town = place
    for now in (NOW, LATER):
        bring(now, "f-1,c-freight,outbound,call,2026-03-01T10:00Z,positive")
    with workspace_scope(workspace):
        assert EngagementVersion.objects.count() == 2
