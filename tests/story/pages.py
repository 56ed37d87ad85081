"""The story told on pages: every person of it in a browser window of their own, doing what they would do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.sync_api import Page, expect

from tests.story.telling import CUSTOMER, NAME, REFERRER_NAME, SEGMENT, Step

Window = Callable[[str], Page]


class Pages:
    """Each method is a deed of the story. ``window``: the page of somebody of the story, signed in."""

    def __init__(self, window: Window, clock: Callable[[datetime], None]) -> None:
        self._window, self._clock = window, clock
        self._page: Page
        self._who = ""
        self._outcomes: dict[str, str] = {}
        self._shock = self._request = self._relay = ""
        self.customer = ""

    def tell(self, step: Step) -> None:
        self._clock(step.at)
        self._who, self._page = step.who, self._window(step.who)
        getattr(self, step.deed)(**step.told)

    # What people do on the way

    def _go(self, path: str) -> None:
        self._page.goto(path)

    def _tab(self, name: str) -> None:
        self._go(f"{self.customer}?tab={name}")

    def _press(self, name: str) -> None:
        self._page.get_by_role("button", name=name, exact=True).click()

    def _follow(self, name: str) -> None:
        self._page.get_by_role("link", name=name, exact=True).first.click()

    def _fill(self, **told: Any) -> None:
        """Fill fields of the form by the names they have in it."""
        for name, value in told.items():
            field = self._page.locator(f"#id_{name}")
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(str(value))
            else:
                field.fill(str(value))

    def _said(self, words: str) -> None:
        expect(self._page.locator(".messages")).to_contain_text(words)

    def _inbox(self) -> None:
        """The handover in the inbox of who acts, opened as they find it there."""
        self._go("/journeys/relays/")
        expect(self._page.locator("#relay-title")).to_have_text(NAME)

    # Deeds

    def advocate(self, *, key: str, customer: str, kind: str, state: str, why: str, contact: str = "") -> None:
        if customer == CUSTOMER:
            self._tab("value")
        else:
            self._go("/customers/")
            self._follow(REFERRER_NAME)
            self._follow("Value")
        self._follow("Ask, or note what they did")
        self._fill(kind=kind, state=state, why=why)
        if contact:
            self._page.locator("#id_contact_external_id").select_option(contact)
        self._press("Save")
        self._said("Noted.")

    def refer(self, *, key: str, external_id: str, name: str) -> None:
        self._go("/journeys/advocacy/")
        self._follow("Who was referred?")
        self._fill(name=name, external_id=external_id)
        self._press("Save")
        self._said(f"{NAME} remembers that {REFERRER_NAME} referred it.")
        self.customer = self._page.url.partition("?")[0]

    def advance(self, *, key: str, state: str, url: str = "") -> None:
        self._go("/journeys/advocacy/?show=all")
        name = {"agreed": "Agreed", "done": "Done", "thanked": "Thanked"}[state]
        if url:
            self._page.get_by_label("Where it can be seen").fill(url)
        self._page.get_by_role("button", name=f": {name}").first.click()
        self._said(f": {name}.")

    def describe(self, **told: str) -> None:
        self._go(self.customer)
        self._follow("Edit")
        self._fill(**told)
        self._press("Save")

    def meet(self, **told: Any) -> None:
        self._tab("people")
        self._follow("Add a contact")
        self._fill(**told)
        self._press("Save")

    def move(self, *, stage: str, reason: str, override: bool = False) -> None:
        self._choose(stage, reason)
        if override:
            row = self._page.locator(".way", has=self._page.locator(f"input[value={stage}]"))
            expect(row).to_contain_text("Missing:")
            self._fill(override=True)
        self._press("Move")
        self._said("at “")

    def offer(self, *, stage: str, reason: str) -> None:
        self._choose(stage, reason)
        self._press("Move")
        self._said("The handover is offered.")
        self._relay = self._page.url

    def _choose(self, stage: str, reason: str) -> None:
        self._go(f"{self.customer}move/?stage={stage}")
        self._page.locator(f"input[name=stage][value={stage}]").check()
        self._fill(reason=reason)

    def tick(self, *, line: str) -> None:
        self._go(self._relay)
        self._press(line)
        expect(self._page.get_by_role("button", name=line, pressed=True)).to_be_visible()

    def accept(self, *, note: str = "") -> None:
        if note:
            self._is_not_for("product")
        self._inbox()
        if note:
            self._page.get_by_text("Add a note").click()
            self._page.locator("#accept-note").fill(note)
            self._page.locator(".relay-accept .btn-primary").click()
        else:
            self._page.keyboard.press("a")
        self._said(f"Accepted: {NAME} is at")

    def _is_not_for(self, who: str) -> None:
        """Somebody of another department may read the handover, and not decide it."""
        stranger = self._window(who)
        stranger.goto(self._relay)
        expect(stranger.locator(".relay-acts")).to_contain_text("decides.")
        expect(stranger.get_by_role("button", name="Accept into")).to_have_count(0)

    def decline(self, *, cause: str, reason: str) -> None:
        self._inbox()
        self._page.keyboard.press("d")
        expect(self._page.locator("#id_cause")).to_be_focused()
        self._fill(cause=cause, reason=reason)
        self._press("Decline with this reason")
        self._said(f"Declined: {NAME} went back to Sales.")

    def reoffer(self, *, reason: str) -> None:
        self._inbox()
        self._page.locator("summary", has_text="Offer again").click()
        self._fill(reason=reason)
        self._press("Offer again")
        self._said("Offered again.")
        self._relay = self._page.url

    def promise(self, *, key: str, kind: str, kpi: dict[str, str] | None = None, **told: str) -> None:
        self._tab("value")
        self._follow("Add a trial criterion" if kind == "trial" else "Define an outcome")
        self._fill(**told, **{f"kpi_{name}": value for name, value in (kpi or {}).items()})
        self._press("Save")
        expect(self._page.locator("h1")).to_have_text(told["statement"])
        self._outcomes[key] = self._page.url

    def revise(self, *, key: str, **told: str) -> None:
        self._go(self._outcomes[key])
        self._page.locator(".detail-top").get_by_role("link", name="Change").click()
        self._fill(**told)
        self._press("Save")
        expect(self._page.locator("h1")).to_have_text(told["statement"])

    def settle(self, *, key: str, **told: str) -> None:
        self._go(self._outcomes[key])
        self._fill(**told)
        self._press("Decide")
        self._said("Saved.")

    def measure(self, *, key: str, value: str) -> None:
        self._go(self._outcomes[key])
        self._page.get_by_label("Value").fill(value)
        self._page.keyboard.press("Enter")
        expect(self._page.locator(".kpi-section table td.num").first).to_contain_text(value)

    def celebrate(self, *, title: str) -> None:
        self._tab("value")
        self._follow(title)
        self._press("Mark as celebrated")
        expect(self._page.get_by_text("Celebrated by")).to_be_visible()

    def sign(self, **told: Any) -> None:
        self._tab("money")
        self._follow("Add a subscription")
        self._fill(**told)
        self._press("Save")

    def speak(
        self, *, direction: str, channel: str, sentiment: str, subject: str, contact: str, outcome: str = ""
    ) -> None:
        self._tab("activity")
        self._page.keyboard.press("l")
        expect(self._page.locator("#id_line")).to_be_focused()
        word = {"call": "call", "email": "mail"}[channel]
        arrow = {"vendor_to_customer": ">", "customer_to_vendor": "<"}[direction]
        mood = {"positive": "+", "negative": "-"}[sentiment]
        self._page.keyboard.type(f"{word}{arrow} {subject} @lead {mood}")
        if outcome:
            self._page.locator("#log summary", has_text="Notes, time, outcome").click()
            self._page.locator("#id_outcome").select_option(index=1)
        self._page.locator("#id_line").press("Enter")
        self._said(f"Logged with {NAME}: {subject}")

    def wish(self, *, key: str, **told: str) -> None:
        self._go("/journeys/requests/new/")
        self._fill(customer_external_id=CUSTOMER, **told)
        self._page.locator("main form .btn-primary").click()
        expect(self._page.locator("h1")).to_have_text(told["title"])
        self._request = self._page.url

    def answer(self, *, key: str, **told: str) -> None:
        self._go(self._request)
        self._fill(**told)
        self._press("Answer")
        expect(self._page.locator(".request-answers")).to_contain_text(told["answer"])

    def strike(self, *, name: str, note: str, struck_on: str) -> None:
        self._go("/journeys/shocks/new/")
        self._page.locator("#id_segment").select_option(label=SEGMENT)
        self._fill(name=name, note=note, struck_on=struck_on)
        self._page.locator("main form .btn-primary").click()
        expect(self._page.locator("h1")).to_have_text(name)
        expect(self._page.locator("main")).to_contain_text(NAME)
        self._shock = self._page.url

    def subside(self, *, lesson: str) -> None:
        self._go(self._shock)
        self._page.get_by_text("Close the shock").click()
        self._fill(lesson=lesson)
        self._press("Close it")
        expect(self._page.get_by_text("What was learnt")).to_be_visible()
