"""A score clicked in a mail, in a real Chromium: recorded at the first sign of a person, and never by looking."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response
from tests.factories import make_workspace
from tests.surveys import invited

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(transactional_db: None) -> Workspace:
    """With one person who was mailed."""
    cache.clear()
    house = make_workspace()
    with workspace_scope(house):
        invited.people(None, "a@people.example")
        dispatch = invited.send(invited.score_survey())
    invited.fill_now(dispatch)
    invited.mail_now(house)
    return house


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()


def scores(house: Workspace) -> list[tuple[int | None, str]]:
    with workspace_scope(house):
        return [(answer.score, answer.answers.get("why", "")) for answer in Response.objects.all()]


def test_one_click_answers_and_the_reason_comes_after(house: Workspace, page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url + invited.link_in(mail.outbox[0]) + "&score=9")
    page.wait_for_timeout(500)
    assert scores(house) == []
    page.mouse.move(120, 300)
    expect(page.locator("[data-recorded]")).to_be_visible()
    assert scores(house) == [(9, "")]
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Why?").fill("The drivers like it")
    page.locator("button[data-send]").click()
    expect(page.locator("h1")).to_have_text("Your answer is changed.")
    assert scores(house) == [(9, "The drivers like it")]


def test_without_script_the_button_sends_the_clicked_score(
    house: Workspace, browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + invited.link_in(mail.outbox[0]) + "&score=2")
    page.locator("button[data-send]").click()
    assert scores(house) == [(2, "")]
