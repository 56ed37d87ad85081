"""What happens by itself: opening and closing when due, mailing results, forgetting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from unittest import mock

import pytest
from django.core import mail

from accounts.models import Workspace
from csplatform.core import audit, outbox
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from surveys import tasks
from surveys.models import OptIn, Publication, Response, State, Suppression, Survey
from surveys.services import building, keeping, lifecycle, schedule
from tests.factories import NOW, make_workspace

TITLE = {"en": "Your top 3", "de": "Ihre Top 3"}
OPTIONS = [{"key": "a", "label": {"en": "A", "de": "A"}}, {"key": "b", "label": {"en": "B", "de": "B"}}]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def draft(slug: str = "top", **settings: Any) -> Survey:
    told = {"kind": "top3", "slug": slug, "title": TITLE, "options": OPTIONS, **settings}
    return building.create_survey(actor=audit.SYSTEM, now=NOW, **told)


def state_of(survey: Survey) -> str:
    return Survey.objects.values_list("state", flat=True).get(pk=survey.pk)


def refusals() -> list[dict[str, Any]]:
    return list(AuditEvent.objects.filter(action="survey.step_refused").order_by("id").values_list("data", flat=True))


@pytest.mark.django_db
class TestSteps:
    @pytest.fixture(autouse=True)
    def _scope(self) -> Iterator[None]:
        with workspace_scope(make_workspace()):
            yield

    def test_nothing_happens_before_its_time(self) -> None:
        survey = draft(opens_at=NOW + MINUTE)
        assert schedule.take_due(now=NOW) == 0
        assert state_of(survey) == State.DRAFT

    def test_a_survey_opens_and_closes_when_due_and_a_second_sweep_changes_nothing(self) -> None:
        survey = draft(opens_at=NOW, closes_at=NOW + DAY)
        assert schedule.take_due(now=NOW) == 1
        assert schedule.take_due(now=NOW + MINUTE) == 0
        assert state_of(survey) == State.OPEN
        assert schedule.take_due(now=NOW + DAY) == 1
        assert schedule.take_due(now=NOW + 2 * DAY) == 0
        assert state_of(survey) == State.CLOSED

    def test_results_are_published_when_due_once_closed_and_counted(self) -> None:
        survey = draft(opens_at=NOW, closes_at=NOW + DAY, publishes_at=NOW + 2 * DAY)
        schedule.take_due(now=NOW)
        answered(survey, NOW, 1)
        assert schedule.take_due(now=NOW + DAY) == 1
        assert schedule.take_due(now=NOW + 2 * DAY) == 1
        assert schedule.take_due(now=NOW + 3 * DAY) == 0
        publication = Publication.objects.get(survey=survey)
        assert (state_of(survey), publication.number, publication.by_label) == (State.PUBLISHED, 1, "schedule")

    def test_other_kinds_are_published_by_themselves_too(self) -> None:
        survey = draft(kind="nps", options=[], opens_at=NOW, closes_at=NOW + DAY, publishes_at=NOW + DAY)
        schedule.take_due(now=NOW)
        assert schedule.take_due(now=NOW + DAY) == 2
        assert state_of(survey) == State.PUBLISHED
        assert refusals() == []

    def test_a_survey_closed_by_a_host_is_not_opened_again_by_an_old_date(self) -> None:
        survey = draft(opens_at=NOW)
        schedule.take_due(now=NOW)
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + MINUTE)
        assert schedule.take_due(now=NOW + DAY) == 0

    def test_an_unready_survey_is_named_once_with_its_reason_and_holds_up_no_other(self) -> None:
        unready = draft("unready", opens_at=NOW, options=[{"key": "a", "label": {"en": "A"}}, OPTIONS[1]])
        ready = draft("ready", opens_at=NOW)
        assert schedule.take_due(now=NOW) == 1
        assert schedule.take_due(now=NOW + MINUTE) == 0
        assert (state_of(unready), state_of(ready)) == (State.DRAFT, State.OPEN)
        assert refusals() == [{"step": "open", "reasons": {"options.a": ["Missing in: de"]}}]

    def test_once_corrected_it_opens_by_itself(self) -> None:
        survey = draft(opens_at=NOW, options=OPTIONS[:1])
        schedule.take_due(now=NOW)
        building.add_options(survey, OPTIONS[1:])
        assert schedule.take_due(now=NOW + MINUTE) == 1
        assert state_of(survey) == State.OPEN

    def test_a_window_that_was_missed_is_said_rather_than_opened(self) -> None:
        survey = draft(opens_at=NOW, closes_at=NOW + DAY)
        assert schedule.take_due(now=NOW + 2 * DAY) == 0
        assert state_of(survey) == State.DRAFT
        assert list(refusals()[0]["reasons"]) == ["closes_at"]

    def test_a_fault_of_ours_with_one_survey_is_told_and_holds_up_no_other(self) -> None:
        broken, fine = draft("broken", opens_at=NOW), draft("fine", opens_at=NOW)
        tell = outbox.publish

        def failing(*, payload: dict[str, Any], **told: Any) -> None:
            if payload["survey_id"] == str(broken.pk):
                raise ZeroDivisionError
            tell(payload=payload, **told)

        with mock.patch.object(outbox, "publish", failing):
            assert schedule.take_due(now=NOW) == 1
        assert (state_of(broken), state_of(fine)) == (State.DRAFT, State.OPEN)
        assert refusals() == [{"step": "open", "reasons": {"": ["ZeroDivisionError"]}}]


def answered(survey: Survey, at: datetime, number: int) -> Response:
    return Response.objects.create(
        workspace_id=survey.workspace_id,
        survey=survey,
        choices=[1],
        submission_key=f"k{number}",
        receipt_hash=f"r{number}",
        sender_hash="a" * 64,
        occurred_at=at,
        known_at=at,
    )


@pytest.mark.django_db
class TestForgetting:
    @pytest.fixture(autouse=True)
    def _scope(self) -> Iterator[None]:
        with workspace_scope(make_workspace()):
            yield

    def test_senders_are_forgotten_a_week_after_closing_and_not_before(self) -> None:
        survey = draft()
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        response = answered(survey, NOW, 1)
        assert keeping.forget_senders(now=NOW + 100 * DAY) == 0
        lifecycle.close_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + DAY)
        assert keeping.forget_senders(now=NOW + 7 * DAY) == 0
        assert keeping.forget_senders(now=NOW + 8 * DAY) == 1
        response.refresh_from_db()
        assert response.sender_hash == ""
        assert keeping.forget_senders(now=NOW + 8 * DAY) == 0

    def test_answers_and_addresses_past_their_retention_are_deleted_and_counted(self) -> None:
        survey = draft(retention_days=30)
        old, young = answered(survey, NOW - 31 * DAY, 1), answered(survey, NOW - 29 * DAY, 2)
        for number, days in enumerate((31, 29)):
            OptIn.objects.create(
                workspace_id=survey.workspace_id,
                survey=survey,
                email=f"{number}@people.example",
                wants_next=True,
                given_on=(NOW - days * DAY).date(),
            )
        assert keeping.forget_expired(now=NOW) == 1
        assert list(Response.objects.values_list("pk", flat=True)) == [young.pk]
        assert list(OptIn.objects.values_list("email", flat=True)) == ["1@people.example"]
        told = AuditEvent.objects.get(action="survey.answers_expired")
        assert (told.object_id, told.data) == (str(survey.pk), {"count": 1})
        assert str(old.pk) not in str(told.data)
        assert keeping.forget_expired(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
class TestResultsMail:
    @pytest.fixture
    def workspace(self) -> Workspace:
        return make_workspace()

    @pytest.fixture
    def survey(self, workspace: Workspace) -> Survey:
        with workspace_scope(workspace):
            survey = draft()
            Survey.objects.filter(pk=survey.pk).update(state=State.PUBLISHED)
        return survey

    def opt_in(self, survey: Survey, email: str, **wishes: Any) -> None:
        with workspace_scope(survey.workspace_id):
            OptIn.objects.create(
                workspace_id=survey.workspace_id,
                survey=survey,
                email=email,
                given_on=NOW.date(),
                **{"wants_results": True, **wishes},
            )

    def left(self, workspace: Workspace) -> list[str]:
        with workspace_scope(workspace):
            return list(OptIn.objects.order_by("email").values_list("email", flat=True))

    def test_each_is_mailed_once_in_their_language_and_the_address_goes(
        self, workspace: Workspace, survey: Survey
    ) -> None:
        self.opt_in(survey, "a@people.example", language="de")
        tasks.sweep()
        tasks.sweep()
        (sent,) = mail.outbox
        assert sent.to == ["a@people.example"]
        assert "Ihre Top 3" in sent.subject
        assert "/s/top/results/?lang=de" in sent.body
        assert self.left(workspace) == []

    def test_an_address_left_for_more_stays_and_one_that_asked_for_no_mail_gets_none(
        self, workspace: Workspace, survey: Survey
    ) -> None:
        self.opt_in(survey, "next@people.example", wants_next=True)
        self.opt_in(survey, "peers@people.example", wants_peers=True, wants_results=False)
        tasks.sweep()
        tasks.sweep()
        assert [message.to for message in mail.outbox] == [["next@people.example"]]
        assert self.left(workspace) == ["next@people.example", "peers@people.example"]

    def test_nobody_is_mailed_before_publication(self, workspace: Workspace, survey: Survey) -> None:
        with workspace_scope(workspace):
            Survey.objects.filter(pk=survey.pk).update(state=State.CLOSED)
        self.opt_in(survey, "a@people.example")
        tasks.sweep()
        assert mail.outbox == []
        assert self.left(workspace) == ["a@people.example"]

    def test_an_unsubscribed_address_gets_nothing_and_is_not_kept(self, workspace: Workspace, survey: Survey) -> None:
        self.opt_in(survey, "gone@people.example")
        with workspace_scope(workspace):
            Suppression.objects.create(
                workspace_id=workspace.pk, email="gone@people.example", reason="unsubscribed", at=NOW
            )
        tasks.sweep()
        assert mail.outbox == []
        assert self.left(workspace) == []

    def test_a_mail_server_that_is_away_loses_nobody(self, workspace: Workspace, survey: Survey) -> None:
        self.opt_in(survey, "a@people.example")
        with mock.patch("surveys.mail.EmailMultiAlternatives.send", side_effect=SMTPServerDisconnected):
            tasks.sweep()
        assert self.left(workspace) == ["a@people.example"]
        tasks.sweep()
        assert len(mail.outbox) == 1

    def test_an_address_refused_for_good_is_not_tried_again(self, workspace: Workspace, survey: Survey) -> None:
        self.opt_in(survey, "typo@people.example")
        refused = SMTPRecipientsRefused({"typo@people.example": (550, b"no such mailbox")})
        with mock.patch("surveys.mail.EmailMultiAlternatives.send", side_effect=refused):
            tasks.sweep()
        assert self.left(workspace) == []
        with workspace_scope(workspace):
            assert Suppression.objects.get(email="typo@people.example").reason == "bounced"
