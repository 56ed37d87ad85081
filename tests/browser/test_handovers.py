"""Handovers in a real browser: worked by keyboard, without a script, on a phone, and accessible."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.roles import Role
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move, Relay, Stage
from journeys.services import relay_records
from tests.browser.conftest import Town, Visit

Open = Callable[..., Visit]
CUSTOMERS = ("Selby Rail Parts", "Nottingham Freight", "Castor Chemie")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
INBOX = "/journeys/relays/?box=all"


@pytest.fixture
def offered(town: Town) -> list[Relay]:
    """Three customers in Consideration, offered to sales, the first of them long overdue."""
    now = datetime.now(UTC)
    with workspace_scope(town.workspace):
        stage = Stage.objects.get(key="consideration")
        rows = []
        for number, name in enumerate(CUSTOMERS):
            customer = town.customers[name]
            Move.objects.filter(customer=customer).delete()
            Move.objects.create(
                workspace=town.workspace, customer=customer, number=1, stage=stage, kind="forward",
                occurred_on=now.date(), known_at=now, recorded_at=now, actor_label="system",
            )  # fmt: skip
            customer.stage_key, customer.stage_macro = "consideration", "consideration"
            customer.save()
            told = {
                "customer_external_id": customer.external_id,
                "from_stage": "consideration",
                "to_stage": "trial",
                "offered_at": now - timedelta(days=30 - 10 * number),
                "checklist": "Budget named|[x] Dates known",
            }
            rows.append(Facts(f"r-{number}", told))
        relay_records.record(rows=rows, actor=audit.SYSTEM, now=now).raise_refusals()
        return list(Relay.objects.order_by("due_at"))


def states(town: Town) -> dict[str, str]:
    with workspace_scope(town.workspace):
        return dict(Relay.objects.values_list("customer__name", "state"))


def test_the_keyboard_goes_through_the_list_declines_and_accepts(visit: Open, town: Town, offered: list[Relay]) -> None:
    window = visit(Role.MANAGER)
    page = window.go(INBOX)
    title = page.locator("#relay-title")
    expect(title).to_have_text(CUSTOMERS[0])
    page.keyboard.press("j")
    expect(title).to_have_text(CUSTOMERS[1])
    page.keyboard.press("k")
    expect(title).to_have_text(CUSTOMERS[0])
    page.keyboard.press("d")
    expect(page.locator("#id_cause")).to_be_focused()
    page.fill("#id_reason", "The budget is not named")
    page.get_by_role("button", name="Decline with this reason").click()
    expect(page.locator(".messages")).to_contain_text("went back to Marketing")
    expect(title).to_have_text(CUSTOMERS[1])
    page.keyboard.press("a")
    expect(page.locator(".messages")).to_contain_text("is at Trial now")
    assert states(town) == {CUSTOMERS[0]: "declined", CUSTOMERS[1]: "accepted", CUSTOMERS[2]: "offered"}
    assert not window.complaints


def test_without_a_script_one_ticks_and_accepts(visit: Open, town: Town, offered: list[Relay]) -> None:
    page = visit(Role.MANAGER, script=False).go(INBOX)
    page.get_by_role("link", name=CUSTOMERS[2]).first.click()
    page.get_by_role("button", name="Budget named").click()
    expect(page.locator(".relay-part .aside")).to_have_text("2 of 2")
    page.get_by_role("button", name="Accept into Trial").click()
    expect(page.locator(".messages")).to_contain_text("is at Trial now")


def test_a_phone_shows_the_list_or_the_chosen_one(visit: Open, offered: list[Relay]) -> None:
    page = visit(Role.MANAGER, width=390).go(INBOX)
    expect(page.locator("#relay")).to_be_hidden()
    page.locator(".relay-row a").nth(1).click()
    expect(page.locator("#relay-title")).to_have_text(CUSTOMERS[1])
    expect(page.locator(".relay-rows")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="All handovers").click()
    expect(page.locator(".relay-rows")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit: Open, offered: list[Relay], theme: str) -> None:
    window = visit(Role.MANAGER, theme=theme)
    settings = ["/settings/handovers/", "/settings/handovers/new/", "/settings/working-days/"]
    for path in [INBOX, f"/journeys/relays/{offered[0].pk}/", "/journeys/relays/analysis/", *settings]:
        page = window.go(path)
        for summary in page.locator(".relay-more > summary").all():
            summary.click()
        found = Axe().run(page, options={"runOnly": STANDARD})
        assert not found.response["violations"], f"{path}\n{found.generate_report()}"
    assert not window.complaints
