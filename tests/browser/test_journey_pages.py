"""Advocacy, requests, playbooks and shocks in a real browser: accessible, and whole on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.roles import Role
from csplatform.core import audit, outbox
from csplatform.core.tenancy import workspace_scope
from journeys.models import PlaybookRun
from journeys.services import advocacy, requests, shocks
from journeys.services.playbooks import control, editing, running
from tests.browser.conftest import Town, Visit

Open = Callable[..., Visit]
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AT_RISK = {"all": [{"field": "band", "op": "eq", "value": ["at_risk"]}]}
DEFINITION = {
    "trigger": {"event": "health.band_changed", "where": [{"field": "to", "op": "eq", "value": "at_risk"}]},
    "steps": [
        {"kind": "task", "title": "Call {{ customer.name }}", "owner": "customer_success"},
        {"kind": "wait", "days": 2},
        {"kind": "task", "title": "Call again", "owner": "customer_success"},
    ],
}


@pytest.fixture
def pages(town: Town) -> list[str]:
    """The addresses of every page, each with something on it."""
    now = datetime.now(UTC)
    told: dict[str, Any] = {"actor": audit.SYSTEM, "now": now}
    customer = town.customers["Castor Chemie"]
    with workspace_scope(town.workspace):
        named = {"customer_external_id": customer.external_id}
        act = advocacy.create(told={**named, "kind": "referral", "state": "asked"}, **told)
        wish = requests.create(told={**named, "title": "Export every invoice"}, **told)
        shock = shocks.declare(name="Fuel price jump", definition=AT_RISK, **told)
        playbook = editing.create(name="Falling health", definition=DEFINITION, **told)
        control.activate(playbook_id=playbook.pk, **told)
        payload = {"customer_id": str(customer.pk), "from": "watch", "to": "at_risk"}
        outbox.publish(workspace_id=town.workspace.pk, name="health.band_changed", payload=payload, now=now)
    while outbox.dispatch_waiting(now=now):
        pass
    with workspace_scope(town.workspace):
        running.advance(now=now)
        run = PlaybookRun.objects.get()
    here = f"/journeys/playbooks/{playbook.pk}/"
    return [
        "/journeys/advocacy/", f"/journeys/advocacy/customers/{customer.pk}/new/",
        f"/journeys/advocacy/{act.pk}/refer/",
        "/journeys/requests/", f"/journeys/requests/{wish.pk}/", "/journeys/shocks/", f"/journeys/shocks/{shock.pk}/",
        "/journeys/playbooks/", here, f"{here}?try=1", f"{here}edit/", "/journeys/playbooks/new/",
        f"/journeys/playbooks/runs/{run.pk}/",
    ]  # fmt: skip


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    visit: Open, pages: list[str], theme: str, width: int
) -> None:
    window = visit(Role.MANAGER, theme=theme, width=width)
    for path in pages:
        page = window.go(path)
        expect(page.locator("h1")).to_have_count(1)
        found = Axe().run(page, options={"runOnly": STANDARD})
        assert not found.response["violations"], f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert not window.complaints


def test_a_step_asks_only_for_what_its_kind_uses(visit: Open, pages: list[str]) -> None:
    page = visit(Role.MANAGER).go("/journeys/playbooks/new/")
    title, days, stage = (page.locator(f"#{name}-0") for name in ("title", "days", "stage"))
    for field in (title, days, stage):
        expect(field).to_be_hidden()
    page.locator("#kind-0").select_option("wait")
    expect(days).to_be_visible()
    expect(title).to_be_hidden()
    page.locator("#kind-0").select_option("move")
    expect(stage).to_be_visible()
    expect(title).to_be_visible()
    expect(days).to_be_hidden()
