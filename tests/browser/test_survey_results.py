"""Published results in a real browser: accessible in three languages and both themes, on every width, on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Coding, Correction, Response, Theme
from surveys.public import results
from surveys.services import building, lifecycle, publishing
from tests.factories import NOW, make_workspace
from tests.surveys import waves

ROLES = {**waves.ROLES, "other": 3}
LATER = NOW + timedelta(days=400)
ADDRESS = "/s/top-2026/results/"
Open = Callable[..., "Reader"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Reader:
    """Somebody without an account, and what their page asked for or complained about."""

    context: BrowserContext
    page: Page
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page


@pytest.fixture
def two_waves(transactional_db: None) -> Iterator[None]:
    """A published wave with everything on its page, and the one before it."""
    results.forget()
    with workspace_scope(make_workspace("commons")):
        for slug, wave, days, n in (("top-2025", "2025", 0, 150), ("top-2026", "2026", 365, 240)):
            now = NOW + timedelta(days=days)
            survey = building.create_from_starter(
                slug=slug, actor=audit.SYSTEM, now=now, series="top", wave=wave, hosts=[{"name": "Ada", "company": "A"}]
            )
            lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=now)
            weights = waves.WEIGHTS if wave == "2025" else (10, 48, 60, *waves.WEIGHTS[3:])
            answers = waves.fill(
                survey, n, weights=weights, segments={"role": ROLES, "size": waves.SIZES, "region": waves.REGIONS}
            )
            theme = Theme.objects.create(
                workspace_id=survey.workspace_id, survey=survey, label={"en": "Meetings"}, created_at=now
            )
            for answer in answers[:3]:
                Response.objects.filter(pk=answer.pk).update(other_text="We report usage.", may_quote=True)
                Coding.objects.create(workspace_id=survey.workspace_id, response=answer, theme=theme)
            Response.objects.filter(pk__in=[answer.pk for answer in answers[3:6]]).update(
                status="flagged", flags=["fast"]
            )
            publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=LATER)
            Correction.objects.create(
                workspace_id=survey.workspace_id,
                survey=survey,
                at=LATER,
                number=1,
                text={"en": "A label"},
                by_label="x",
            )
    yield
    results.forget()


@pytest.fixture
def reader(browser: Browser, live_server: LiveServer, two_waves: None) -> Iterator[Open]:
    """Open windows with ``reader(width=…, theme=…, script=…)``."""
    opened: list[BrowserContext] = []

    def open_window(width: int = 1280, theme: str = "light", script: bool = True) -> Reader:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]  # a literal in the types, a parameter here
            java_script_enabled=script,
        )
        opened.append(context)
        window = Reader(context, context.new_page(), live_server.url)
        window.page.on("request", lambda request: window.requests.append(request.url))
        window.page.on(
            "console", lambda m: window.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        return window

    yield open_window
    for context in opened:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_axe_finds_nothing_and_nothing_comes_from_elsewhere(reader: Open, language: str, theme: str) -> None:
    window = reader(theme=theme)
    for path in (ADDRESS, f"{ADDRESS}?method=borda&", "/s/top-2026/results/embed/"):
        window.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
        found = Axe().run(window.page, options={"runOnly": RULES})
        assert not found.response["violations"], found.generate_report()
    assert all(url.startswith((window.origin, "data:")) for url in window.requests)
    assert window.complaints == []


@pytest.mark.parametrize("width", [390, 1000, 1280, 1920])
def test_the_page_fits_every_screen(reader: Open, width: int) -> None:
    window = reader(width=width)
    for language in ("en", "fr", "de"):
        page = window.open(f"{ADDRESS}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language


def test_the_method_is_changed_without_a_script(reader: Open) -> None:
    window = reader(script=False)
    page = window.open(ADDRESS)
    page.get_by_role("link", name="First choice").first.click()
    expect(page.locator(".toggle [aria-current]")).to_have_text("First choice")
    assert page.locator(".rank-row").count() == 14
    assert page.locator("details.block[open]").count() == page.locator("details.block").count()


def test_long_groups_start_folded_on_a_phone_and_open_by_touch(reader: Open) -> None:
    window = reader(width=390)
    page = window.open(ADDRESS)
    block = page.locator("details.block").first
    expect(block).not_to_have_attribute("open", "")
    block.locator("summary").click()
    expect(block.locator(".panel").first).to_be_visible()


def test_on_paper_the_page_is_light_and_without_controls(reader: Open) -> None:
    window = reader(theme="dark")
    page = window.open(ADDRESS)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for hidden in (".toggle", ".results-nav", "#share", ".chart-links"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.pdf(prefer_css_page_size=True)[:4] == b"%PDF"
