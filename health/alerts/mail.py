"""The mail of a person's alerts: one, whatever has gathered, in the person's language, as text and as HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import Membership
from health.alerts.words import Line


def message(member: Membership, lines: Sequence[Line], *, more: int, about: Iterable[UUID]) -> EmailMultiAlternatives:
    """The mail for ``member`` in the active language; ``more``: how many alerts are only counted.

    ``about``: the deliveries it makes. The same ones give the same message id, by which mailboxes know a mail that
    comes again.
    """
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
        headers={"List-Unsubscribe": f"<{leave}>", "Message-ID": _message_id(about)},
    )
    made.attach_alternative(render_to_string("health/mail/alerts.html", context), "text/html")
    return made


def _message_id(about: Iterable[UUID]) -> str:
    told = hashlib.blake2b(b"".join(sorted(each.bytes for each in about)), digest_size=16).hexdigest()
    return f"<alerts.{told}@{urlsplit(settings.PUBLIC_URL).hostname}>"
