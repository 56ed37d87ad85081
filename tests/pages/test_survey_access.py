"""The access ladder of the hosts' pages: who gets in, who is told no, and for whom a survey does not exist."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import workspace_scope
from surveys.models import Survey
from tests.pages.conftest import House, signed_in
from tests.surveys import hosting

HOSTS = frozenset({Role.OWNER, Role.ADMIN, Role.MANAGER, Role.HOST})


@dataclass(frozen=True)
class Page:
    """A page: its address name, whether it is one survey's, and the methods it answers."""

    name: str
    of_survey: bool = True
    reads: bool = True
    writes: bool = False

    def __str__(self) -> str:
        return self.name


PAGES = [
    Page("survey_list", of_survey=False),
    Page("survey_new", of_survey=False, writes=True),
    Page("survey_detail"),
    Page("survey_wave", writes=True),
    Page("survey_texts", writes=True),
    Page("survey_options", writes=True),
    Page("survey_questions", writes=True),
    Page("survey_settings", writes=True),
    Page("survey_answers", writes=True),
    Page("survey_send", writes=True),
    Page("survey_send_again", reads=False, writes=True),
    Page("survey_invitations"),
    Page("survey_beside"),
    Page("survey_words", writes=True),
    Page("survey_introductions", writes=True),
    Page("survey_publish", writes=True),
    Page("survey_publish_preview"),
    Page("survey_open", reads=False, writes=True),
    Page("survey_close", reads=False, writes=True),
    Page("survey_delete", reads=False, writes=True),
]
READ = [page for page in PAGES if page.reads]
OF_A_SURVEY = [page for page in PAGES if page.of_survey]


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        return hosting.starter()


def address(page: Page, identity: object) -> str:
    return reverse(page.name, args=[identity] if page.of_survey else [])


@pytest.mark.parametrize("page", READ, ids=str)
def test_each_role_reads_what_the_matrix_grants(house: House, survey: Survey, page: Page) -> None:
    for role in Role:
        response = house.client(role).get(address(page, survey.pk))
        assert response.status_code == (200 if role in HOSTS else 403), role


@pytest.mark.parametrize("page", [page for page in PAGES if page.writes], ids=str)
def test_other_roles_write_nothing(house: House, survey: Survey, page: Page) -> None:
    for role in set(Role) - HOSTS:
        assert house.client(role).post(address(page, survey.pk)).status_code == 403, role


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_anonymous_are_sent_to_sign_in(house: House, survey: Survey, page: Page) -> None:
    response = (Client().get if page.reads else Client().post)(address(page, survey.pk))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("page", OF_A_SURVEY, ids=str)
def test_for_a_stranger_it_does_not_exist(house: House, survey: Survey, page: Page) -> None:
    for identity, client in ((survey.pk, signed_in(house.stranger)), (uuid7(), house.client(Role.OWNER))):
        ask = client.get if page.reads else client.post
        assert ask(address(page, identity)).status_code == 404


@pytest.mark.parametrize("page", OF_A_SURVEY, ids=str)
def test_a_malformed_id_is_not_found(house: House, survey: Survey, page: Page) -> None:
    client = house.client(Role.HOST)
    malformed = address(page, survey.pk).replace(str(survey.pk), "not-an-id")
    assert (client.get if page.reads else client.post)(malformed).status_code == 404


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_wrong_method_is_refused(house: House, survey: Survey, page: Page) -> None:
    client = house.client(Role.HOST)
    assert client.delete(address(page, survey.pk)).status_code == 405
    if not page.writes:
        assert client.post(address(page, survey.pk)).status_code == 405
    if not page.reads:
        assert client.get(address(page, survey.pk)).status_code == 405


def test_the_navigation_names_surveys_for_hosts_only(house: House) -> None:
    for role in Role:
        body = house.client(role).get("/settings/profile/").content.decode()
        assert ('href="/surveys/"' in body) == (role in HOSTS), role
