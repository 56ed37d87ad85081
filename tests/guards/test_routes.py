"""No address answers a stranger: anonymous, without a workspace, or from another workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import models
from django.test import Client

from accounts.models import Contact, Customer, Subscription, WebhookDelivery
from accounts.roles import Role
from accounts.services import people
from csplatform.core.ids import uuid7
from tests.everything import make_everything
from tests.guards.allowed import PERSONAL_PREFIXES, PERSONAL_ROUTES, PUBLIC_ROUTES, RECORDLESS_ROUTES
from tests.guards.routes import Route, all_routes

pytestmark = pytest.mark.django_db

ROUTES = all_routes()
GUARDED = [route for route in ROUTES if route.shape not in PUBLIC_ROUTES]
WITH_RECORDS = [route for route in GUARDED if route.parameters and not route.shape.startswith("/accounts/")]
REFUSALS = {401, 403, 404, 405}
SECRET = "Secret of theirs"
_PARTS = 3  # each well within the time of one test, also on a busy machine


@pytest.fixture(autouse=True)
def _no_limits() -> Iterator[None]:
    """Thousands of requests in a minute are the point here."""
    cache.clear()
    yield
    cache.clear()


def invented(route: Route) -> str:
    return route.path({name: "1" if name == "version" else str(uuid7()) for name in route.parameters})


def ask(client: Client, method: str, path: str) -> Any:
    if method == "get":
        return client.get(path)
    if path.startswith("/api/"):
        return client.post(path, "{}", content_type="application/json")
    return client.post(path)


def body_of(answer: Any) -> bytes:
    """What was answered; files behind it are closed."""
    body: bytes = b"".join(answer) if answer.streaming else answer.content
    # Not the answer's own close(): that also closes the database connection, and with it the test's transaction.
    if file := getattr(answer, "file_to_stream", None):
        file.close()
    return body


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_anonymous_are_sent_to_sign_in(method: str) -> None:
    leaks = []
    for route in GUARDED:
        answer = ask(Client(), method, invented(route))
        to_sign_in = answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
        if not to_sign_in and answer.status_code not in REFUSALS | ({400} if route.shape.startswith("/v1/") else set()):
            leaks.append((route.shape, answer.status_code))
    assert leaks == [], leaks


def is_personal(route: Route) -> bool:
    return route.shape in PERSONAL_ROUTES or route.shape.startswith(tuple(PERSONAL_PREFIXES))


def test_people_without_a_workspace_are_told_so() -> None:
    nobody = people.create_person(email="nobody@nowhere.example", password="a longbow of yew wood")
    client = Client()
    client.force_login(nobody)
    leaks = []
    for route in GUARDED:
        if is_personal(route):
            continue
        answer = client.get(invented(route))
        to_notice = answer.status_code == 302 and answer["Location"].startswith(("/workspaces/none/", "/admin/login/"))
        if not to_notice and answer.status_code not in REFUSALS:
            leaks.append((route.shape, answer.status_code))
    assert leaks == [], leaks


def candidates(route: Route, rows: dict[type[models.Model], models.Model]) -> Iterator[dict[str, str]]:
    """Values for the route's parameters that may name a record of ``rows``, the likeliest first."""
    parts = route.shape.strip("/").split("/")
    named = [row for model, row in rows.items() if model._meta.model_name in parts]
    common = [rows[model] for model in (Customer, Contact, Subscription)]
    by_name = {f"{model._meta.model_name}_id": str(row.pk) for model, row in rows.items()}
    by_name |= {"delivery": str(rows[WebhookDelivery].pk), "delivery_pk": str(rows[WebhookDelivery].pk)}
    for row in dict.fromkeys([*named, *common, *rows.values()]):
        if isinstance(row.pk, tuple):
            continue
        told = {name: by_name.get(name, str(row.pk)) for name in route.parameters}
        yield {**told, "version": str(getattr(row, "version", 1))} if "version" in told else told


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_stranger_finds_nothing_of_another_workspace(part: int) -> None:
    """The owner of the rows looks first, to be sure that the address names one.

    What the stranger gets is what anybody gets for a row that does not exist: not found, or refused by role.
    """
    _, theirs, rows = make_everything("theirs")
    _, ours, _ = make_everything("ours")
    owner, stranger = Client(), Client()
    owner.force_login(theirs.user)
    stranger.force_login(ours.user)
    unreached, leaks = [], []
    for route in WITH_RECORDS[part::_PARTS]:
        reached = False
        nothing = {method: ask(stranger, method, invented(route)).status_code for method in ("get", "post")}
        for values in candidates(route, rows):
            path = route.path(values)
            shown = owner.get(path)
            body_of(shown)
            if shown.status_code == 404 and route.shape not in RECORDLESS_ROUTES:
                continue
            answers = {method: ask(stranger, method, path) for method in ("get", "post")}
            for method, answer in answers.items():
                body = body_of(answer)
                if answer.status_code not in {404, *REFUSALS & {nothing[method]}} or SECRET.encode() in body:
                    leaks.append((method, path, answer.status_code))
            if shown.status_code != 404 and not (shown.status_code == 405 and answers["post"].status_code == 405):
                reached = True
                break
        if not reached and route.shape not in RECORDLESS_ROUTES:
            unreached.append(route.shape)
    assert leaks == [], leaks
    assert unreached == [], f"make_everything() makes no row that these addresses show: {unreached}"


def test_lists_show_nothing_of_another_workspace() -> None:
    make_everything("theirs")
    _, ours, _ = make_everything("ours")
    client = Client()
    client.force_login(ours.user)
    for route in GUARDED:
        if route.parameters or route.shape.startswith("/accounts/"):
            continue
        answer = client.get(route.shape)
        assert answer.status_code < 500, route.shape
        body = body_of(answer)
        assert SECRET.encode() not in body, route.shape


def test_malformed_ids_are_not_found_rather_than_an_error() -> None:
    _, ours, _ = make_everything("ours", Role.OWNER)
    client = Client()
    client.force_login(ours.user)
    for route in WITH_RECORDS:
        for odd in ("0", "not-an-id", "%00", "..", "9" * 400):
            status = client.get(route.path(dict.fromkeys(route.parameters, odd))).status_code
            assert status < 500, (route.shape, odd)


def test_the_allow_lists_have_no_stale_entries() -> None:
    shapes = {route.shape for route in ROUTES}
    assert {*PUBLIC_ROUTES, *PERSONAL_ROUTES, *RECORDLESS_ROUTES} <= shapes
    assert all(any(shape.startswith(prefix) for shape in shapes) for prefix in PERSONAL_PREFIXES)
    assert all(reason for reason in [*PUBLIC_ROUTES.values(), *PERSONAL_ROUTES.values()])
