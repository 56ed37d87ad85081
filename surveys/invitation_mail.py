"""The mail that asks: an invitation, and its reminder, in the language of who receives it as far as we know it."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import translation

from surveys import ballots, links
from surveys.models import SurveyInvitation


def invitation_message(
    invitation: SurveyInvitation, *, house: str, is_reminder: bool, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """The invitation, or its reminder, as text and as HTML with one link for each score where the survey has a scale.

    ``house``: the workspace's name, under which it is sent. One-click unsubscribing as RFC 8058 asks for.
    """
    survey, language = invitation.survey, invitation.language
    url = links.personal_url(survey.slug, invitation.pk, language)
    stop = links.unsubscribe_url(survey.slug, invitation.pk, language)
    low, high = ballots.SCORES.get(survey.kind, (1, 0))
    context: dict[str, Any] = {
        "house": house,
        "survey": survey,
        "name": invitation.contact.name if invitation.contact else "",
        "title": survey.text("title", language),
        "intro": survey.text("intro", language),
        "question": survey.text("question", language),
        "purpose": survey.text("purpose", language),
        "url": url,
        "unsubscribe_url": stop,
        "scores": [{"value": n, "url": f"{url}&score={n}"} for n in range(low, high + 1)],
        "is_reminder": is_reminder,
        "is_identified": invitation.contact_id is not None,
        "language": language,
    }
    with translation.override(language):
        context["subject"] = _subject("surveys/mail/invitation_subject.txt", context)
        message = EmailMultiAlternatives(
            subject=context["subject"],
            body=render_to_string("surveys/mail/invitation.txt", context),
            from_email=formataddr((house, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
            to=[invitation.email],
            connection=connection,
            headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        )
        message.attach_alternative(render_to_string("surveys/mail/invitation.html", context), "text/html")
    return message


def _subject(template: str, context: dict[str, Any]) -> str:
    return " ".join(render_to_string(template, context).split())
