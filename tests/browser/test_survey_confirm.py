"""The pages behind mailed links in a real Chromium: three languages, phone and desktop, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from surveys.models import OptIn, Survey
from surveys.services import opt_ins
from tests.factories import make_workspace
from tests.surveys.factories import make_survey
from tests.surveys.test_answer_page import send
from tests.surveys.test_confirmed_answers import give, links, statuses
from tests.surveys.test_opt_ins import mailed, wish

pytestmark = pytest.mark.django_db(transaction=True)
SIGHTS = [("en", 390, "light"), ("fr", 1280, "dark"), ("de", 390, "dark")]
Open = Callable[..., Page]


@pytest.fixture
def house(transactional_db: None) -> Workspace:
    cache.clear()
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey(confirm_by_email=True, checks="off")


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Open:
    def opened(path: str, language: str, width: int, theme: Any, *, script: bool = True) -> Page:
        view = {"width": width, "height": 844}
        page = browser.new_context(viewport=view, color_scheme=theme, java_script_enabled=script).new_page()  # type: ignore[arg-type]  # literals in the types
        path = path.split("lang=")[0] if "lang=" in path else path + ("&" if "?" in path else "?")
        page.goto(f"{live_server.url}{path}lang={language}")
        return page

    return opened


def is_sound(page: Page) -> None:
    """Nothing for axe to find, and nothing wider than the screen."""
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("language", "width", "theme"), SIGHTS)
def test_wishes_are_confirmed_by_one_button(
    house: Workspace, survey: Survey, open_page: Open, language: str, width: int, theme: str
) -> None:
    thanks = str(send(Client(), choice_1="data", email="a@b.example")["Location"])
    wish(thanks, "a@b.example", *opt_ins.WISHES)
    (link,) = mailed(house)
    page = open_page(link, language, width, theme)
    is_sound(page)
    page.locator("button[value=confirm]").click()
    expect(page.locator("button")).to_have_count(0)
    is_sound(page)
    with workspace_scope(house):
        assert OptIn.objects.get().wants_peers
    is_sound(open_page(link[: link.index("/confirm/")] + "/?i=x", language, width, theme))


@pytest.mark.parametrize(("language", "width", "theme"), SIGHTS)
def test_an_answer_is_confirmed_without_script(
    house: Workspace, survey: Survey, open_page: Open, language: str, width: int, theme: str
) -> None:
    is_sound(open_page(give(), language, width, theme))
    (link,) = links(house)
    is_sound(open_page(link, language, width, theme))
    page = open_page(link, language, width, theme, script=False)
    page.locator("button").click()
    expect(page.locator("button")).to_have_count(0)
    assert statuses(house) == ["counted"]
    assert len(mail.outbox) == 1
