"""The shell and the first pages in French and German: one language throughout, chosen by the person or the browser."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.roles import Role
from tests.pages.conftest import House

WORDS = {
    "fr": {
        "shell": ["Aller au contenu", "Aujourd’hui", "Clients", "Imports", "Paramètres", "Se déconnecter", "Clavier"],
        "/customers/": ["Échéance de préavis", "Exporter en CSV"],
        "/journeys/": ["Où en est chacun"],
        "sign_in": ["Se connecter", "Mot de passe", "Pas encore de compte"],
    },
    "de": {
        "shell": ["Zum Inhalt springen", "Heute", "Kunden", "Importe", "Einstellungen", "Abmelden", "Tastatur"],
        "/customers/": ["Kündigungsstichtag", "CSV exportieren"],
        "/journeys/": ["Wo stehen alle"],
        "sign_in": ["Anmelden", "Passwort", "Noch kein Konto"],
    },
}
_ENGLISH = re.compile(r"\b(the|and|your|you|with|customers|sign in|password|settings|forgot)\b", re.IGNORECASE)
_NOT_TEXT = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL)


@pytest.mark.parametrize("language", ["fr", "de"])
@pytest.mark.parametrize("page", ["/", "/customers/", "/journeys/"])
def test_a_persons_language_goes_before_the_browsers(house: House, language: str, page: str) -> None:
    member = house.members[Role.MANAGER]
    member.user.language = language
    member.user.save(update_fields=["language"])

    html = house.client().get(page, headers={"Accept-Language": "en"}).content.decode()

    assert f'<html lang="{language}"' in html
    for word in WORDS[language]["shell"] + WORDS[language].get(page, []):
        assert word in html
    assert _ENGLISH.findall(_text(html)) == []


@pytest.mark.parametrize("language", ["fr", "de"])
def test_the_sign_in_page_reads_in_one_language(house: House, language: str) -> None:
    html = Client().get("/accounts/login/", headers={"Accept-Language": language}).content.decode()

    assert f'<html lang="{language}"' in html
    for word in WORDS[language]["sign_in"]:
        assert word in html
    assert _ENGLISH.findall(_text(html)) == []


def test_french_has_one_word_for_e_mail_also_where_packages_speak(house: House) -> None:
    french = Client(headers={"Accept-Language": "fr"})
    pages = [french.get("/accounts/login/"), french.post("/accounts/login/", {"login": "nobody", "password": "x"})]
    for page in pages:
        html = page.content.decode()
        assert "E-mail" in html
        assert "courriel" not in html.lower()
    assert "Saisissez une adresse e-mail valide." in html


def test_an_unknown_language_is_english(house: House) -> None:
    html = Client().get("/accounts/login/", headers={"Accept-Language": "xx"}).content.decode()
    assert '<html lang="en"' in html
    assert "Password" in html


def _text(html: str) -> str:
    return _NOT_TEXT.sub(" ", html)
