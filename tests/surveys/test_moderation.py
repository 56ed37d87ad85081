"""Removing answers and putting them back: nothing vanishes, and the public log says how many and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from csplatform.core import audit
from csplatform.core.models import AuditEvent, OutboxEvent
from csplatform.core.tenancy import workspace_scope
from surveys.models import Removal, Response, Status
from surveys.selectors import moderation as reads
from surveys.services import moderation
from tests.factories import NOW, make_workspace
from tests.surveys import hosting

pytestmark = pytest.mark.django_db
LATER: dict[str, Any] = {"actor": audit.Actor("A host"), "now": NOW + timedelta(hours=1)}


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with workspace_scope(make_workspace()):
        yield


def ids(rows: list[Response]) -> list[UUID]:
    return [row.pk for row in rows]


def log() -> list[tuple[str, int]]:
    return list(Removal.objects.order_by("id").values_list("reason", "count"))


def test_a_removal_is_dated_reasoned_logged_and_told() -> None:
    survey = hosting.starter()
    bots = hosting.answered(survey, 3, status="flagged", flags=["too_fast"])
    hosting.answered(survey, 2)
    assert moderation.remove(response_ids=ids(bots), reason="automated", **LATER) == 3
    assert set(Response.objects.filter(pk__in=ids(bots)).values_list("status", "removal_reason", "removed_at")) == {
        ("removed", "automated", LATER["now"])
    }
    assert log() == [("automated", 3)]
    assert Removal.objects.get().by_label == "A host"
    event = AuditEvent.objects.get(action="survey.answers_removed")
    assert (event.data["count"], len(event.data["answers"])) == (3, 3)
    assert OutboxEvent.objects.filter(name="survey.answers_removed").count() == 1


def test_putting_back_restores_the_flag_and_adds_a_line() -> None:
    survey = hosting.starter()
    flagged = hosting.answered(survey, 1, status="flagged", flags=["trap"])
    plain = hosting.answered(survey, 1)
    both = ids([*flagged, *plain])
    moderation.remove(response_ids=both, reason="duplicate", **LATER)
    assert moderation.restore(response_ids=both, **LATER) == 2
    assert Response.objects.get(pk=flagged[0].pk).status == Status.FLAGGED
    assert Response.objects.get(pk=plain[0].pk).status == Status.COUNTED
    assert log() == [("duplicate", 2), ("duplicate", -2)]


def test_what_is_removed_already_is_not_removed_twice() -> None:
    survey = hosting.starter()
    rows = ids(hosting.answered(survey, 2))
    moderation.remove(response_ids=rows, reason="trial", **LATER)
    assert moderation.remove(response_ids=rows, reason="automated", **LATER) == 0
    assert log() == [("trial", 2)]


def test_each_survey_gets_its_own_line() -> None:
    rows = [*hosting.answered(hosting.starter("one"), 2), *hosting.answered(hosting.starter("two"), 1)]
    moderation.remove(response_ids=ids(rows), reason="outside", **LATER)
    assert sorted(Removal.objects.values_list("survey__slug", "count")) == [("one", 2), ("two", 1)]


def test_test_answers_and_those_of_others_are_left_alone() -> None:
    trial = hosting.answered(hosting.starter(), 1, is_test=True)
    with workspace_scope(make_workspace("merlin")):
        theirs = hosting.answered(hosting.starter("theirs"), 1)
    assert moderation.remove(response_ids=ids([*trial, *theirs]), reason="trial", **LATER) == 0
    assert log() == []


@pytest.mark.parametrize("reason", ["", "because", "x" * 500])
def test_a_reason_is_one_of_those_the_log_can_say(reason: str) -> None:
    rows = ids(hosting.answered(hosting.starter(), 1))
    with pytest.raises(ValidationError):
        moderation.remove(response_ids=rows, reason=reason, **LATER)
    assert Response.objects.get().status == Status.COUNTED


def test_senders_with_several_answers_stand_together_the_most_first() -> None:
    survey = hosting.starter()
    hosting.answered(survey, 2, sender_hash="two")
    hosting.answered(survey, 3, sender_hash="three")
    many = hosting.answered(survey, 5, sender_hash="five", status="flagged", flags=["trap"])
    hosting.answered(survey, 4)
    found = reads.clusters_of(survey)
    assert [(cluster.count, cluster.flagged) for cluster in found] == [(5, 5), (3, 0)]
    assert set(reads.answers_of(survey, "counted", like=found[0].example)) == set(many)
    unknown = Response.objects.filter(sender_hash="").first()
    assert unknown is not None
    assert not reads.answers_of(survey, "counted", like=unknown.pk).exists()
