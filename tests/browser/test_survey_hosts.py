"""The hosts' pages in a real browser: accessible in both themes, alive, at every width, and usable without a script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Option, Response, Survey
from surveys.services import coding, moderation
from tests.browser.conftest import Town, Visit
from tests.surveys import hosting

Open = Callable[..., Visit]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
OF_A_SURVEY = ["", "texts/", "options/", "questions/", "settings/", "answers/", "words/", "introductions/", "results/"]


@pytest.fixture
def surveys(town: Town) -> tuple[Survey, Survey]:
    """One survey that people answer, with something to do on each of its pages, and a draft."""
    common: dict[str, Any] = {"actor": audit.Actor("A host"), "now": datetime.now(UTC)}
    with workspace_scope(town.workspace):
        open_one = hosting.starter("top-2026", wave="2026")
        hosting.answered(open_one, 12, at=common["now"])
        hosting.answered(open_one, 4, status="flagged", flags=["too_fast"], sender_hash="same", at=common["now"])
        (gone,) = hosting.answered(open_one, 1, at=common["now"])
        moderation.remove(response_ids=[gone.pk], reason="automated", **common)
        words = [
            hosting.answered(open_one, choices=[2, 0], other_text=text)[0] for text in ("Hiring", "hiring!", "GDPR")
        ]
        coding.merge_into_option(survey_id=open_one.pk, response_ids=[words[2].pk], option_key="siloed-data", **common)
        draft = hosting.starter("top-2027", wave="2027", opened=False)
    hosting.wants_peers(open_one, "one", "two")
    return open_one, draft


def paths(surveys: tuple[Survey, Survey]) -> list[str]:
    open_one, draft = surveys
    pages = [f"/surveys/{survey.pk}/{page}" for survey in (open_one, draft) for page in OF_A_SURVEY]
    return ["/surveys/", "/surveys/new/", f"/surveys/{open_one.pk}/next-wave/", *pages]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_and_loads_nothing_from_elsewhere(
    visit: Open, surveys: tuple[Survey, Survey], theme: str
) -> None:
    window = visit(theme=theme)
    for path in paths(surveys):
        window.go(path)
        found = Axe().run(window.page, options={**RULES, "iframes": False})
        assert not found.response["violations"], f"{path}\n{found.generate_report()}"
    assert all(url.startswith((window.origin, "data:")) for url in window.requests)
    assert not window.complaints


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_scrolls_sideways(visit: Open, surveys: tuple[Survey, Survey], width: int) -> None:
    window = visit(width=width)
    for path in paths(surveys):
        page = window.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_saved_text_shows_in_the_preview_without_leaving_the_page(
    visit: Open, surveys: tuple[Survey, Survey]
) -> None:
    window = visit()
    page = window.go(f"/surveys/{surveys[1].pk}/texts/")
    page.fill("#id_question_en", "What keeps you awake?")
    page.click(".savebar button")
    expect(page.locator(".savebar [role=status]")).to_have_text("Saved.")
    expect(page.frame_locator("iframe").locator("#question")).to_have_text("What keeps you awake?")
    assert not window.complaints


def test_the_enter_key_saves_and_moves_no_row(visit: Open, surveys: tuple[Survey, Survey], town: Town) -> None:
    page = visit().go(f"/surveys/{surveys[1].pk}/questions/")
    page.select_option("#kind-5", "scale")
    page.fill("#label-5-en", "How sure are you?")
    page.fill("#max-5", "7")
    page.press("#max-5", "Enter")
    expect(page.locator(".savebar [role=status]")).to_have_text("Saved.")
    expect(page.locator(".sheet-head .mono")).to_have_text(["role", "size", "region", "industry", "how-sure-are-you"])


def test_what_somebody_else_changed_meanwhile_is_compared(
    visit: Open, surveys: tuple[Survey, Survey], town: Town
) -> None:
    draft = surveys[1]
    page = visit().go(f"/surveys/{draft.pk}/texts/")
    with workspace_scope(town.workspace):
        Survey.objects.filter(pk=draft.pk).update(version=9, thanks={"en": "Theirs"})
    page.fill("#id_thanks_en", "Mine")
    page.click(".savebar button")
    expect(page.locator(".conflict")).to_contain_text("Theirs")
    expect(page.locator("#id_thanks_en")).to_have_value("Mine")
    page.click(".savebar button")
    expect(page.locator(".savebar [role=status]")).to_have_text("Saved.")


def test_hosts_work_without_a_script(visit: Open, surveys: tuple[Survey, Survey], town: Town) -> None:
    open_one, draft = surveys
    page = visit(script=False).go(f"/surveys/{draft.pk}/options/")
    page.click("button[value='down:0']")
    expect(page.locator(".sheet-head .mono").first).to_have_text("low-adoption")
    with workspace_scope(town.workspace):
        assert Option.objects.get(survey=draft, number=1).key == "low-adoption"
    page.goto(page.url.replace(f"{draft.pk}/options/", f"{open_one.pk}/answers/"))
    page.locator("tbody input[type=checkbox]").first.check()
    page.select_option("#reason", "automated")
    page.click("text=Remove the ticked ones")
    expect(page.locator(".messages")).to_contain_text("the public log says so")
    with workspace_scope(town.workspace):
        assert Response.objects.filter(survey=open_one, status="removed").count() == 2


def test_the_current_tab_is_in_sight_on_a_phone(visit: Open, surveys: tuple[Survey, Survey]) -> None:
    page = visit(width=390).go(f"/surveys/{surveys[0].pk}/results/")
    expect(page.locator(".tabs [aria-current]").first).to_be_in_viewport(ratio=0.9)


def test_the_keyboard_goes_to_surveys(visit: Open, surveys: tuple[Survey, Survey]) -> None:
    page = visit(Role.MANAGER).go("/")
    page.keyboard.press("g")
    page.keyboard.press("v")
    page.wait_for_url("**/surveys/")
