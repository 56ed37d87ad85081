"""The success plan's pages for the team: defining, measuring, deciding, winning, reviewing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from csplatform.core.audit import Actor
from csplatform.core.tenancy import workspace_scope
from journeys.models import Kpi, KpiVersion, Measurement, Outcome, OutcomeVersion, Win
from journeys.services import planning
from tests.pages.conftest import House

NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
WILL = Actor("Will Scarlet")


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def value_tab(house: House) -> str:
    return house.client().get(f"/customers/{house.customer.pk}/?tab=value").content.decode()


def define(house: House, **fields: Any) -> Any:
    words = {
        "statement": "Ship the same day", "kind": "outcome", "due_on": "2026-12-31", "effective_on": "2026-01-15",
        "kpi_name": "Minutes at the dock", "kpi_unit": "minutes", "kpi_baseline": "60", "kpi_target": "20",
    }  # fmt: skip
    return house.client().post(f"/customers/{house.customer.pk}/outcomes/new/", {**words, **fields})


def outcome_page(house: House) -> str:
    with workspace_scope(house.workspace):
        outcome = Outcome.objects.get()
    return house.client().get(f"/outcomes/{outcome.pk}/").content.decode()


@pytest.fixture
def kpi(house: House) -> Kpi:
    assert define(house).status_code == 302
    with workspace_scope(house.workspace):
        return Kpi.objects.select_related("outcome").get()


def test_an_empty_tab_teaches_and_leads_on(house: House) -> None:
    page = value_tab(house)
    assert "No outcome is defined yet" in page
    assert f"/customers/{house.customer.pk}/outcomes/new/" in page


def test_an_outcome_with_its_first_kpi_is_one_form(house: House, kpi: Kpi) -> None:
    page = value_tab(house)
    assert "1 expected outcome: 1 not measured yet. The next is due on 31 Dec 2026." in page
    assert "Minutes at the dock" in page
    with workspace_scope(house.workspace):
        assert KpiVersion.objects.get().direction == "down"


def test_a_kpi_that_cannot_be_is_named_and_nothing_typed_is_lost(house: House) -> None:
    page = define(house, kpi_target="60").content.decode()
    assert "Is the baseline, 60" in page
    assert "Ship the same day" in page
    with workspace_scope(house.workspace):
        assert not Outcome.objects.exists(), "half an agreement is none"


def test_a_measurement_moves_the_status_and_the_page_says_why(house: House, kpi: Kpi) -> None:
    told = {"value": "43", "measured_on": "", "note": "By stop watch"}
    assert house.client().post(f"/kpis/{kpi.pk}/measure/", told).status_code == 302
    page = outcome_page(house)
    assert "43\N{NO-BREAK SPACE}minutes on 16 Jun 2026, to come down to 20\N{NO-BREAK SPACE}minutes" in page
    assert "should be at 43 by now" in page
    assert "On track" in page
    refused = house.client().post(f"/kpis/{kpi.pk}/measure/", {"value": "43", "measured_on": "2027-01-01"})
    assert "lies in the future" in refused.content.decode()


def test_figures_are_corrected_and_withdrawn_with_a_reason(house: House, kpi: Kpi) -> None:
    house.client().post(f"/kpis/{kpi.pk}/measure/", {"value": "4"})
    with workspace_scope(house.workspace):
        first = Measurement.objects.get()
    here = f"/measurements/{first.pk}/correct/"
    assert "is required" in house.client().post(here, {"value": "44", "reason": ""}).content.decode()
    fixed = {"value": "44", "measured_on": "2026-06-16", "note": "", "reason": "A digit was lost"}
    assert house.client().post(here, fixed).status_code == 302
    again = house.client().post(here, fixed)
    assert "corrected already" in again.content.decode()
    with workspace_scope(house.workspace):
        present = Measurement.objects.get(replaced_by__isnull=True)
    away = {**fixed, "reason": "Another site", "withdraw": "yes"}
    assert house.client().post(f"/measurements/{present.pk}/correct/", away).status_code == 302
    page = outcome_page(house)
    assert "A digit was lost" in page
    assert "Another site" in page
    assert "Not measured yet" in page


def test_words_change_with_a_reason_and_two_editors_are_told_apart(house: House, kpi: Kpi) -> None:
    here = f"/outcomes/{kpi.outcome_id}/edit/"
    words = {
        "version": "1",
        "statement": "Ship in an hour",
        "due_on": "2026-12-31",
        "confidence": "",
        "effective_on": "",
    }
    assert house.client().post(here, {**words, "reason": "They asked for more"}).status_code == 302
    late = house.client().post(here, {**words, "statement": "Ship never", "reason": "A slip"}).content.decode()
    assert "Somebody changed this record" in late
    assert "Ship never" in late
    with workspace_scope(house.workspace):
        assert OutcomeVersion.objects.count() == 2
    assert "They asked for more" in outcome_page(house)


def test_an_outcome_is_decided_by_name_and_opened_again(house: House, kpi: Kpi) -> None:
    here = f"/outcomes/{kpi.outcome_id}/settle/"
    house.client().post(here, {"version": "1", "settlement": "waived", "reason": ""})
    assert "Decide by name" in outcome_page(house)
    house.client().post(here, {"version": "1", "settlement": "waived", "reason": "The site was sold"})
    assert "The site was sold" in outcome_page(house)
    assert "1 waived" in value_tab(house)
    house.client().post(here, {"version": "1", "settlement": "", "reason": "x"})
    with workspace_scope(house.workspace):
        assert Outcome.objects.get().settlement == "waived", "somebody else had changed it meanwhile"


def test_a_win_is_told_celebrated_and_seen_by_everybody(house: House, kpi: Kpi) -> None:
    house.client().post(f"/kpis/{kpi.pk}/measure/", {"value": "19"})
    with workspace_scope(house.workspace):
        win = Win.objects.get()
    card = house.client().get(f"/wins/{win.pk}/").content.decode()
    assert "Minutes at the dock: 19 minutes" in card
    assert "mailto:" in card
    told = {"version": "1", "title": "Twenty minutes, at last", "story": "The night shift did it.", "happened_on": ""}
    assert house.client().post(f"/wins/{win.pk}/edit/", told).status_code == 302
    waiting = house.client(Role.VIEWER).get("/wins/?show=waiting").content.decode()
    assert "Twenty minutes, at last" in waiting
    assert house.client(Role.VIEWER).post(f"/wins/{win.pk}/celebrate/").status_code == 403
    assert house.client().post(f"/wins/{win.pk}/celebrate/").status_code == 302
    assert "Twenty minutes, at last" not in house.client().get("/wins/?show=waiting").content.decode()
    assert "Twenty minutes, at last" in house.client().get("/wins/").content.decode()


def test_the_review_page_tells_any_past_day_and_nothing_internal(house: House, kpi: Kpi) -> None:
    house.client().post(f"/kpis/{kpi.pk}/measure/", {"value": "43", "note": "They are late again"})
    here = f"/customers/{house.customer.pk}/review/"
    page = house.client().get(here).content.decode()
    assert "Business review with Nottingham Freight" in page
    assert "late again" not in page
    assert "No outcome is agreed yet" in house.client().get(here + "?as_of=2026-06-15").content.decode()
    for odd in ("2026-06-17", "2026-02-30", "soon"):
        assert house.client().get(f"{here}?as_of={odd}").status_code == 404


def test_who_may_only_look_is_offered_and_allowed_nothing_else(house: House, kpi: Kpi) -> None:
    viewer = house.client(Role.VIEWER)
    page = viewer.get(f"/outcomes/{kpi.outcome_id}/").content.decode()
    assert "Decide by name" not in page
    for path in (f"/kpis/{kpi.pk}/measure/", f"/kpis/{kpi.pk}/retire/", f"/outcomes/{kpi.outcome_id}/settle/"):
        assert viewer.post(path, {"value": "1", "reason": "x"}).status_code == 403
    assert viewer.get(f"/customers/{house.customer.pk}/outcomes/new/").status_code == 403


def test_the_tab_takes_the_same_queries_however_much_is_promised(house: House, kpi: Kpi) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            value_tab(house)
        return len(caught)

    queries()
    before = queries()
    with workspace_scope(house.workspace):
        for n in range(6):
            outcome = planning.define_outcome(
                customer_id=house.customer.pk, told={"statement": f"Wish {n}"}, actor=WILL, now=NOW
            )
            for m in range(3):
                told = {"name": f"Figure {m}", "baseline": 0, "target": m + 1}
                made = planning.add_kpi(outcome_id=outcome.pk, told=told, actor=WILL, now=NOW)
                planning.record_measurement(kpi_id=made.pk, told={"value": "0.5"}, actor=WILL, now=NOW)
    assert queries() == before
