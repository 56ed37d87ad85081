"""Mails of surveys, in the language the person answered in."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from surveys.models import OptIn


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
