"""Mails of surveys, in the language the person answered in."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from surveys.models import Introduction, IntroductionGuest, OptIn, Option, pick


def send_results(opt_in: OptIn) -> None:
    """Mail where the results are, as was asked for; raises ``OSError`` when the mail server does not take it."""
    survey, language = opt_in.survey, opt_in.language
    context = {
        "opt_in": opt_in,
        "title": survey.text("title", language),
        "url": f"{settings.PUBLIC_URL}/s/{survey.slug}/results/?lang={language}",
    }
    with translation.override(language):
        subject = " ".join(render_to_string("surveys/mail/results_subject.txt", context).split())
        body = render_to_string("surveys/mail/results.txt", context)
    send_mail(subject, body, None, [opt_in.email])


def send_introduction_request(guest: IntroductionGuest, token: str) -> None:
    """Ask one guest; ``token`` opens the page on which to agree or decline. Raises ``OSError`` as above."""
    survey, language = guest.introduction.survey, guest.opt_in.language
    context = {
        "challenge": challenge_of(guest.introduction, language),
        "title": survey.text("title", language),
        "note": guest.introduction.note,
        "others": guest.introduction.guests.count() - 1,
        "by": guest.introduction.by_label,
        "url": f"{settings.PUBLIC_URL}/s/{survey.slug}/introduction/{token}/?lang={language}",
    }
    with translation.override(language):
        subject = " ".join(render_to_string("surveys/mail/introduction_request_subject.txt", context).split())
        body = render_to_string("surveys/mail/introduction_request.txt", context)
    send_mail(subject, body, None, [guest.opt_in.email])


def send_introduction(introduction: Introduction, people: Sequence[OptIn]) -> None:
    """One mail to all who agreed, in their language where they share one, else in the survey's first."""
    survey = introduction.survey
    spoken = {each.language for each in people}
    language = spoken.pop() if len(spoken) == 1 else survey.languages[0]
    context = {
        "challenge": challenge_of(introduction, language),
        "title": survey.text("title", language),
        "note": introduction.note,
        "by": introduction.by_label,
        "emails": [each.email for each in people],
    }
    with translation.override(language):
        subject = " ".join(render_to_string("surveys/mail/introduction_subject.txt", context).split())
        body = render_to_string("surveys/mail/introduction.txt", context)
    send_mail(subject, body, None, [each.email for each in people])


def challenge_of(introduction: Introduction, language: str) -> str:
    """The challenge the guests share, in words."""
    option = Option.objects.filter(survey=introduction.survey, number=introduction.challenge).first()
    with translation.override(language):
        return pick(option.label, language, introduction.survey.languages) if option else _("a challenge of their own")
