"""A real Chromium against the real application: ``make browser-test``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.extensions import Placement
from accounts.models import Customer, CustomerHealth, Membership, Workspace
from accounts.roles import Role
from accounts.services import read_model, search
from csplatform.core.tenancy import workspace_scope
from health.services import base_rate, scoring
from journeys.services import placing as journeys
from tests import factories

# The browser's event loop runs in this thread, and Django would refuse its database beside one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium of this machine; without one the tests fail, and say what is missing."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not found:
        pytest.fail(
            "No Chromium was found: install it, or name it in the environment variable CHROMIUM.", pytrace=False
        )
    return {**browser_type_launch_args, "executable_path": found, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_asked_for_once() -> Iterator[None]:
    """Browsers keep static files, as they keep those of the installed product, whatever clock a test has set."""
    serve = StaticFilesHandler.serve

    def kept(self: StaticFilesHandler, request: HttpRequest) -> HttpResponseBase:
        response = serve(self, request)
        response["Cache-Control"] = "max-age=315360000, immutable"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", kept)
        yield


@dataclass
class Visit:
    """A signed-in page, and what it asked for or complained about."""

    page: Page
    context: BrowserContext
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page


@dataclass
class Town:
    """A small workspace with scores, as a CSM would find it."""

    workspace: Workspace
    members: dict[Role, Membership]
    customers: dict[str, Customer]


BOOK = {
    "Trent Valley Foods": (214_000_00, "performance", "at_risk", 3_900, -900, 14),
    "Nottingham Freight": (186_000_00, "transformation", "watch", 5_800, -1_200, 106),
    "Castor Chemie": (172_500_00, "performance", "healthy", 8_100, 900, 45),
    "Aldgate Insurance": (120_000_00, "adoption", "unknown", None, None, 60),
    "Kornhaus Brewing": (9_400_00, "adoption", "at_risk", 4_400, -800, 15),
}


@pytest.fixture
def town(transactional_db: None) -> Town:
    """Five customers under contract and one before it, with people, subscriptions and computed scores."""
    workspace = factories.make_workspace("kestrel")
    roles = (Role.MANAGER, Role.CSM, Role.VIEWER)
    members = {role: factories.make_member(workspace, role, f"{role}@kestrel.example") for role in roles}
    now = datetime.now(UTC)
    today = now.date()
    customers = {}
    with workspace_scope(workspace):
        for name, (arr, stage, _band, _points, _change, days) in BOOK.items():
            customer = factories.make_customer(name, stage_key=stage, stage_macro=stage, csm=members[Role.CSM])
            factories.make_contact(customer, name=f"Lead at {name}", is_sponsor=True)
            renewal = today + timedelta(days=days + 60)
            factories.make_subscription(
                customer, arr_minor=arr, starts_on=date(today.year - 1, 1, 1), renewal_on=renewal, auto_renews=True,
                notice_days=60, seats=20,
            )  # fmt: skip
            customers[name] = customer
        prospect = factories.make_customer("Selby Rail Parts", expected_arr_minor=40_000_00)
        customers["Selby Rail Parts"] = prospect
        ids = [customer.pk for customer in customers.values()]
        read_model.refresh_contracts(ids, day=today, now=now)
        journeys.place_customers([Placement(prospect.pk, None, today, now)], "system", now)
        scoring.score_present(ids, day=today, computed_at=now, base=base_rate.present(today))
        for name, (_arr, _stage, band, points, change, _days) in BOOK.items():
            CustomerHealth.objects.filter(customer=customers[name]).update(
                band=band, points=points, change=change, coverage=0 if points is None else 100
            )
        search.index(customers.values(), are_new=True)
    return Town(workspace, members, customers)


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, town: Town) -> Iterator[Callable[..., Visit]]:
    """Open a browser window signed in as a role: ``visit(Role.CSM, theme="dark", width=390, script=False)``."""
    opened: list[BrowserContext] = []

    def open_window(
        role: Role = Role.MANAGER, *, theme: str = "light", width: int = 1280, script: bool = True
    ) -> Visit:
        client = Client()
        client.force_login(town.members[role].user, "allauth.account.auth_backends.AuthenticationBackend")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]  # a literal in the types, a parameter here
            java_script_enabled=script,
        )
        opened.append(context)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        window = Visit(page, context, live_server.url)
        page.on("request", lambda request: window.requests.append(request.url))
        page.on("console", lambda m: window.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: window.complaints.append(str(error)))
        return window

    yield open_window
    for context in opened:
        context.close()
