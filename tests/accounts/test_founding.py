"""How the first workspace comes into being, who cannot take it, and open sign-up where the operator wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from accounts.roles import Role
from accounts.services import founding, people
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories

pytestmark = pytest.mark.django_db

PASSWORD = "a longbow of yew wood"
TOLD = {
    "company": "Kestrel Logistics",
    "currency": "chf",
    "time_zone": "Europe/Zurich",
    "name": "Head of success",
    "email": "Owner@Kestrel.example",
    "password": PASSWORD,
}


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def link() -> str:
    """The path that the operator's command prints."""
    out = StringIO()
    call_command("setup_link", stdout=out)
    found = re.fullmatch(r"https?://[^/]+(/setup/\S+/)\n", out.getvalue())
    assert found is not None, out.getvalue()
    return found.group(1)


def test_the_first_visitor_is_told_how_to_begin_and_gets_no_form(client: Client) -> None:
    first = client.get("/", follow=True)
    assert first.redirect_chain[-1][0] == "/setup/"
    page = first.content.decode()
    assert "manage.py setup_link" in page
    assert "<input" not in page.split("<main")[1], "nothing to fill in without the key"


def test_the_link_makes_workspace_and_owner_and_leads_to_the_start(client: Client) -> None:
    answer = client.post(link(), TOLD)
    assert (answer.status_code, answer["Location"]) == (302, "/start/")
    workspace = Workspace.objects.get()
    assert (workspace.slug, workspace.name) == ("kestrel-logistics", "Kestrel Logistics")
    assert (workspace.currency, workspace.time_zone) == ("CHF", "Europe/Zurich")
    owner = Membership.objects.get()
    assert (owner.user.email, owner.role) == ("owner@kestrel.example", Role.OWNER)
    assert "From your files to a proof" in client.get("/start/").content.decode()
    with workspace_scope(workspace):
        deeds = AuditEvent.objects.filter(action__in=["workspace.created", "member.added"])
        assert {deed.actor_label for deed in deeds} == {str(owner.user)}
    fresh = Client()
    signed_in = fresh.post("/accounts/login/", {"login": TOLD["email"], "password": PASSWORD})
    assert signed_in.status_code == 302


def test_once_somebody_is_there_neither_page_exists_and_the_link_is_dead(client: Client) -> None:
    path = link()
    factories.make_member(factories.make_workspace(), Role.CSM)
    assert client.get("/setup/").status_code == 404
    assert client.get(path).status_code == 404
    assert client.post(path, TOLD).status_code == 404
    assert User.objects.count() == 1
    with pytest.raises(CommandError, match="People exist already"):
        call_command("setup_link")


@pytest.mark.parametrize("key", ["x", "1abcde:forged-signature-of-somebody", "first workspace:1abcde:x"])
def test_a_forged_key_opens_nothing(client: Client, key: str) -> None:
    answer = client.post(f"/setup/{key}/", TOLD)
    assert answer.status_code == 410
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def test_a_link_older_than_a_day_opens_nothing_and_says_what_to_do(client: Client) -> None:
    key = founding.new_key(timezone.now() - founding.KEY_LIFETIME - timedelta(minutes=1))
    answer = client.post(f"/setup/{key}/", TOLD)
    assert answer.status_code == 410
    assert "Make a new one" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password": "short"}, "too short"),
        ({"currency": "QQQ"}, "QQQ is no currency we know"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"email": "nobody"}, "valid email"),
        ({"company": "  "}, "required"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(client: Client, changed: dict[str, str], told: str) -> None:
    answer = client.post(link(), {**TOLD, **changed})
    page = answer.content.decode()
    assert told in page
    assert TOLD["name"] in page
    assert not User.objects.exists()


def test_a_company_without_a_single_latin_letter_gets_a_short_name_too(client: Client) -> None:
    assert client.post(link(), {**TOLD, "company": "鷹"}).status_code == 302
    assert Workspace.objects.get().slug == "workspace"


def test_attempts_are_limited(client: Client) -> None:
    path = link()
    answers = [client.post(path, {**TOLD, "password": "short"}).status_code for _ in range(12)]
    assert answers[0] == 200
    assert answers[-1] == 429


@pytest.mark.django_db(transaction=True)
def test_of_two_that_set_up_at_once_one_is_first(settings: Any) -> None:
    gate, made, refused = Barrier(2), [], []

    def attempt(number: int) -> None:
        gate.wait()
        try:
            made.append(
                founding.found_first(
                    company=f"Company {number}",
                    currency="EUR",
                    time_zone="UTC",
                    language="en",
                    name="Owner",
                    email=f"owner{number}@kestrel.example",
                    password=PASSWORD,
                    now=timezone.now(),
                )
            )
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    both = [Thread(target=attempt, args=(number,)) for number in (1, 2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert (len(made), len(refused), Workspace.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_start_writes_the_link_down_only_while_nobody_is_there(tmp_path: Path) -> None:
    file = tmp_path / "setup-link"
    call_command("prepare", "--setup-link", str(file), verbosity=0, stdout=StringIO())
    assert "/setup/" in file.read_text()
    file.unlink()
    people.create_person(email="owner@kestrel.example", password=PASSWORD)
    call_command("prepare", "--setup-link", str(file), verbosity=0, stdout=StringIO())
    assert not file.exists()


# -- open sign-up -------------------------------------------------------------------------------------
SIGN_UP = {"email": "New@Heron.example", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def inhabited() -> Membership:
    return factories.make_member(factories.make_workspace(), Role.OWNER)


def test_closed_by_default(client: Client, inhabited: Membership) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "/accounts/signup/" not in page
    client.post("/accounts/signup/", SIGN_UP)
    assert User.objects.count() == 1
    client.force_login(inhabited.user)
    assert client.get("/workspaces/new/").status_code == 404
    assert client.post("/workspaces/new/", TOLD).status_code == 404


def test_where_it_is_open_a_stranger_ends_up_with_a_workspace_of_their_own(
    client: Client, inhabited: Membership, settings: Any
) -> None:
    settings.OPEN_SIGNUP = True
    assert "/accounts/signup/" in client.get("/accounts/login/").content.decode()
    client.post("/accounts/signup/", SIGN_UP)
    assert client.get("/start/")["Location"].startswith("/accounts/login/"), "nobody is in before the address is theirs"
    assert not EmailAddress.objects.get(email="new@heron.example").verified
    found = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+/)", str(mail.outbox[-1].body))
    assert found is not None
    client.post(found.group(1))
    client.post("/accounts/login/", {"login": "new@heron.example", "password": PASSWORD})
    assert "/workspaces/new/" in client.get("/", follow=True).content.decode()
    answer = client.post("/workspaces/new/", {key: TOLD[key] for key in ("company", "currency", "time_zone")})
    assert answer["Location"] == "/start/"
    mine = Membership.objects.get(user__email="new@heron.example")
    assert mine.role == Role.OWNER
    assert mine.workspace_id != inhabited.workspace_id
    assert client.get("/settings/members/").content.decode().count(inhabited.user.email) == 0


def test_an_address_that_was_never_confirmed_does_not_get_in(
    client: Client, inhabited: Membership, settings: Any
) -> None:
    settings.OPEN_SIGNUP = True
    client.post("/accounts/signup/", SIGN_UP)
    settings.OPEN_SIGNUP = False
    stranger = Client()
    stranger.post("/accounts/login/", {"login": "new@heron.example", "password": PASSWORD})
    assert stranger.get("/settings/profile/").status_code == 302


def test_the_answer_does_not_tell_whether_an_address_is_known(
    client: Client, inhabited: Membership, settings: Any
) -> None:
    settings.OPEN_SIGNUP = True
    answers = [
        Client().post("/accounts/signup/", {**SIGN_UP, "email": email})
        for email in ("unknown@heron.example", inhabited.user.email)
    ]
    assert len({(answer.status_code, answer["Location"]) for answer in answers}) == 1


def test_one_person_owns_three_at_most(client: Client, settings: Any) -> None:
    settings.OPEN_SIGNUP = True
    person = people.create_person(email="new@heron.example", password=PASSWORD)
    client.force_login(person)
    told = {key: TOLD[key] for key in ("company", "currency", "time_zone")}
    for _ in range(founding.MOST_OWNED):
        assert client.post("/workspaces/new/", told).status_code == 302
    answer = client.post("/workspaces/new/", told)
    assert "as many as one person may" in answer.content.decode()
    slugs = list(Workspace.objects.order_by("created_at").values_list("slug", flat=True))
    assert slugs == ["kestrel-logistics", "kestrel-logistics-2", "kestrel-logistics-3"]
