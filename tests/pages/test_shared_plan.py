"""The plan as the customer opens it: by a link alone, without account, cookie or script, and nothing internal on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from journeys import plan_links
from journeys.models import KpiVersion, PlanComment, PlanLink, Task, TaskState
from journeys.services import planning, sharing, tasks
from tests.pages.conftest import House

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
WILL = audit.Actor("Will Scarlet")


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def link(house: House) -> PlanLink:
    with workspace_scope(house.workspace):
        began = NOW - timedelta(days=90)
        outcome = planning.define_outcome(
            customer_id=house.customer.pk,
            told={"statement": "Ship the same day", "due_on": date(2026, 12, 31), "confidence": "low"},
            actor=WILL,
            now=began,
        )
        kpi = planning.add_kpi(
            outcome_id=outcome.pk,
            told={"name": "Parcels an hour", "unit": "parcels", "baseline": 20, "target": 60},
            actor=WILL,
            now=began,
        )
        planning.record_measurement(
            kpi_id=kpi.pk, told={"value": 41, "note": "Their manager is difficult"}, actor=WILL, now=NOW
        )
        dropped = planning.define_outcome(
            customer_id=house.customer.pk, told={"statement": "A forgotten wish"}, actor=WILL, now=began
        )
        planning.settle(
            outcome_id=dropped.pk, settlement="dropped", reason="They fell out over it", actor=WILL, now=began
        )
        tasks.create(
            tasks=[
                tasks.NewTask("Name a dock manager", customer_id=house.customer.pk, for_customer=True),
                tasks.NewTask("Prepare for their exit", customer_id=house.customer.pk),
            ],
            actor=WILL,
            now=NOW,
        )
        return sharing.share(
            customer_id=house.customer.pk, made_for="Friar Tuck", expires_on=date(2026, 9, 1), actor=WILL, now=NOW
        )


def address(link: PlanLink, language: str = "en") -> str:
    return f"/p/{plan_links.token_of(link)}/?lang={language}"


def do(link: PlanLink, deed: str, **fields: Any) -> Any:
    return Client().post(address(link), {"deed": deed, **fields})


def test_the_customer_sees_its_plan_and_nothing_of_ours(link: PlanLink) -> None:
    answer = Client().get(address(link))
    page = answer.content.decode()
    for wanted in ("Ship the same day", "41 of 60", "Name a dock manager", "Nottingham Freight"):
        assert wanted in page
    for ours in ("difficult", "forgotten wish", "fell out", "exit", "Will Scarlet", "186,000", "Low", "At risk"):
        assert ours not in page
    assert not answer.cookies
    assert "<script" not in page


def test_the_page_is_sealed_against_search_engines_scripts_and_frames(link: PlanLink) -> None:
    answer = Client().get(address(link))
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(("language", "word"), [("fr", "fr"), ("de", "de"), ("en", "en"), ("xx", "en")])
def test_it_speaks_the_language_asked_for(link: PlanLink, language: str, word: str) -> None:
    answer = Client().get(address(link, language))
    assert answer["Content-Language"] == word
    assert f'<html lang="{word}"' in answer.content.decode()


def test_the_browser_s_language_serves_where_none_is_asked_for(link: PlanLink) -> None:
    answer = Client().get(address(link).split("?")[0], headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert answer["Content-Language"] == "de"


def test_a_link_that_opens_nothing_looks_the_same_whatever_the_cause(house: House, link: PlanLink) -> None:
    token = plan_links.token_of(link)
    unknown = PlanLink(workspace_id=link.workspace_id, id=link.customer_id)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    bodies = {
        Client().get(f"/p/{each}/?lang=en").content for each in (plan_links.token_of(unknown), forged, "x", "é" * 64)
    }
    with time_machine.travel(datetime(2026, 9, 2, tzinfo=UTC)):
        bodies.add(Client().get(address(link)).content)
    with workspace_scope(house.workspace):
        sharing.revoke(link_id=link.pk, actor=WILL, now=NOW)
    revoked = Client().get(address(link))
    assert revoked.status_code == 404
    assert bodies == {revoked.content}
    assert do(link, "comment", name="x", text="y").status_code == 404


def test_the_last_day_still_opens(link: PlanLink) -> None:
    with time_machine.travel(datetime(2026, 9, 1, 23, 59, tzinfo=UTC)):
        assert Client().get(address(link)).status_code == 200


def test_whether_it_was_opened_is_seen_and_our_own_looks_do_not_count(house: House, link: PlanLink) -> None:
    house.client().get(address(link))
    Client().get(address(link))
    with workspace_scope(house.workspace):
        found = PlanLink.objects.get(pk=link.pk)
    assert (found.opened, found.last_opened_at) == (1, NOW)


def test_the_customer_confirms_how_it_is_measured(house: House, link: PlanLink) -> None:
    with workspace_scope(house.workspace):
        version = KpiVersion.objects.get()
    answer = do(link, "confirm", kpi=version.kpi_id, number=1, name="Friar Tuck")
    assert answer.status_code == 302
    with workspace_scope(house.workspace):
        version.refresh_from_db()
        assert (version.confirmed_by, version.confirmed_at) == ("Friar Tuck", NOW)
        assert AuditEvent.objects.filter(
            action="kpi.confirmed", actor_label="Friar Tuck (shared plan of Nottingham Freight)"
        ).exists()
        planning.revise_kpi(kpi_id=version.kpi_id, told={"target": 70, "reason": "More"}, actor=WILL, now=NOW)
    late = do(link, "confirm", kpi=version.kpi_id, number=1, name="Friar Tuck")
    assert late.status_code == 422
    assert "was changed since" in late.content.decode()
    with workspace_scope(house.workspace):
        assert KpiVersion.objects.get(number=2).confirmed_at is None


def test_the_customer_ticks_its_own_tasks_and_no_others(house: House, link: PlanLink) -> None:
    with workspace_scope(house.workspace):
        own, ours = Task.objects.get(for_customer=True), Task.objects.get(for_customer=False)
    assert do(link, "tick", task=own.pk, name="Friar Tuck").status_code == 302
    assert do(link, "tick", task=ours.pk, name="Friar Tuck").status_code == 422
    with workspace_scope(house.workspace):
        assert Task.objects.get(pk=own.pk).state == TaskState.DONE
        assert Task.objects.get(pk=ours.pk).state == TaskState.OPEN
        assert OutboxEvent.objects.filter(name="task.finished").count() == 1


def test_a_comment_is_kept_shown_to_the_csm_and_told_once_a_day_as_a_task(house: House, link: PlanLink) -> None:
    for text in ("When do the new depots count?", "And <b>who</b> measures?"):
        assert do(link, "comment", name="Friar Tuck", text=text).status_code == 302
    page = Client().get(address(link)).content.decode()
    assert "And &lt;b&gt;who&lt;/b&gt; measures?" in page
    with workspace_scope(house.workspace):
        assert OutboxEvent.objects.filter(name="shared_plan.commented").count() == 2
        assert Task.objects.filter(source="shared_plan").count() == 1
    value = house.client().get(f"/customers/{house.customer.pk}/?tab=value").content.decode()
    assert "2 new comments" in value
    house.client().post(f"/customers/{house.customer.pk}/plan/answer/", {"text": "From July on."})
    assert "From July on." in Client().get(address(link)).content.decode()
    assert "new comment" not in house.client().get(f"/customers/{house.customer.pk}/?tab=value").content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"deed": "comment", "name": "", "text": "x"},
        {"deed": "comment", "name": "x", "text": " "},
        {"deed": "comment", "name": "x" * 300, "text": "y"},
        {"deed": "comment", "name": "x", "text": "y" * 5_000},
        {"deed": "comment", "name": "a\x00b", "text": "y"},
        {"deed": "comment", "name": "x", "text": "y", "outcome": "not-an-id"},
        {"deed": "tick", "task": "9" * 50, "name": "x"},
        {"deed": "confirm", "kpi": "", "number": "two", "name": "x"},
        {"deed": "destroy"},
        {},
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_lost(link: PlanLink, fields: dict[str, str]) -> None:
    answer = Client().post(address(link), fields)
    assert answer.status_code == 422
    assert "Nothing was" in answer.content.decode()
    if fields.get("text", "").strip() == "y" and "\x00" not in fields["name"]:
        assert ">y</textarea>" in answer.content.decode()


def test_nobody_floods_a_plan(link: PlanLink) -> None:
    answers = [do(link, "comment", name="x", text=f"{n}").status_code for n in range(22)]
    assert (answers[0], answers[-1]) == (302, 429)
    with workspace_scope(link.workspace_id):
        assert PlanComment.objects.count() == 20


def test_links_are_made_shown_again_and_revoked_by_those_who_may(house: House, link: PlanLink) -> None:
    here = f"/customers/{house.customer.pk}/plan/"
    assert house.client(Role.VIEWER).get(here).status_code == 403
    page = house.client(Role.CSM).get(here).content.decode()
    assert plan_links.url_of(link) in page
    bad = house.client(Role.CSM).post(here, {"made_for": "", "expires_on": "2026-09-01"})
    assert bad.status_code == 200
    late = house.client(Role.CSM).post(here, {"made_for": "x", "expires_on": "2030-01-01"})
    assert "a year at most" in late.content.decode()
    assert house.client(Role.CSM).post(f"/plan-links/{link.pk}/revoke/").status_code == 302
    assert plan_links.url_of(link) not in house.client(Role.CSM).get(here).content.decode()
    with workspace_scope(house.workspace):
        assert list(AuditEvent.objects.filter(action__startswith="plan.").values_list("action", flat=True)) == [
            "plan.shared",
            "plan.link_revoked",
        ]


def test_a_link_never_lasts_longer_than_a_year(house: House) -> None:
    with workspace_scope(house.workspace), pytest.raises(ValidationError):
        sharing.share(customer_id=house.customer.pk, made_for="x", expires_on=date(2027, 6, 30), actor=WILL, now=NOW)


def test_a_link_of_one_workspace_opens_no_row_of_another(house: House, link: PlanLink) -> None:
    crossed = PlanLink(workspace_id=house.stranger.workspace_id, id=link.pk)
    assert Client().get(address(crossed)).status_code == 404


def queries_to_look(link: PlanLink) -> int:
    with CaptureQueriesContext(connection) as caught:
        Client().get(address(link))
    return len(caught)


def test_the_page_takes_the_same_queries_however_long_the_plan(house: House, link: PlanLink) -> None:
    before = queries_to_look(link)
    with workspace_scope(house.workspace):
        for n in range(8):
            outcome = planning.define_outcome(
                customer_id=house.customer.pk, told={"statement": f"Wish {n}"}, actor=WILL, now=NOW
            )
            told = {"name": f"Figure {n}", "baseline": 0, "target": n + 1}
            planning.add_kpi(outcome_id=outcome.pk, told=told, actor=WILL, now=NOW)
    assert queries_to_look(link) == before
