"""The mail of a person's alerts: one, whatever has gathered, in the person's language, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import Membership
from health.alerts.words import Line


def message(member: Membership, lines: Sequence[Line], *, more: int) -> EmailMultiAlternatives:
    """The mail for ``member`` in the active language; ``more``: how many alerts are only counted."""
    leave = settings.PUBLIC_URL + reverse("alert_preferences")
    context: dict[str, Any] = {
        "workspace": member.workspace,
        "lines": lines,
        "first": lines[0],
        "count": len(lines) + more,
        "more": more,
        "host": settings.PUBLIC_URL,
        "url": settings.PUBLIC_URL + reverse("alert_list"),
        "leave": leave,
        "language": get_language(),
    }
    context["subject"] = " ".join(render_to_string("health/mail/alerts_subject.txt", context).split())
    made = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("health/mail/alerts.txt", context),
        to=[member.user.email],
        headers={"List-Unsubscribe": f"<{leave}>"},
    )
    made.attach_alternative(render_to_string("health/mail/alerts.html", context), "text/html")
    return made
