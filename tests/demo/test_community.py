"""The demo's community: its people, and what the product makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import Workspace
from accounts.selectors.demo import logins
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import community
from surveys import demo, starters
from surveys.models import CodingStep, Erasure, OptIn, Publication, Removal, Response, State, Status, Survey
from surveys.services import answering, moderation
from tests import database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = [option["key"] for option in starters.top3()["option"]]


class TestPeople:
    def test_three_yearly_editions_the_last_of_which_is_open(self) -> None:
        first, second, third = community.editions(NOW)
        assert [edition.wave for edition in (first, second, third)] == ["2024", "2025", "2026"]
        assert [edition.is_open for edition in (first, second, third)] == [False, False, True]
        assert first.publishes_at < second.opened_at
        assert second.publishes_at < third.opened_at < NOW < third.closes_at

    @pytest.mark.parametrize(
        "day", ["2026-01-01", "2027-01-10", "2027-03-27", "2028-02-29", "2028-03-26", "2026-12-31"]
    )
    def test_the_years_follow_each_other_on_any_day(self, day: str) -> None:
        editions = community.editions(datetime.fromisoformat(f"{day}T23:00:00+00:00"))
        waves = [int(edition.wave) for edition in editions]
        assert waves == list(range(waves[-1] - 2, waves[-1] + 1))
        assert all(before.publishes_at < after.opened_at for before, after in pairwise(editions))

    def test_the_same_day_gives_the_same_answers_in_order_and_inside_the_edition(self) -> None:
        for edition in community.editions(NOW):
            options = KEYS + [option["key"] for option in edition.options]
            answers = community.answers(edition, options)
            assert answers == community.answers(edition, options)
            moments = [answer.at for answer in answers]
            assert moments == sorted(moments)
            assert edition.opened_at <= moments[0]
            assert moments[-1] < min(edition.closes_at, NOW)
            assert all(sorted(answer.order) == sorted(options) for answer in answers)
            assert all(len(set(answer.choices)) == len(answer.choices) for answer in answers)

    def test_the_order_on_screen_does_not_matter(self) -> None:
        """What was shown first is chosen as often as what was shown last, within chance (four standard deviations)."""
        edition = community.editions(NOW)[-1]
        answers = community.answers(edition, [*KEYS, "ai-expectations"])
        places = Counter(answer.order.index(key) < 7 for answer in answers for key in answer.choices if key != "other")
        n = places.total()
        assert abs(places[True] / n - 7 / 15) < 4 * (0.25 / n) ** 0.5

    def test_every_option_of_the_starter_has_a_weight_and_every_choice_a_share(self) -> None:
        seeds = community.seeds()
        assert set(KEYS) <= set(seeds["option"])
        for question in starters.top3()["question"]:
            assert {choice["key"] for choice in question["choices"]} == set(seeds["segment"][question["key"]])


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Workspace]:
    """Loaded once for the module: killed in the second edition, and loaded again until done."""
    with django_db_blocker.unblock():
        try:
            with pytest.MonkeyPatch.context() as kill:
                kill.setattr(moderation, "remove", _second_time(moderation.remove))
                with pytest.raises(KeyboardInterrupt):
                    _load()
            yield _load()
        finally:
            database.flush()


def _load() -> Workspace:
    return demo.load(clock=lambda: NOW, say=lambda line: None)


def _second_time(real: Any) -> Any:
    """``real``, which ends the process when it is called for the second time, as far as the database can tell."""
    calls: list[int] = []

    def killed(**told: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**told)

    return killed


@pytest.fixture
def editions(loaded: Workspace, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Survey]]:
    with django_db_blocker.unblock(), workspace_scope(loaded):
        yield list(Survey.objects.filter(kind="top3").order_by("opened_at"))


def test_a_second_load_does_nothing(loaded: Workspace, editions: list[Survey]) -> None:
    assert demo.load(clock=lambda: pytest.fail("asked the time"), say=pytest.fail) == loaded
    assert not loaded.is_filling


def test_two_editions_are_published_and_one_is_open(editions: list[Survey]) -> None:
    assert [edition.state for edition in editions] == [State.PUBLISHED, State.PUBLISHED, State.OPEN]
    assert [edition.slug for edition in editions] == [f"cs-challenges-{year}" for year in (2024, 2025, 2026)]
    assert len({edition.series for edition in editions}) == 1
    assert Publication.objects.filter(survey__kind="top3").count() == 2
    assert answering.is_open(editions[-1], NOW)


def test_every_answer_came_in_once_and_hosts_and_authors_took_some_back(editions: list[Survey]) -> None:
    counted = [Response.objects.filter(survey=edition).exclude(status=Status.REMOVED).count() for edition in editions]
    assert counted == [211, 290, 404]
    assert sum(Removal.objects.filter(survey=editions[1]).values_list("count", flat=True)) == 5
    assert Erasure.objects.filter(survey=editions[1]).count() == 1
    assert Response.objects.filter(survey=editions[2], status=Status.FLAGGED).count() == 6
    assert CodingStep.objects.filter(survey=editions[1]).count() >= 4


def test_addresses_are_kept_for_the_open_edition_only(editions: list[Survey]) -> None:
    assert set(OptIn.objects.values_list("survey_id", flat=True)) == {editions[2].pk}
    assert OptIn.objects.filter(wants_peers=True, challenge__isnull=False).count() > 20


def test_anybody_can_read_the_results_and_answer_the_open_edition(editions: list[Survey], client: Client) -> None:
    told = client.get("/s/cs-challenges-2025/results.json").json()
    assert told["figures"]["n"] == 290
    assert client.get("/s/cs-challenges-2025/results/").status_code == 200
    assert client.get("/s/cs-challenges-2026/").status_code == 200


def test_readers_of_the_results_were_asked_how_useful_they_are(editions: list[Survey], client: Client) -> None:
    told = client.get("/s/cs-challenges-readers/results.json").json()
    assert told["figures"]["n"] == 148
    assert [(each["key"], each["kind"]) for each in told["figures"]["measures"]] == [
        ("score", "csat"),
        ("used-for", "multiple"),
        ("next", "single"),
        ("missing", "text"),
    ]
    assert 0.6 < told["figures"]["measures"][0]["value"] < 0.95
    for language in ("en", "fr", "de"):
        assert client.get(f"/s/cs-challenges-readers/results/?lang={language}").status_code == 200


def test_the_hosts_can_sign_in(editions: list[Survey]) -> None:
    found = {login.email: login for login in logins(password=settings.DEMO_PASSWORD)}
    assert found["host@community.example"].role == "host"
    assert found["host@community.example"].password == settings.DEMO_PASSWORD
    assert {login.workspace for login in found.values()} == {"community"}
