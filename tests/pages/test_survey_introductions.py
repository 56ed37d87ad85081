"""The introductions page: people by challenge, a note that is kept, and what became of each proposal."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from surveys.models import Introduction, OptIn, Survey
from tests.pages.conftest import House
from tests.surveys import hosting
from tests.surveys.hosting import wants_peers


@pytest.fixture
def survey(house: House) -> Survey:
    with workspace_scope(house.workspace):
        return hosting.starter()


def test_people_stand_by_challenge_and_are_asked_together(house: House, survey: Survey) -> None:
    address = reverse("survey_introductions", args=[survey.pk])
    client = house.client(Role.HOST)
    assert "Nobody has asked for peers yet" in client.get(address).content.decode()
    one, two = wants_peers(survey, "one", "two")
    wants_peers(survey, "alone", challenge=5)
    body = client.get(address).content.decode()
    assert body.index("Low product adoption") < body.index("Too many customers per person")
    assert "Nobody else with this challenge" in body
    refused = client.post(address, {"guest": [str(one.pk)], "note": "My careful note"})
    assert refused.status_code == 422
    assert "My careful note" in refused.content.decode()
    assert f'value="{one.pk}" checked' in refused.content.decode()
    done = client.post(address, {"guest": [str(one.pk), str(two.pk)], "note": "Meet."}, follow=True).content.decode()
    assert "asked by mail now" in done
    assert "2 asked, 0 agreed, 0 declined" in done
    assert done.count("being asked") == 2


def test_opt_ins_of_another_survey_are_out_of_reach(house: House, survey: Survey) -> None:
    with workspace_scope(house.workspace):
        other = hosting.starter("another")
    people = wants_peers(other, "one", "two")
    told = {"guest": [str(person.pk) for person in people], "note": "Meet."}
    house.client(Role.HOST).post(reverse("survey_introductions", args=[survey.pk]), told)
    with workspace_scope(house.workspace):
        assert not Introduction.objects.exists()
        assert OptIn.objects.count() == 2


def test_queries_do_not_grow_with_people_and_proposals(house: House, survey: Survey) -> None:
    address = reverse("survey_introductions", args=[survey.pk])
    client = house.client(Role.HOST)

    def measured(prefix: str, n: int) -> int:
        for i in range(n):
            people = wants_peers(survey, f"{prefix}{i}a", f"{prefix}{i}b", challenge=i % 14 + 1)
            client.post(address, {"guest": [str(person.pk) for person in people], "note": "Meet."})
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    few = measured("x", 1)
    assert measured("y", 12) == few <= 14
