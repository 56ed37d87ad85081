"""Mails to people, in the language of who receives them as far as we know it, else of the workspace."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage, get_connection, send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import Invitation, User, WebhookEndpoint, Workspace


def send_invitation(invitation: Invitation, token: str) -> None:
    """Mail the link that ``token`` opens. The text is the same whether the address has an account or not."""
    url = settings.PUBLIC_URL + reverse("invitation", args=[token])
    with translation.override(invitation.workspace.locale):
        context = {"invitation": invitation, "workspace": invitation.workspace, "url": url}
        subject = " ".join(render_to_string("accounts/mail/invitation_subject.txt", context).split())
        body = render_to_string("accounts/mail/invitation.txt", context)
    send_mail(subject, body, None, [invitation.email])


def send_webhook_disabled(endpoint: WebhookEndpoint, workspace: Workspace, people: Iterable[User]) -> None:
    """Mail ``people`` that the system has switched ``endpoint`` off, why, and where to switch it on again."""
    context = {
        "endpoint": endpoint,
        "workspace": workspace,
        "url": settings.PUBLIC_URL + reverse("webhook_detail", args=[endpoint.pk]),
    }
    mails = []
    for person in people:
        with translation.override(person.language or workspace.locale):
            subject = " ".join(render_to_string("accounts/mail/webhook_disabled_subject.txt", context).split())
            body = render_to_string("accounts/mail/webhook_disabled.txt", context)
        mails.append(EmailMessage(subject, body, None, [person.email]))
    get_connection().send_messages(mails)
