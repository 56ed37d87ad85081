"""The story on pages: everybody in a window of their own; it ends where it does over REST, and the pages tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings, settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.story.conftest import Clock, clock  # noqa: F401  (a fixture)
from tests.story.integration import state_over_rest
from tests.story.pages import Pages
from tests.story.reading import differences, state_of
from tests.story.telling import END, NAME, REFERRER_NAME, STORY, House, make_house

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TEN_YEARS = 10 * 365 * 24 * 3_600


class Desks:
    """A browser window for everybody of the story, signed in when they first act."""

    def __init__(self, browser: Browser, origin: str, house: House) -> None:
        self._browser, self._origin, self._house = browser, origin, house
        self._pages: dict[str, Page] = {}
        self.complaints: list[str] = []

    def __call__(self, who: str) -> Page:
        if who not in self._pages:
            self._pages[who] = self.open(who)
        return self._pages[who]

    def open(self, who: str, *, theme: str = "light", width: int = 1280) -> Page:
        client = Client()
        client.force_login(self._house.members[who].user, "allauth.account.auth_backends.AuthenticationBackend")
        context: BrowserContext = self._browser.new_context(
            base_url=self._origin,
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]  # a literal in the types, a parameter here
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self._origin}])
        page = context.new_page()
        page.set_default_timeout(5_000)
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def desks(
    browser: Browser,
    live_server: LiveServer,
    settings: LazySettings,
    clock: Clock,  # noqa: F811  (the fixture imported above)
) -> Iterator[Callable[[House], Desks]]:
    settings.SESSION_COOKIE_AGE = TEN_YEARS  # nobody signs out for two years
    opened: list[Desks] = []

    def open_for(house: House) -> Desks:
        opened.append(Desks(browser, live_server.url, house))
        return opened[-1]

    yield open_for
    for each in opened:
        each.close()


@pytest.mark.django_db(transaction=True)
def test_a_referred_prospect_flies_two_laps_on_pages(desks: Callable[[House], Desks], clock: Clock) -> None:  # noqa: F811  (a fixture)
    expected = state_over_rest(clock)
    clock(STORY[0].at)
    house = make_house()
    people = desks(house)
    pages = Pages(people, clock)
    for step in STORY:
        pages.tell(step)
    clock(END)
    assert "\n".join(differences(expected, state_of(house.workspace))) == ""
    _read(people("finance"), pages.customer)
    assert people.complaints == []


def _read(page: Page, customer: str) -> None:
    """Somebody who was not there finds it all: on the customer's page, and from the picture."""
    page.goto(f"{customer}?tab=journey")
    story = page.locator("main")
    expect(page.locator(".fact-stage")).to_contain_text("Advocacy")
    expect(page.locator(".fact-stage")).to_contain_text("lap 2")
    expect(story).to_contain_text(f"referred by {REFERRER_NAME}")
    for tag, words in (
        ("Handover declined", "Nobody on their side measures the KPI"),
        ("Shock", "Flood on the Trent"),
        ("Outcome changed", "The new shop sells at weekends"),
        ("Win", "Orders shipped the same day: 91\u00a0%"),
    ):
        expect(story.locator(".move-beside", has_text=tag).filter(has_text=words)).to_be_visible()
    found = Axe().run(page, options={"runOnly": STANDARD})
    assert not found.response["violations"], found.generate_report()
    page.goto("/journeys/")
    stage = page.locator(".stage-list [data-stage=advocacy]")
    expect(stage.locator("[data-count]")).to_have_text("2")
    stage.get_by_role("link").first.click()
    expect(page.get_by_role("link", name=NAME, exact=True)).to_be_visible()
