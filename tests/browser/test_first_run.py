"""The first minutes in a real browser: the operator's link, a workspace, sample data in and out again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from unittest import mock

from playwright.sync_api import Page, expect

from accounts.models import Workspace
from accounts.roles import Role
from csplatform.core.models import Job
from csplatform.core.tenancy import workspace_scope
from health.sample import loading, removing
from health.sample.standing import LOAD
from tests import factories
from tests.browser.conftest import Town, Visit
from tests.browser.test_onboarding import is_whole


def clock() -> datetime:
    return datetime.now(UTC)


def work_sample(workspace: Workspace) -> None:
    """What a worker does with the newest job of the sample."""
    with workspace_scope(workspace):
        job = Job.objects.filter(kind__startswith="sample.").order_by("-created_at")[0]
    work = loading.work if job.kind == LOAD else removing.work
    work(workspace.pk, job.pk, clock=clock)


def test_sample_data_comes_by_one_click_and_goes_after_a_question(town: Town, visit: Callable[..., Visit]) -> None:
    workspace = factories.make_workspace("osprey")
    town.members[Role.OWNER] = factories.make_member(workspace, Role.OWNER, "owner@osprey.example")
    window = visit(Role.OWNER)
    page = window.go("/")
    is_whole(page)
    with mock.patch.multiple(loading, CUSTOMERS=16, MONTHS=4, EVENTS=1_500, _WEEKS=3, _DAYS=4):
        page.get_by_role("button", name="Try it with sample data").click()
        expect(page.locator("#running")).to_contain_text("Bringing the sample data in")
        is_whole(page)
        work_sample(workspace)
    expect(page.locator("#files.is-done")).to_be_visible(timeout=20_000)
    is_whole(page)
    for width, theme in ((390, "dark"), (1280, "light")):
        other: Page = visit(Role.OWNER, width=width, theme=theme).go("/")
        expect(other.get_by_label("Sample data")).to_be_visible()
        is_whole(other)
    page.get_by_label("Sample data").get_by_role("link", name="Remove it").click()
    expect(page.get_by_text("16 invented customers")).to_be_visible()
    is_whole(page)
    page.get_by_role("button", name="Remove the sample data").click()
    expect(page.locator("#running")).to_contain_text("Removing the sample data")
    work_sample(workspace)
    expect(page.get_by_role("button", name="Try it with sample data")).to_be_visible(timeout=20_000)
    expect(page.get_by_label("Sample data")).to_have_count(0)
    assert not window.complaints
