"""The survey form in a Chromium the size of a phone: by touch, by keyboard and by plain POST it stores the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Workspace
from csplatform.core.tenancy import workspace_scope
from surveys.models import Checks, Kind, Response, Survey
from surveys.public.checks import SECONDS_TO_ANSWER
from tests.factories import make_workspace
from tests.surveys.factories import ROLE, make_survey

pytestmark = pytest.mark.django_db(transaction=True)
MAX_FIRST_VIEW = 150 * 1024
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def house(transactional_db: None) -> Workspace:
    cache.clear()
    return make_workspace()


@pytest.fixture
def survey(house: Workspace) -> Survey:
    with workspace_scope(house):
        return make_survey(checks=Checks.OFF)


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """A new phone at an address: ``phone("/s/top/", script=False)``. Whatever a page complains of fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, *, width: int = 390, theme: str = "light", script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=theme,  # type: ignore[arg-type]  # a literal in the types, a parameter here
            has_touch=True,
            java_script_enabled=script,
            locale="en-GB",
            reduced_motion="reduce",
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((live_server.url, "data:")) else complaints.append(r.url))
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert [text for text in complaints if "422" not in text] == []


def option(page: Page, name: str) -> Any:
    return page.locator(".option", has=page.locator(".name", has_text=name))


def chosen(page: Page) -> list[str]:
    return page.locator(".pick .name").all_inner_texts()


def ballots(house: Workspace) -> list[tuple[Any, ...]]:
    """What each answer says, without what differs between any two people."""
    with workspace_scope(house):
        return [
            (r.choices, r.other_text, r.may_quote, r.segments, r.answers, r.score, r.status, r.language, r.channel)
            for r in Response.objects.order_by("id")
        ]


def thanked(page: Page) -> None:
    page.wait_for_url("**/thanks/**")
    expect(page.locator("[data-code]")).to_have_text(re.compile(r"^\w{4}-\w{4}-\w{4}$"))


def drag(page: Page, name: str, rows: int) -> None:
    """Drag a chosen row by its handle with the finger."""
    box = page.locator(".pick", has_text=name).locator("[data-handle]").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9):
        point = {"x": x, "y": y + rows * 62 * step / 8}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".is-held")).to_have_count(0)
    page.wait_for_timeout(400)  # a finger lifted in motion throws, and a tap at once would only stop that


def by_touch(page: Page) -> None:
    for name in ("Siloed data", "Low adoption", "Proving value"):
        option(page, name).tap()
    assert chosen(page) == ["Siloed data", "Low adoption", "Proving value"]
    drag(page, "Proving value", -2)
    expect(page.locator(".pick .name").first).to_have_text("Proving value")
    page.locator(".pick", has_text="Low adoption").locator("[data-act=remove]").tap()
    page.locator("[data-search]").fill("five languages")
    option(page, "five languages").tap()
    page.get_by_label("You may quote my words").tap()
    assert chosen(page) == ["Proving value", "Siloed data", "five languages"]
    page.locator("[data-next]").tap()
    page.locator(".chip", has_text="CSM").tap()
    page.locator("[data-dock] [data-send]").tap()


def by_keyboard(page: Page) -> None:
    """Nothing but keys: Tab to go, arrows in the list, Space to choose, figures for a place, arrows to move."""

    def tab_to(selector: str) -> None:
        for _ in range(60):
            if page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached by Tab")

    def arrow_to(key: str) -> None:
        tab_to(".option")
        page.keyboard.press("ArrowUp")
        for _ in range(10):
            page.keyboard.press("ArrowUp")
        for _ in range(10):
            if page.evaluate("document.activeElement.dataset.key") == key:
                return
            page.keyboard.press("ArrowDown")
        raise AssertionError(f"{key} cannot be reached by arrows")

    arrow_to("data")
    page.keyboard.press("Space")
    arrow_to("value")
    page.keyboard.press("2")
    arrow_to("other")
    page.keyboard.press("Enter")
    page.keyboard.type("five languages")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(".pick [data-act=down]")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == ["Proving value", "Siloed data", "five languages"]
    tab_to("[data-next]")
    page.keyboard.press("Enter")
    tab_to("[name=segment_role]")
    page.keyboard.press("ArrowDown")
    tab_to("[data-dock] [data-send]")
    page.keyboard.press("Enter")


def by_plain_form(page: Page) -> None:
    expect(page.locator("[data-picker]")).to_be_hidden()
    page.select_option("#choice_1", "value")
    page.select_option("#choice_2", "data")
    page.select_option("#choice_3", "other")
    page.fill("#other", "five languages")
    page.check("[name=may_quote]")
    page.locator("[name=segment_role][value=csm]").check(force=True)
    page.locator(".send button").click()


def test_touch_keyboard_and_plain_post_store_the_same_ballot(
    phone: Callable[..., Page], house: Workspace, survey: Survey, live_server: LiveServer
) -> None:
    for answer in (by_touch, by_keyboard):
        page = phone("/s/top/")
        answer(page)
        thanked(page)
    page = phone("/s/top/", script=False)
    by_plain_form(page)
    thanked(page)
    form = Client().get("/s/top/").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token
    raw = {"choice_1": "value", "choice_2": "data", "choice_3": "other", "other": "five languages"}
    Client().post("/s/top/", {"token": token[1], **raw, "may_quote": "1", "segment_role": "csm"})
    stored = ballots(house)
    assert stored[0][:4] == ([1, 3, 0], "five languages", True, {"role": "csm"})
    assert stored == [stored[0]] * 4


def test_the_first_place_can_be_given_to_a_later_choice_with_the_mouse(
    phone: Callable[..., Page], survey: Survey
) -> None:
    page = phone("/s/top/", width=1280)
    for name in ("Siloed data", "Low adoption", "Proving value"):
        option(page, name).click()
    box = page.locator(".pick", has_text="Proving value").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] - 110, steps=8)
    page.mouse.up()
    assert chosen(page) == ["Proving value", "Siloed data", "Low adoption"]


def test_a_draft_stays_on_the_device_until_it_is_sent(phone: Callable[..., Page], survey: Survey) -> None:
    page = phone("/s/top/")
    option(page, "Siloed data").tap()
    option(page, "Low adoption").tap()
    expect(page.locator(".progress [data-saved]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-resumed]")).to_be_visible()
    expect(page.locator(".slot.is-filled")).to_have_count(2)
    page.locator("[data-next]").tap()
    page.locator("[data-dock] [data-send]").tap()
    thanked(page)
    page.goto(page.url.replace("thanks/", "?again=1#"))
    expect(page.locator("[data-resumed]")).to_be_hidden()


def test_the_back_button_leads_from_the_second_step_to_the_first(phone: Callable[..., Page], survey: Survey) -> None:
    page = phone("/s/top/")
    page.locator("[data-next]").tap()
    expect(page.locator("[data-state]")).to_have_text(re.compile("Choose at least one"))
    option(page, "Siloed data").tap()
    page.locator("[data-next]").tap()
    expect(page.locator("h2", has_text="About you")).to_be_focused()
    page.go_back()
    expect(option(page, "Siloed data")).to_have_attribute("aria-pressed", "true")


def test_a_fourth_choice_is_refused_in_words_and_a_removed_one_makes_room(
    phone: Callable[..., Page], survey: Survey
) -> None:
    page = phone("/s/top/")
    for name in ("Siloed data", "Low adoption", "Proving value"):
        option(page, name).tap()
    option(page, "Handover from sales").tap(force=True)
    expect(page.locator("[data-said]")).to_have_text("Three chosen. Remove one to swap.")
    page.locator(".pick", has_text="Low adoption").locator("[data-act=remove]").tap()
    option(page, "Handover from sales").tap()
    assert chosen(page) == ["Siloed data", "Proving value", "Handover from sales"]


def test_the_proof_of_work_is_solved_while_one_reads(phone: Callable[..., Page], house: Workspace) -> None:
    with workspace_scope(house):
        make_survey(slug="proven")
    page = phone("/s/proven/")
    option(page, "Siloed data").tap()
    expect(page.locator("[name=proof]")).not_to_have_value("", timeout=60_000)
    page.wait_for_timeout(1_000 * SECONDS_TO_ANSWER[Kind.TOP3])  # as long as anybody reads, however quick the machine
    page.locator("[data-next]").tap()
    page.locator("[data-dock] [data-send]").tap()
    thanked(page)
    with workspace_scope(house):
        assert Response.objects.get().flags == []


def test_pages_of_an_answer_are_accessible_in_three_languages(phone: Callable[..., Page], survey: Survey) -> None:
    for lang in ("en", "fr", "de"):
        for theme in ("light", "dark"):
            page = phone(f"/s/top/?lang={lang}", theme=theme)
            found = [Axe().run(page, options=WCAG)]
            for number in range(3):
                page.locator(".option:visible").nth(number if number == 0 else 1 + number).tap()
            page.wait_for_timeout(300)
            found.append(Axe().run(page, options=WCAG))
            page.locator("[data-next]").tap()
            found.append(Axe().run(page, options=WCAG))
            page.locator("[data-dock] [data-send]").tap()
            thanked(page)
            found.append(Axe().run(page, options=WCAG))
            page.locator(".receipt a").tap()
            page.locator(".code-form button").tap()
            expect(page.locator(".told")).to_be_visible()
            found.append(Axe().run(page, options=WCAG))
            assert [each.generate_report() for each in found if each.response["violations"]] == [], (lang, theme)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_scrolls_sideways_and_touch_targets_are_large(
    phone: Callable[..., Page], survey: Survey, width: int
) -> None:
    for lang in ("en", "fr", "de"):
        page = phone(f"/s/top/?lang={lang}", width=width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), lang
        for number in (0, 2, 3):
            page.locator(".option:visible").nth(number).tap()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), lang
        small = page.evaluate(
            "[...document.querySelectorAll('button, input.input, .survey-head a')].filter(e => e.offsetParent)"
            ".map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])"
            ".filter(([, box]) => box.height < 44 || box.width < 40).map(([html]) => html)"
        )
        assert small == []


def test_the_first_view_is_light_and_asks_nobody_else(phone: Callable[..., Page], survey: Survey) -> None:
    page = phone("/s/top/")
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) <= MAX_FIRST_VIEW


def test_questions_of_every_kind_are_answered_by_touch_and_by_plain_post(
    phone: Callable[..., Page], house: Workspace
) -> None:
    two = ROLE["choices"]
    questions = [
        {"key": "why", "kind": "text", "label": {"en": "Why?"}},
        {"key": "one", "kind": "single", "label": {"en": "One"}, "choices": two},
        {"key": "many", "kind": "multiple", "label": {"en": "Several"}, "choices": two},
        {"key": "much", "kind": "scale", "label": {"en": "How much"}, "scale": {"min": 0, "max": 10}},
        {"key": "rank", "kind": "ranking", "label": {"en": "Rank"}, "choices": two},
    ]
    with workspace_scope(house):
        make_survey(slug="nps", kind="nps", title={"en": "Would you?"}, questions=questions, checks=Checks.OFF)
    for script in (True, False):
        page = phone("/s/nps/", script=script)
        page.locator("[name=score][value='9']").check(force=True)
        page.fill("[name=answer_why]", "Because")
        page.locator("[name=answer_one][value=csm]").check(force=True)
        page.locator("[name=answer_many][value=csm]").check(force=True)
        page.locator("[name=answer_much][value='7']").check(force=True)
        page.locator("[name=answer_rank]").first.select_option("csm")
        page.locator(".send button").click()
        thanked(page)
    first, second = ballots(house)
    assert first == second
    assert first[4:6] == ({"why": "Because", "one": "csm", "many": ["csm"], "much": 7, "rank": ["csm"]}, 9)
