"""Mails of surveys, in the language the person answered in, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Workspace
from surveys import links
from surveys.models import (
    AnswerConfirmation,
    Introduction,
    IntroductionGuest,
    OptIn,
    OptInRequest,
    Option,
    Survey,
    pick,
)

# Subject, text and HTML of each mail.
_RESULTS = ("surveys/mail/results_subject.txt", "surveys/mail/results.txt", "surveys/mail/results.html")
_OPT_IN = ("surveys/mail/opt_in_subject.txt", "surveys/mail/opt_in.txt", "surveys/mail/opt_in.html")
_ANSWER = ("surveys/mail/answer_subject.txt", "surveys/mail/answer.txt", "surveys/mail/answer.html")
_REQUEST = (
    "surveys/mail/introduction_request_subject.txt",
    "surveys/mail/introduction_request.txt",
    "surveys/mail/introduction_request.html",
)
_INTRODUCTION = (
    "surveys/mail/introduction_subject.txt",
    "surveys/mail/introduction.txt",
    "surveys/mail/introduction.html",
)


def send_results(opt_in: OptIn) -> None:
    """Mail where the results are, as was asked for; raises ``OSError`` when the mail server does not take it."""
    survey, language = opt_in.survey, opt_in.language
    context = {"opt_in": opt_in, "url": f"{settings.PUBLIC_URL}/s/{survey.slug}/results/?lang={language}"}
    _send(_RESULTS, survey, language, [opt_in.email], context)


def send_opt_in_confirmation(request: OptInRequest) -> None:
    """Mail the link by which the owner of the address confirms what was asked for with it. Raises as above."""
    survey, language = request.survey, request.language
    context = {
        "wishes": wishes_in_words(request, language),
        "last_day": request.asked_on + links.CONFIRM_WITHIN,
        "url": links.confirm_url(survey.slug, request.pk, request.asked_on, language),
        "house": Workspace.objects.values_list("name", flat=True).get(pk=request.workspace_id),
    }
    _send(_OPT_IN, survey, language, [request.email], context)


def send_answer_confirmation(row: AnswerConfirmation, address: str) -> None:
    """Mail the link that lets an answer count. Raises as above."""
    survey, language = row.survey, row.language
    context = {
        "last_day": row.asked_at.date() + links.CONFIRM_WITHIN,
        "url": links.confirm_answer_url(survey.slug, row.pk, row.asked_at.date(), language),
    }
    _send(_ANSWER, survey, language, [address], context)


def send_introduction_request(guest: IntroductionGuest, token: str) -> None:
    """Ask one guest; ``token`` opens the page on which to agree or decline. Raises as above."""
    survey, language = guest.introduction.survey, guest.opt_in.language
    context = {
        "challenge": challenge_of(guest.introduction, language),
        "note": guest.introduction.note,
        "others": guest.introduction.guests.count() - 1,
        "by": guest.introduction.by_label,
        "url": f"{settings.PUBLIC_URL}/s/{survey.slug}/introduction/{token}/?lang={language}",
    }
    _send(_REQUEST, survey, language, [guest.opt_in.email], context)


def send_introduction(introduction: Introduction, people: Sequence[OptIn]) -> None:
    """One mail to all who agreed, in their language where they share one, else in the survey's first."""
    survey = introduction.survey
    spoken = {each.language for each in people}
    language = spoken.pop() if len(spoken) == 1 else survey.languages[0]
    emails = [each.email for each in people]
    context = {
        "challenge": challenge_of(introduction, language),
        "note": introduction.note,
        "by": introduction.by_label,
        "emails": emails,
    }
    _send(_INTRODUCTION, survey, language, emails, context)


def challenge_of(introduction: Introduction, language: str) -> str:
    """The challenge the guests share, in words."""
    return _challenge(introduction.survey, introduction.challenge, language)


def wishes_in_words(request: OptInRequest, language: str) -> list[tuple[str, str]]:
    """What was asked for, each wish with what it means."""
    with translation.override(language):
        told = []
        if request.wants_results:
            told.append((_("Mail me the results"), _("Once, then your address is deleted.")))
        if request.wants_next:
            told.append((_("Invite me next time"), _("One mail per survey; leave with one click.")))
        if request.wants_peers:
            note = _("A host writes first. Nobody gets your address before you agree.")
            if request.challenge is not None:
                named = {"challenge": _challenge(request.survey, request.challenge, language)}
                note = _("Your challenge: %(challenge)s.") % named + " " + note
            told.append((_("Introduce me to peers with the same challenge"), note))
        return told


def _challenge(survey: Survey, number: int, language: str) -> str:
    option = Option.objects.filter(survey=survey, number=number).first()
    with translation.override(language):
        return pick(option.label, language, survey.languages) if option else _("a challenge of their own")


def _send(
    templates: tuple[str, str, str], survey: Survey, language: str, to: Sequence[str], context: dict[str, Any]
) -> None:
    subject, text, html = templates
    told = {"survey": survey, "title": survey.text("title", language), "language": language, **context}
    with translation.override(language):
        told["subject"] = " ".join(render_to_string(subject, told).split())
        message = EmailMultiAlternatives(subject=told["subject"], body=render_to_string(text, told), to=list(to))
        message.attach_alternative(render_to_string(html, told), "text/html")
    message.send()
