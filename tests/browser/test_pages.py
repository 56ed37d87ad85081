"""The pages in a real browser: accessible in both themes, by keyboard, alive, light, and usable without a script."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import Contact, Customer
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from health.models import HealthScore
from health.services import base_rate, scoring
from tests.browser.conftest import Town, Visit

Open = Callable[..., Visit]
FREIGHT = "Nottingham Freight"
MAX_FIRST_VIEW = 150 * 1024


def paths(town: Town) -> list[str]:
    customer = f"/customers/{town.customers[FREIGHT].pk}/"
    tabs = [f"{customer}?tab={tab}" for tab in ("adoption", "journey", "money", "people")]
    lists = [
        "/customers/",
        "/customers/?band=watch&band=at_risk&sort=notice",
        "/customers/?q=nobody",
        "/customers/filter/",
    ]
    forms = [
        f"{customer}edit/",
        f"{customer}delete/",
        "/customers/new/",
        f"/today/{town.customers[FREIGHT].pk}/put-aside/",
    ]
    return ["/", *lists, customer, *tabs, *forms, "/journeys/", "/journeys/?stage=adoption"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_and_loads_nothing_from_elsewhere(visit: Open, town: Town, theme: str) -> None:
    window = visit(theme=theme)
    for path in paths(town):
        window.go(path)
        found = Axe().run(window.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        assert not found.response["violations"], f"{path}\n{found.generate_report()}"
    assert all(url.startswith((window.origin, "data:")) for url in window.requests)
    assert not window.complaints


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_scrolls_sideways(visit: Open, town: Town, width: int) -> None:
    window = visit(width=width)
    for path in paths(town):
        page = window.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_first_view_is_light(visit: Open, town: Town) -> None:
    """Uncompressed, so that the measure holds whatever the proxy in front does."""
    window = visit()
    sizes: list[int] = []
    window.page.on("response", lambda r: sizes.append(len(r.body())) if r.ok else None)
    window.go("/customers/")
    window.page.wait_for_load_state("networkidle")
    assert sum(sizes) <= 2 * MAX_FIRST_VIEW


# --- keyboard ------------------------------------------------------------------------------------------


def test_the_keyboard_goes_everywhere(visit: Open, town: Town) -> None:
    page = visit().go("/")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/customers/")
    page.keyboard.press("/")
    expect(page.locator("#list-search")).to_be_focused()
    page.locator("#list-search").blur()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tbody tr").first.locator("[data-open]")).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("[data-selected-count]")).to_have_text("1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*-*/")


def test_the_palette_finds_customers(visit: Open, town: Town) -> None:
    page = visit().go("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("notting")
    expect(page.locator("#palette-list")).to_contain_text(FREIGHT)


# --- the list ------------------------------------------------------------------------------------------


def names(page: Page) -> list[str]:
    return page.locator("tbody [data-open]").all_inner_texts()


def test_sorting_and_filtering_swap_the_list_and_the_address_follows(visit: Open, town: Town) -> None:
    window = visit()
    page = window.go("/customers/")
    assert names(page)[0] == "Trent Valley Foods"
    before = len([url for url in window.requests if url.endswith(".css")])
    page.click("#sort-name")
    page.wait_for_url("**sort=name")
    expect(page.locator("tbody [data-open]").first).to_have_text("Aldgate Insurance")
    expect(page.locator("#sort-name")).to_be_focused()
    assert len([url for url in window.requests if url.endswith(".css")]) == before
    page.go_back()
    expect(page.locator("tbody [data-open]").first).to_have_text("Trent Valley Foods")


def test_a_filter_is_built_row_by_row_while_the_count_follows(visit: Open, town: Town) -> None:
    page = visit().go("/customers/?sort=name")
    page.click("a:has-text('Filter')")
    page.select_option("#filter-0-new", "band")
    expect(page.locator(".builder-label")).to_have_text("Health")
    page.select_option("[id='value-0.0']", "at_risk")
    expect(page.locator(".builder-sum")).to_contain_text("Customers with health at risk")
    expect(page.locator(".builder-sum")).to_contain_text("2 customers")
    page.select_option("#filter-0-new", "arr")
    expect(page.locator(".builder-sum")).to_contain_text("Fill in every condition")
    page.fill("[id='value-0.1']", "1")
    page.keyboard.press("Tab")
    expect(page.locator(".builder-sum")).to_contain_text("ARR of at least €1")
    page.locator(".form-actions button:has-text('Show these customers')").click()
    page.wait_for_url("**filter=**")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".filter-bar")).to_contain_text("health at risk")


def test_a_bulk_change_is_previewed_made_and_undone(visit: Open, town: Town) -> None:
    page = visit().go("/customers/?columns=tags&columns=arr")
    page.locator("tbody input[type=checkbox]").first.check()
    page.click("button:has-text('Add tag…')")
    expect(page.locator("h1")).to_contain_text("€214,000")
    page.fill("input[name=value]", "save-now")
    page.click("form.card-form button:has-text('Add tag')")
    expect(page.locator("tbody tr").first).to_contain_text("save-now")
    page.click("text=Undo the change")
    expect(page.locator(".messages")).to_contain_text("as before")
    expect(page.locator("tbody tr").first).not_to_contain_text("save-now")


# --- the open page -------------------------------------------------------------------------------------


def test_an_open_page_shows_a_moved_score_within_two_seconds(visit: Open, town: Town) -> None:
    page = visit().go(f"/customers/{town.customers[FREIGHT].pk}/")
    customer = town.customers[FREIGHT]
    seconds = []
    for has_sponsor in (False, True, False):
        before = page.locator("#health-panel").get_attribute("hx-get")
        with workspace_scope(town.workspace):
            Contact.objects.filter(customer=customer).update(is_sponsor=has_sponsor)
            now = datetime.now(UTC)
            scoring.score_present([customer.pk], day=now.date(), computed_at=now, base=base_rate.present(now.date()))
        started = time.monotonic()
        expect(page.locator("#health-panel")).not_to_have_attribute("hx-get", before or "", timeout=5_000)
        seconds.append(time.monotonic() - started)
        expected = "yes" if has_sponsor else "no"
        expect(page.locator("#health-panel table.drivers tr", has_text="Sponsor")).to_contain_text(expected)
    assert max(seconds) <= 2, seconds


def test_a_hidden_page_asks_for_nothing(visit: Open, town: Town) -> None:
    window = visit()
    page = window.go(f"/customers/{town.customers[FREIGHT].pk}/")
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    page.wait_for_timeout(300)
    asked = len([url for url in window.requests if "/health/" in url])
    page.wait_for_timeout(2_300)
    assert len([url for url in window.requests if "/health/" in url]) == asked


# --- without a script ----------------------------------------------------------------------------------


def test_everything_works_without_a_script(visit: Open, town: Town) -> None:
    page = visit(script=False).go("/customers/")
    page.click("#sort-name")
    assert names(page)[0] == "Aldgate Insurance"
    page.click("a:has-text('Filter')")
    page.select_option("#filter-0-new", "band")
    page.click("button:has-text('Add')")
    page.select_option("[id='value-0.0']", "watch")
    page.click("button:has-text('Count again')")
    expect(page.locator(".builder-sum")).to_contain_text("1 customer,")
    page.locator(".form-actions button:has-text('Show these customers')").click()
    assert names(page) == [FREIGHT]
    page.click(f"text={FREIGHT}")
    expect(page.locator("h1")).to_contain_text(FREIGHT)
    page.click("nav.tabs >> text=People")
    expect(page.locator("main")).to_contain_text(f"Lead at {FREIGHT}")


def test_today_is_acted_on_without_a_script(visit: Open, town: Town) -> None:
    page = visit(Role.CSM, script=False).go("/")
    page.locator("a:has-text('Snooze…')").first.click()
    name = page.locator("h1").inner_text()
    page.fill("input[name=until]", (datetime.now(UTC) + timedelta(days=7)).date().isoformat())
    page.fill("input[name=reason]", "They asked for a week")
    page.click("button:has-text('Put aside')")
    expect(page.locator(".aside-list")).to_contain_text("They asked for a week")
    page.click(".aside-list button")
    expect(page.locator(".messages")).to_contain_text("is back on your list")
    assert "Trent Valley Foods" in name


def test_a_conflict_shows_both_values(visit: Open, town: Town) -> None:
    page = visit().go(f"/customers/{town.customers[FREIGHT].pk}/edit/")
    with workspace_scope(town.workspace):
        Customer.objects.filter(pk=town.customers[FREIGHT].pk).update(industry="Shipping", version=9)
    page.fill("input[name=industry]", "Rail freight")
    page.click("button:has-text('Save')")
    expect(page.locator(".conflict")).to_contain_text("Shipping")
    expect(page.locator("input[name=industry]")).to_have_value("Rail freight")
    page.click("button:has-text('Save')")
    with workspace_scope(town.workspace):
        assert HealthScore.objects.exists()
        assert Customer.objects.get(pk=town.customers[FREIGHT].pk).industry == "Rail freight"
