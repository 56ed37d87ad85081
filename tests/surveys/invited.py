"""People at customers, asked by mail. Use inside ``workspace_scope``, but ``mail_now``, which opens its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core import mail
from django.core.mail import EmailMessage

from accounts import segments
from accounts.models import Contact, Customer, Workspace
from accounts.segments import Filter
from csplatform.core import audit
from surveys.models import Dispatch, Survey
from surveys.selectors.addressees import Target
from surveys.services import mailing, sending
from tests.factories import NOW, make_contact, make_customer
from tests.surveys.factories import make_survey


def score_survey(kind: str = "nps", slug: str = "nps", **settings: Any) -> Survey:
    """An open survey for customers with a scale and a follow-up question."""
    why = {"key": "why", "kind": "text", "label": {"en": "Why?", "fr": "Pourquoi ?", "de": "Warum?"}}
    title = {
        "en": "How likely are you to recommend us?",
        "fr": "Nous recommanderiez-vous ?",
        "de": "Empfehlen Sie uns?",
    }
    told = {"title": title, "questions": [why], "audience": "customers", **settings}
    return make_survey(slug=slug, kind=kind, **told)


def people(customer: Customer | None = None, *addresses: str, **fields: Any) -> list[Contact]:
    """A contact for each address, at ``customer`` or a new one."""
    home = customer or make_customer()
    return [make_contact(home, email=address, **fields) for address in addresses]


def send(survey: Survey, *, wanted: Filter = segments.EVERYBODY, now: datetime = NOW, **told: Any) -> Dispatch:
    """Send to contacts; the invitations are written by ``fill_now``."""
    remind = told.pop("remind_after_days", None)
    return sending.send(
        survey_id=survey.pk,
        target=Target(customers=wanted, **told),
        label="everybody",
        remind_after_days=remind,
        actor=audit.SYSTEM,
        now=now,
    )


def fill_now(dispatch: Dispatch, now: datetime = NOW) -> None:
    """The job of a dispatch, here. Outside any scope."""
    sending.fill(workspace_id=dispatch.workspace_id, dispatch_id=dispatch.pk, clock=lambda: now)


def mail_now(workspace: Workspace, now: datetime = NOW) -> int:
    """The task that mails, here. Outside any scope."""
    return mailing.mail_due(workspace_id=workspace.pk, clock=lambda: now)


def addresses_mailed(messages: Sequence[Any] | None = None) -> list[str]:
    found = mail.outbox if messages is None else messages
    return sorted(address for message in found for address in message.to)


def link_in(message: EmailMessage, ending: str = "") -> str:
    """The path of the personal link, or of the unsubscribe link for ``ending="unsubscribe"``."""
    wanted = r"http\S+(/s/\S+/unsubscribe/\S+)" if ending == "unsubscribe" else r"http://[^/\s]+(/s/[^/\s]+/\?i=\S+)"
    found = re.search(wanted, str(message.body))
    assert found
    return found[1]
