"""Health, the whole book: bands then and now, what would make more scores known, freshness, accuracy, movers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import Customer, CustomerHealth, SavedSegment
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from health import overview
from health.models import Alert, ChurnProof, HealthScore, HealthSnapshot, ScorecardVersion
from health.services.compute import card_of
from tests import factories
from tests.pages.conftest import House

NOW = datetime.now(UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
NAN = float("nan")
ADDRESS = "/health/"


@pytest.fixture
def book(house: House) -> House:
    """Nobody but whom a test scores."""
    with workspace_scope(house.workspace):
        Customer.objects.all().delete()
    return house


def scored(
    band: str,
    points: int | None = None,
    before: tuple[str, int | None] | None = None,
    *,
    arr: int = 100_000_00,
    **more: Any,
) -> Customer:
    """A customer under contract with a score today and, where told, one of four weeks ago."""
    version = ScorecardVersion.objects.get()
    n = len(version.content["items"])
    values = more.pop("values", [1.0] * n)
    change = None if points is None or before is None or before[1] is None else points - before[1]
    health = {"band": band, "points": points, "change": change, "coverage": 50}
    customer = factories.make_customer(contract_state="active", arr_minor=arr, health=health, **more)
    told = {
        "workspace_id": customer.workspace_id,
        "customer_id": customer.pk,
        "scorecard_version": version,
        "coverage": 50,
        "values": values,
        "risk_inputs": [],
    }
    HealthScore.objects.create(**told, as_of=TODAY, computed_at=NOW, points=points, band=band)
    if before is not None:
        day = TODAY - 28 * DAY
        end = datetime.combine(day, datetime.max.time(), UTC)
        HealthSnapshot.objects.create(
            **told,
            as_of=day,
            known_through=end,
            recorded_through=NOW,
            computed_at=NOW,
            band=before[0],
            points=before[1],
        )
    return customer


def words(house: House, query: str = "", role: Role = Role.MANAGER) -> str:
    answer = house.client(role).get(ADDRESS + query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", strip_tags(answer.content.decode()))


def test_without_customers_it_says_what_will_be_here_and_offers_the_way(book: House) -> None:
    told = words(book, role=Role.OWNER)
    assert "No customers yet" in told
    assert f'href="{reverse("start")}"' in book.client(Role.OWNER).get(ADDRESS).content.decode()


def test_without_contracts_it_says_what_is_needed(book: House) -> None:
    with workspace_scope(book.workspace):
        factories.make_customer()
    assert "Nobody is under contract" in words(book)


def test_bands_now_beside_those_of_the_same_customers_four_weeks_ago_with_moved_arr(book: House) -> None:
    with workspace_scope(book.workspace):
        scored("healthy", 9_000, ("healthy", 9_000))
        scored("at_risk", 3_000, ("healthy", 8_000), arr=300_000_00)
        scored("watch", 6_000, ("at_risk", 4_000), arr=50_000_00)
        scored("unknown", None, ("watch", 6_000), arr=20_000_00)
        scored("healthy", 9_500, arr=10_000_00)
        Customer.objects.filter(pk=scored("at_risk", 1_000, ("healthy", 9_000)).pk).update(
            contract_state="churned", churned_on=TODAY - DAY
        )
        found = overview.book(TODAY)
    assert [(share.band, share.customers, share.value) for share in found.now] == [
        ("healthy", 2, 110_000_00), ("watch", 1, 50_000_00), ("at_risk", 1, 300_000_00), ("unknown", 1, 20_000_00),
    ]  # fmt: skip
    assert [(share.band, share.customers) for share in found.then] == [
        ("healthy", 2), ("watch", 1), ("at_risk", 1), ("unknown", 0),
    ]  # fmt: skip
    assert (found.moved(worse=True), found.moved(worse=False), found.new) == (300_000_00, 50_000_00, 1)
    assert found.day == TODAY - 28 * DAY
    told = words(book)
    assert "5 customers under contract with €480k a year; €350k of it is in watch or at risk." in told
    assert "€300k moved to a worse band and €50k to a better one." in told


def test_a_revision_for_late_data_is_no_band_of_then(book: House) -> None:
    with workspace_scope(book.workspace):
        scored("healthy", 9_000, ("watch", 6_000))
        row = HealthSnapshot.objects.get()
        row.pk, row.revision, row.known_through, row.band = None, 1, NOW, "healthy"
        row.save()
        assert [move.before for move in overview.book(TODAY).moves] == ["watch"]


def test_what_would_make_scores_known_is_told_by_what_brings_it_and_by_measure(book: House) -> None:
    with workspace_scope(book.workspace):
        card = card_of(ScorecardVersion.objects.get())
        keys = [item.key for item in card.items]
        weights = {item.key: item.weight for item in card.items}
        whole = sum(weights.values())
        scored("unknown", values=[NAN] * len(keys), arr=30_000_00)
        scored("unknown", values=[1.0 if key == "sponsor_present" else NAN for key in keys], arr=70_000_00)
        scored("healthy", 9_000)
        found = overview.coverage()
    best, (other, people) = found.ways[0], found.ways[1]
    assert (best[0], best[1].lacking, best[1].customers, best[1].arr_minor) == ("events", 2, 2, 100_000_00)
    assert (other, people.lacking, people.customers, people.arr_minor) == ("contacts", 1, 0, 0)
    assert found.further == 0
    alone = {key for key in keys if weights["sponsor_present"] + weights[key] >= card.min_coverage * whole}
    assert {gain.items[0].key for gain in found.measures if gain.customers} == alone - {"sponsor_present"}
    told = words(book)
    assert "Of 2 customers with €100k too little is known for a score." in told
    assert "With it 2 customers with €100k would have a score. Connect the product or import its events" in told


def test_seats_are_named_where_use_is_known_and_seats_are_not(book: House) -> None:
    with workspace_scope(book.workspace):
        card = card_of(ScorecardVersion.objects.get())
        by_seat = [item.spec.scale in ("per_seat_week", "share_of_seats") for item in card.items]
        habit = [item.key == "habit" for item in card.items]
        assert any(by_seat)
        scored("unknown", values=[1.0 if each else NAN for each in habit])
        found = dict(overview.coverage().ways)
    assert {item.spec.scale for item in found[overview.SEATS].items} == {"per_seat_week", "share_of_seats"}


def test_movers_are_named_with_what_moved_them(book: House) -> None:
    with workspace_scope(book.workspace):
        fell = scored("watch", 6_000, ("healthy", 8_000), name="Mill Fell")
        scored("healthy", 9_000, ("watch", 7_000), name="Mill Rose")
        Customer.objects.filter(pk=scored("at_risk", 100, ("healthy", 9_900), name="Gone").pk).update(
            contract_state="churned", churned_on=TODAY - DAY
        )
        down, up = overview.movers(TODAY)
    assert [(mover.customer.pk, mover.change) for mover in down] == [(fell.pk, -2_000)]
    assert [mover.customer.name for mover in up] == ["Mill Rose"]
    told = words(book)
    assert "Mill Fell" in told
    assert "Gone" not in told


def test_a_segment_narrows_every_figure_and_one_that_is_gone_is_said_so(book: House) -> None:
    with workspace_scope(book.workspace):
        scored("healthy", 9_000, ("healthy", 9_000), industry="Rail", name="Railway")
        scored("at_risk", 2_000, ("healthy", 9_000), name="Mill")
        definition = {"all": [{"field": "industry", "op": "in", "value": ["Rail"]}]}
        kept = SavedSegment.objects.create(
            workspace_id=book.workspace.pk, name="Railways", definition=definition, is_shared=True, created_at=NOW
        )
    told = words(book, f"?segment={kept.pk}")
    assert "1 customer under contract" in told
    assert "Mill" not in told
    for gone in (book.stranger.pk, "nonsense"):
        told = words(book, f"?segment={gone}")
        assert "That segment does not exist any more." in told
        assert "2 customers under contract" in told


def test_freshness_accuracy_and_alerts_are_one_line_each(book: House) -> None:
    with workspace_scope(book.workspace):
        customer = scored("at_risk", 2_000, ("healthy", 9_000))
        CustomerHealth.objects.update(last_event_at=datetime(2026, 6, 1, 9, 30, tzinfo=UTC))
        Alert.objects.create(
            workspace_id=book.workspace.pk, customer=customer, kind="band_fell", level=2, state="open", details={},
            arr_minor=1, began_at=NOW, changed_at=NOW,
        )  # fmt: skip
    told = words(book)
    assert "1 Jun 2026" in told
    assert "1 open alert" in told
    assert "Nothing has been proved yet." in told


def test_the_newest_proof_is_told_in_its_own_sentence(book: House) -> None:
    with workspace_scope(book.workspace):
        scored("healthy", 9_000)
        for days, verdict in ((9, "rules"), (2, "not_enough_data")):
            ChurnProof.objects.create(
                workspace_id=book.workspace.pk,
                made_at=NOW - days * DAY,
                made_by_label="Marian",
                horizon_days=90,
                document={"verdict": verdict},
            )
    assert "Not enough data to judge" in words(book)


def test_questions_do_not_grow_with_the_book(book: House) -> None:
    counts = []
    for _ in range(2):
        with workspace_scope(book.workspace):
            for number in range(4):
                scored("at_risk", 2_000 + number, ("healthy", 9_000))
                scored("healthy", 9_000, ("watch", 6_000))
                scored("unknown", values=[NAN] * len(ScorecardVersion.objects.get().content["items"]))
        book.client().get(ADDRESS)
        with CaptureQueriesContext(connection) as captured:
            book.client().get(ADDRESS)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 39


def test_a_stranger_sees_nothing_of_it(book: House) -> None:
    with workspace_scope(book.workspace):
        scored("healthy", 9_000, name="Nottingham Mill")
    with workspace_scope(book.stranger.workspace):
        assert overview.book(TODAY).customers == 0
        assert overview.coverage().ways == ()
        assert overview.movers(TODAY) == ([], [])


@pytest.mark.parametrize("name", ["scorecard_list", "measure_list", "proof", "health_overview", "what_if"])
def test_every_page_of_health_has_its_tabs_below_its_heading(book: House, name: str) -> None:
    answer = book.client(Role.OWNER).get(reverse(name), follow=True)
    html = answer.content.decode()
    assert html.index("<h1") < html.index('<nav class="tabs"')
    assert f'<a href="{reverse(name)}" aria-current="page"' in html
