"""Sending a survey as a step of a playbook: one customer's people at a time, by the rules every sending keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import segments
from accounts.extensions import Sent
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from surveys.models import Addressees, Dispatch, State, Survey
from surveys.selectors.addressees import Fate, Target, contacts_meant
from surveys.services import sending

MOST_PEOPLE = 500


class Sender:
    """What surveys offer to playbooks; see ``accounts.extensions``."""

    def names(self) -> Mapping[str, str]:
        rows = Survey.objects.filter(state=State.OPEN).order_by("-opens_at", "pk")
        return {str(survey.pk): str(survey) for survey in rows}

    def addressees(self) -> Mapping[str, str]:
        return {value: str(label) for value, label in Addressees.choices}

    @transaction.atomic
    def send(
        self,
        *,
        survey_id: UUID,
        customer_id: UUID,
        addressees: str | UUID,
        occasion: str,
        label: str,
        actor: audit.Actor,
        now: datetime,
    ) -> Sent:
        """Invite the customer's people, or the one whose id ``addressees`` is.

        Who wants no mail, was asked lately or is invited already is left alone. All runs of a playbook on one
        ``occasion`` share one sending of the survey. Raises ``ValidationError`` and ``Survey.DoesNotExist``.
        """
        survey = sending.sendable(survey_id)
        group = Addressees.EVERYBODY.value if isinstance(addressees, UUID) else addressees
        target = Target(segments.EVERYBODY, addressees=group)
        people = contacts_meant(survey.pk, target, now).filter(customer_id=customer_id).order_by("pk")
        if isinstance(addressees, UUID):
            people = people.filter(pk=addressees)
        rows = list(people[: MOST_PEOPLE + 1])
        if len(rows) > MOST_PEOPLE:
            raise ValidationError(_("More than %(n)d people: send this survey by hand.") % {"n": MOST_PEOPLE})
        if isinstance(addressees, UUID) and not rows:
            return Sent(0, _("The person is not at this customer any more, so nobody was asked."))
        told = {"addressees": group, "label": label[:200], "is_personal": isinstance(addressees, UUID)}
        dispatch = _dispatch(survey, {**told, "occasion": occasion}, actor, now)
        counts = sending.invite(dispatch, rows, now)
        dispatch.counts = dict(Counter(dispatch.counts) + counts)
        dispatch.save(update_fields=["counts"])
        data = {"dispatch": str(dispatch.pk), "customer_id": str(customer_id), "counts": dict(counts)}
        audit.record(actor=actor, action="survey.sent_to_customer", subject=survey, data=data, now=now)
        return Sent(counts[Fate.MAIL.value], in_words(counts))


def in_words(counts: Counter[str]) -> str:
    """What became of the customer's people, for the log of a run."""
    mails = counts[Fate.MAIL.value]
    told = [ngettext("%(n)d mail goes out", "%(n)d mails go out", mails) % {"n": mails}]
    left_alone = {
        Fate.SUPPRESSED: _("no mails wanted: %(n)d"),
        Fate.ASKED_LATELY: _("asked lately: %(n)d"),
        Fate.INVITED: _("invited already: %(n)d"),
        Fate.NO_ADDRESS: _("no address: %(n)d"),
    }
    told += [text % {"n": counts[fate.value]} for fate, text in left_alone.items() if counts[fate.value]]
    return "; ".join(told) + "."


def _dispatch(survey: Survey, told: Mapping[str, Any], actor: audit.Actor, now: datetime) -> Dispatch:
    """The sending all runs of a playbook share, locked."""
    rows = Dispatch.objects.select_for_update(of=("self",), no_key=True).filter(
        survey=survey, by_label=actor.label[:200]
    )
    kept = rows.filter(**told, job=None).order_by("created_at", "pk").first()
    return kept or Dispatch.objects.create(
        workspace_id=current_workspace_id(),
        survey=survey,
        **told,
        by_label=actor.label[:200],
        created_at=now,
    )
