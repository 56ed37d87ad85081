"""Mails to people, in the language of who receives them as far as we know it, else of the workspace."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import Invitation


def send_invitation(invitation: Invitation, token: str) -> None:
    """Mail the link that ``token`` opens. The text is the same whether the address has an account or not."""
    url = settings.PUBLIC_URL + reverse("invitation", args=[token])
    with translation.override(invitation.workspace.locale):
        context = {"invitation": invitation, "workspace": invitation.workspace, "url": url}
        subject = " ".join(render_to_string("accounts/mail/invitation_subject.txt", context).split())
        body = render_to_string("accounts/mail/invitation.txt", context)
    send_mail(subject, body, None, [invitation.email])
