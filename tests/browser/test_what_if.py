"""What-if in a real browser: the answer follows the sliders, stays in sight on a phone, comes without script too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from health.services import scoring
from tests import factories
from tests.browser.conftest import Town, Visit
from tests.browser.test_onboarding import is_whole
from tests.health.test_present_scores import customer_in_use

LAB = "/health/lab/"


@pytest.fixture
def used(town: Town) -> Town:
    """Three customers whose people work every day, and are healthy."""
    town.members[Role.ADMIN] = factories.make_member(town.workspace, Role.ADMIN, "admin@kestrel.example")
    with workspace_scope(town.workspace):
        for number in range(3):
            customer_in_use(town.workspace, name=f"Mover {number}")
        while scoring.refresh_dirty():
            pass
    return town


def nothing_is_worth_anything(page: Page) -> None:
    """Every weight but that of recency slides to nothing, and so does what recency is worth."""
    for slider in page.locator("[data-slides]").all():
        slider.fill("5" if slider.get_attribute("data-slides") == "weight.recency" else "0")
    curve = page.locator('[data-curve]:has([name="curve.recency"]) + details')
    curve.locator("summary").click()
    for share in curve.locator("[data-y]").all():
        share.fill("0")


def test_on_a_phone_a_line_of_the_answer_stays_in_sight_and_follows_the_sliders(
    used: Town, visit: Callable[..., Visit]
) -> None:
    window = visit(Role.ADMIN, width=390)
    page = window.go(LAB)
    line = page.locator(".lab-summary")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("0 of ")
    expect(page.locator("#lab-moves")).not_to_be_in_viewport()
    nothing_is_worth_anything(page)
    expect(line).to_contain_text("3 of ")
    page.locator('[name="watch"]').fill("99")
    expect(line).to_contain_text("This draft cannot be tried yet.")
    page.locator('[name="watch"]').fill("40")
    expect(line).to_contain_text("would change band")
    line.click()
    expect(page.locator("#lab-moves")).to_be_in_viewport()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.mouse.move(0, 0)
    is_whole(page)  # at the end, where the line lies over nothing, and the pointer over no row


def test_beside_the_draft_the_answer_needs_no_such_line(used: Town, visit: Callable[..., Visit]) -> None:
    page = visit(Role.ADMIN, width=1280).go(LAB)
    expect(page.locator(".lab-summary")).to_be_hidden()
    expect(page.locator("#lab-moves")).to_be_in_viewport()
    is_whole(page)


def test_without_script_a_button_tries_the_draft(used: Town, visit: Callable[..., Visit]) -> None:
    page = visit(Role.ADMIN, width=390, script=False).go(LAB)
    expect(page.locator("[data-slides]").first).to_be_hidden()
    for weight in page.locator('[name^="weight."]').all():
        weight.fill("5" if weight.get_attribute("name") == "weight.recency" else "0")
    page.locator('[name="curve.recency"]').fill("0 = 0")
    page.get_by_role("button", name="Try").click()
    expect(page.locator(".lab-summary")).to_contain_text("3 of ")
    expect(page.locator('[name="weight.recency"]')).to_have_value("5")
