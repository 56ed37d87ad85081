"""From files to a proof in a real browser: several files at once, progress that renews itself, and the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.roles import Role
from tests import factories
from tests.browser.conftest import Town, Visit
from tests.health.onboarding import conftest as vendor
from tests.health.onboarding.test_files import work_imports
from tests.health.onboarding.test_proof import work_everything

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def write_files(folder: Path) -> list[Path]:
    told = {
        "account.csv": vendor.accounts(12),
        "subscription.csv": vendor.subscriptions(12),
        "event_type.csv": vendor.event_types(),
        "event.csv.gz": vendor.events(12),
    }
    for name, content in told.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in told]


def is_whole(page: Page) -> None:
    """Accessible, and nothing wider than the window."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARD}})
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_new_workspace_comes_from_its_files_to_a_proof(
    town: Town, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    workspace = factories.make_workspace("osprey")
    town.members[Role.OWNER] = factories.make_member(workspace, Role.OWNER, "owner@osprey.example")
    window = visit(Role.OWNER)
    page = window.go("/")
    page.get_by_role("link", name="From your files to a proof").click()
    page.set_input_files("#files-input", [str(path) for path in write_files(tmp_path)])
    page.get_by_role("button", name="Look at these files").click()
    expect(page.get_by_text("Ready", exact=True)).to_have_count(4)
    is_whole(page)

    page.get_by_role("button", name="Import 4 files").click()
    expect(page.locator("#running")).to_be_visible()
    work_imports(workspace)
    expect(page.locator("#files.is-done")).to_be_visible(timeout=20_000)
    is_whole(page)

    page.get_by_role("button", name="Use these measures, and prove it").click()
    expect(page.locator("#running")).to_be_visible()
    work_everything(workspace)
    expect(page.get_by_role("heading", name="Your history has been put to the proof")).to_be_visible(timeout=20_000)
    is_whole(page)
    assert not window.complaints
    phone = visit(Role.OWNER, width=390, theme="dark").go("/start/")
    is_whole(phone)
