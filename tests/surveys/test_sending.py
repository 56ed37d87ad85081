"""Asking by mail: who is asked, who is held back and why, and that nobody is ever mailed twice."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import segments
from accounts.models import Workspace
from csplatform.core import audit
from csplatform.core.models import AuditEvent, Job
from csplatform.core.tenancy import workspace_scope
from surveys.models import Dispatch, Suppression, Survey, SurveyInvitation
from surveys.selectors.addressees import Fate, Target, preview
from surveys.services import lifecycle, mailing, sending, suppressing
from tests.factories import NOW, make_contact, make_customer, make_workspace
from tests.surveys import invited
from tests.surveys.factories import make_survey

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> Workspace:
    return make_workspace()


def sent_to(house: Workspace, *addresses: str, **told: Any) -> Dispatch:
    """An open NPS survey sent to people with these addresses; mailed at NOW."""
    with workspace_scope(house):
        survey = invited.score_survey()
        invited.people(None, *addresses)
        dispatch = invited.send(survey, **told)
    invited.fill_now(dispatch)
    return dispatch


def states(house: Workspace) -> dict[str, tuple[str, str]]:
    with workspace_scope(house):
        rows = SurveyInvitation.objects.values_list("email", "state", "reason")
        return {email: (state, reason) for email, state, reason in rows}


class TestWhoIsAsked:
    def test_each_address_once_with_a_link_of_its_own_and_the_job_tells_how_many(self, house: Workspace) -> None:
        sent_to(house, "a@people.example", "b@people.example", "A@people.example", "")
        assert invited.mail_now(house) == 2
        assert invited.addresses_mailed() == ["a@people.example", "b@people.example"]
        assert len({invited.link_in(message) for message in mail.outbox}) == 2
        with workspace_scope(house):
            job = Job.objects.get(kind=sending.JOB)
        assert (job.state, job.result) == ("done", {"mail": 2, "no_address": 1})

    def test_filter_sponsors_and_roles_narrow_who_is_asked(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey = invited.score_survey()
            french, german = make_customer(contract_state="active"), make_customer()
            invited.people(french, "boss@people.example", is_sponsor=True, role="coo")
            invited.people(french, "user@people.example", role="dispatcher")
            invited.people(german, "far@people.example", is_sponsor=True)
            active = segments.where("contract_state", "in", ["active"])
            for told, expected in (
                ({"wanted": active}, 2),
                ({"wanted": active, "addressees": "sponsors"}, 1),
                ({"roles": ("dispatcher",)}, 1),
                ({}, 3),
            ):
                wanted = told.pop("wanted", segments.EVERYBODY)
                assert preview(survey.pk, Target(customers=wanted, **told), NOW).mails == expected  # type: ignore[arg-type]  # keywords of several types

    def test_the_preview_counts_what_sending_then_does(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey, earlier = invited.score_survey(), invited.score_survey("csat", "csat")
            invited.people(None, "new@people.example", "asked@people.example", "gone@people.example", "")
            lately = sending.invite_addresses(
                survey_id=earlier.pk,
                emails=["asked@people.example"],
                remind_after_days=None,
                actor=audit.SYSTEM,
                now=NOW,
            )
            suppressing.suppress(email="gone@people.example", reason="do_not_contact", actor=audit.SYSTEM, now=NOW)
        invited.mail_now(house)
        with workspace_scope(house):
            said = preview(survey.pk, Target(customers=segments.EVERYBODY), NOW + DAY)
            dispatch = invited.send(survey, now=NOW + DAY)
        invited.fill_now(dispatch, NOW + DAY)
        with workspace_scope(house):
            counts = Dispatch.objects.get(pk=dispatch.pk).counts
        assert lately.counts == {"mail": 1}
        assert said.people == {Fate.MAIL: 1, Fate.NO_ADDRESS: 1, Fate.ASKED_LATELY: 1, Fate.SUPPRESSED: 1}
        assert counts == {fate.value: n for fate, n in said.people.items()}
        with workspace_scope(house):
            held = SurveyInvitation.objects.filter(survey=survey, state="held_back")
            assert dict(held.values_list("email", "reason")) == {
                "asked@people.example": "asked_lately",
                "gone@people.example": "suppressed",
            }

    def test_who_was_held_back_may_be_asked_when_the_rest_is_over(self, house: Workspace) -> None:
        dispatch = sent_to(house, "a@people.example")
        invited.mail_now(house)
        with workspace_scope(house):
            second = invited.score_survey("csat", "csat")
            early = invited.send(second, now=NOW + 29 * DAY)
        invited.fill_now(early, NOW + 29 * DAY)
        assert invited.mail_now(house, NOW + 29 * DAY) == 0
        with workspace_scope(house):
            late = invited.send(second, now=NOW + 31 * DAY)
        invited.fill_now(late, NOW + 31 * DAY)
        assert invited.mail_now(house, NOW + 31 * DAY) == 1
        assert dispatch.pk != late.pk

    def test_sending_again_mails_only_who_has_come_since(self, house: Workspace) -> None:
        first = sent_to(house, "a@people.example")
        invited.mail_now(house)
        with workspace_scope(house):
            invited.people(None, "b@people.example")
            again = invited.send(Survey.objects.get())
        invited.fill_now(again)
        invited.mail_now(house)
        assert invited.addresses_mailed() == ["a@people.example", "b@people.example"]
        assert first.pk != again.pk

    def test_a_job_delivered_twice_or_after_a_kill_invites_everybody_once(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey = invited.score_survey()
            home = make_customer()
            for number in range(7):
                make_contact(home, email=f"p{number}@people.example")
            dispatch = invited.send(survey)
        with mock.patch.object(sending, "_CHUNK", 3):
            store, calls = sending._store, []

            def dies(*told: Any) -> None:
                calls.append(told)
                if len(calls) == 2:
                    raise KeyboardInterrupt
                store(*told)

            with mock.patch.object(sending, "_store", dies), pytest.raises(KeyboardInterrupt):
                invited.fill_now(dispatch)
            invited.fill_now(dispatch)
            invited.fill_now(dispatch)
        with workspace_scope(house):
            assert SurveyInvitation.objects.count() == 7
            job = Job.objects.get(kind=sending.JOB)
        assert (job.state, job.done, job.total, job.result) == ("done", 7, 7, {"mail": 7})

    def test_queries_do_not_grow_with_the_people_asked(self, house: Workspace) -> None:
        def queries(slug: str) -> int:
            with workspace_scope(house):
                survey = invited.score_survey(slug=slug)
                dispatch = invited.send(survey, rest_days=0)
            with CaptureQueriesContext(connection) as captured:
                invited.fill_now(dispatch)
            return len(captured)

        with workspace_scope(house):
            invited.people(None, "a@people.example")
        few = queries("few")
        with workspace_scope(house):
            invited.people(None, *(f"p{number}@people.example" for number in range(60)))
        assert queries("many") == few

    def test_only_an_open_survey_is_sent(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey = invited.score_survey(opened=False)
            with pytest.raises(ValidationError, match="Only an open survey"):
                invited.send(survey)

    def test_a_pasted_list_with_a_wrong_line_invites_nobody_and_names_it(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey = make_survey()
            with pytest.raises(ValidationError, match=r"not an address"):
                sending.invite_addresses(
                    survey_id=survey.pk,
                    emails=["a@people.example", "not an address"],
                    remind_after_days=None,
                    actor=audit.SYSTEM,
                    now=NOW,
                )
            assert not SurveyInvitation.objects.exists()


class TestMailing:
    def test_the_mail_speaks_the_persons_language_with_a_link_per_score_and_a_way_out(self, house: Workspace) -> None:
        with workspace_scope(house):
            survey = invited.score_survey()
            make_contact(make_customer(), email="f@people.example", name="Camille", traits={"language": "fr"})
            dispatch = invited.send(survey)
        invited.fill_now(dispatch)
        invited.mail_now(house)
        (message,) = mail.outbox
        assert message.subject == "Nous recommanderiez-vous ?"
        assert message.from_email.startswith("Kestrel <")
        assert isinstance(message, mail.EmailMultiAlternatives)
        html = str(message.alternatives[0][0])
        assert [f"&amp;score={n}" in html for n in range(11)] == [True] * 11
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert invited.link_in(message, "unsubscribe") in message.extra_headers["List-Unsubscribe"]

    def test_a_worker_killed_between_sending_and_marking_leads_to_no_second_mail(self, house: Workspace) -> None:
        sent_to(house, "a@people.example", "b@people.example")
        with mock.patch.object(mailing, "_settle", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            invited.mail_now(house)
        assert len(mail.outbox) == 1
        invited.mail_now(house, NOW + MINUTE)
        invited.mail_now(house, NOW + DAY)
        assert invited.addresses_mailed() == ["a@people.example", "b@people.example"]
        told = sorted(states(house).values())
        assert told == [("failed", "interrupted"), ("sent", "")]

    def test_what_may_have_failed_is_sent_once_more_only_when_a_host_says_so(self, house: Workspace) -> None:
        dispatch = sent_to(house, "a@people.example")
        broken = mock.patch.object(EmailMultiAlternatives, "send", side_effect=smtplib.SMTPServerDisconnected)
        with broken:
            invited.mail_now(house)
        assert invited.mail_now(house, NOW + DAY) == 0
        assert states(house) == {"a@people.example": ("failed", "interrupted")}
        with workspace_scope(house):
            assert mailing.send_again(survey_id=dispatch.survey_id, actor=audit.SYSTEM, now=NOW + DAY) == 1
            assert AuditEvent.objects.get(action="survey.sent_again").data == {"count": 1}
        assert invited.mail_now(house, NOW + DAY) == 1

    def test_a_mail_server_that_is_full_is_asked_again_later_and_later(self, house: Workspace) -> None:
        sent_to(house, "a@people.example")
        full = mock.patch.object(EmailMultiAlternatives, "send", side_effect=smtplib.SMTPDataError(451, b"later"))
        with full:
            assert invited.mail_now(house) == 0
            assert invited.mail_now(house, NOW + 4 * MINUTE) == 0
        assert states(house) == {"a@people.example": ("waiting", "")}
        assert invited.mail_now(house, NOW + 5 * MINUTE) == 1

    def test_an_address_refused_for_good_bounces_and_is_never_tried_again(self, house: Workspace) -> None:
        sent_to(house, "typo@people.example")
        refused = smtplib.SMTPRecipientsRefused({"typo@people.example": (550, b"no such mailbox")})
        with mock.patch.object(EmailMultiAlternatives, "send", side_effect=refused):
            invited.mail_now(house)
        assert states(house) == {"typo@people.example": ("bounced", "no such mailbox")}
        with workspace_scope(house):
            assert Suppression.objects.get().reason == "bounced"

    def test_a_survey_closed_meanwhile_mails_nobody(self, house: Workspace) -> None:
        dispatch = sent_to(house, "a@people.example")
        with workspace_scope(house):
            lifecycle.close_survey(survey_id=dispatch.survey_id, actor=audit.SYSTEM, now=NOW)
        assert invited.mail_now(house) == 0
        assert states(house) == {"a@people.example": ("held_back", "closed")}

    def test_who_unsubscribes_between_writing_and_mailing_gets_no_mail(self, house: Workspace) -> None:
        sent_to(house, "a@people.example")
        with workspace_scope(house):
            suppressing.suppress(email="A@people.example", reason="unsubscribed", actor=audit.SYSTEM, now=NOW)
        assert invited.mail_now(house) == 0
        assert states(house) == {"a@people.example": ("held_back", "suppressed")}


class TestReminders:
    def test_one_reminder_with_the_same_link_for_who_has_not_answered(self, house: Workspace) -> None:
        sent_to(house, "a@people.example", remind_after_days=7)
        invited.mail_now(house)
        assert invited.mail_now(house, NOW + 6 * DAY) == 0
        assert invited.mail_now(house, NOW + 7 * DAY) == 1
        assert invited.mail_now(house, NOW + 30 * DAY) == 0
        first, second = mail.outbox
        assert second.subject.startswith("Reminder")
        assert invited.link_in(first) == invited.link_in(second)

    def test_none_for_who_answered_bounced_or_unsubscribed(self, house: Workspace) -> None:
        sent_to(house, "done@people.example", "dead@people.example", "gone@people.example", remind_after_days=7)
        invited.mail_now(house)
        with workspace_scope(house):
            SurveyInvitation.objects.filter(email="done@people.example").update(state="answered")
            suppressing.report_bounce(email="dead@people.example", kind="soft", actor=audit.SYSTEM, now=NOW)
            suppressing.report_bounce(email="gone@people.example", kind="complaint", actor=audit.SYSTEM, now=NOW)
            assert list(Suppression.objects.values_list("email", flat=True)) == ["gone@people.example"]
        assert invited.mail_now(house, NOW + 8 * DAY) == 0
