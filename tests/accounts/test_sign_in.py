"""Signing in: password, second factor, passkeys on offer, reset, limits, and which workspace one lands in."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from accounts.services import people, workspaces
from csplatform.core import audit
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

PASSWORD = "a longbow of yew wood"
EMAIL = "marian@kestrel.example"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def person() -> User:
    user = people.create_person(email=EMAIL, password=PASSWORD, name="Head of success")
    workspaces.add_member(workspace=factories.make_workspace(), user=user, role=Role.CSM, now=NOW, actor=audit.SYSTEM)
    return user


def sign_in(client: Client, password: str = PASSWORD, email: str = EMAIL) -> bool:
    answer = client.post("/accounts/login/", {"login": email, "password": password})
    return answer.status_code == 302 and not {"login", "2fa"} & set(answer["Location"].split("/"))


def confirm_again(client: Client) -> None:
    """Second factors are changed only right after the password was given once more."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def one_time_code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def test_by_e_mail_in_any_case_and_password(client: Client, person: User) -> None:
    assert sign_in(client, email="Marian@Kestrel.example")
    assert client.get("/settings/profile/").status_code == 200


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: Client, person: User) -> None:
    answers = [
        client.post("/accounts/login/", {"login": email, "password": "nothing like it"}).content.decode()
        for email in (EMAIL, "ghost@kestrel.example")
    ]
    errors = [re.findall(r'<ul class="errorlist.*?</ul>', answer, re.DOTALL) for answer in answers]
    assert errors[0] == errors[1] != []


def test_guessing_is_slowed_down(client: Client, person: User) -> None:
    for _attempt in range(5):
        assert not sign_in(client, "wrong every time")
    assert not sign_in(client, PASSWORD)


def test_a_second_factor_is_asked_for_once_it_is_set_up(client: Client, person: User) -> None:
    assert sign_in(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302
    confirm_again(client)
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = client.session["mfa.totp.secret"]
    assert client.post("/accounts/2fa/totp/activate/", {"code": one_time_code(secret)}).status_code == 302
    assert Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()
    cache.clear()  # a code is good once, also within its half minute
    again = Client()
    assert not sign_in(again)
    assert again.get("/settings/profile/").status_code == 302
    answer = again.post("/accounts/2fa/authenticate/", {"code": one_time_code(secret)})
    assert answer.status_code == 302, answer.content.decode()
    assert again.get("/settings/profile/").status_code == 200


def test_passkeys_are_on_offer(client: Client, person: User) -> None:
    assert client.get("/accounts/2fa/webauthn/login/", headers={"x-requested-with": "XMLHttpRequest"}).json()
    assert sign_in(client)
    confirm_again(client)
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200
    assert client.get("/accounts/2fa/").status_code == 200


def test_a_forgotten_password_is_set_anew_by_mail(client: Client, person: User) -> None:
    assert client.post("/accounts/password/reset/", {"email": EMAIL}).status_code == 302
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    form = client.get(found.group(1), follow=True)
    fresh = "an oak in the great wood"
    client.post(form.redirect_chain[-1][0], {"password1": fresh, "password2": fresh})
    assert sign_in(Client(), fresh)


def test_a_reset_for_an_unknown_address_answers_alike_and_mails_nobody(client: Client, person: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": EMAIL})
    mail.outbox.clear()
    unknown = client.post("/accounts/password/reset/", {"email": "ghost@kestrel.example"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert mail.outbox == []


def test_switching_workspaces_and_what_one_is_no_member_of_does_not_exist(client: Client, person: User) -> None:
    second = factories.make_workspace("osprey")
    factories.make_workspace("stranger")
    workspaces.add_member(workspace=second, user=person, role=Role.OWNER, now=NOW, actor=audit.SYSTEM)
    client.force_login(person)
    assert client.post("/workspaces/switch/", {"workspace": "osprey"}).status_code == 302
    assert "Osprey" in client.get("/settings/workspace/").content.decode()
    assert client.post("/workspaces/switch/", {"workspace": "stranger"}).status_code == 404
    assert client.get("/workspaces/switch/").status_code == 405


def test_a_person_without_a_workspace_is_told_so(client: Client) -> None:
    client.force_login(people.create_person(email=EMAIL, password=PASSWORD))
    answer = client.get("/settings/members/")
    assert (answer.status_code, answer["Location"]) == (302, "/workspaces/none/")
    assert EMAIL in client.get(answer["Location"]).content.decode()


def test_the_language_goes_with_the_person(client: Client, person: User) -> None:
    client.force_login(person)
    client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"})
    person.refresh_from_db()
    assert person.language == "de"
    elsewhere = Client()
    elsewhere.force_login(person)
    assert '<html lang="de"' in elsewhere.get("/settings/profile/").content.decode()


def test_nobody_is_sent_to_another_site(client: Client) -> None:
    assert client.post("/language/", {"language": "fr", "next": "https://elsewhere.example/"})["Location"] == "/"
