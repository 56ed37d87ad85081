"""Whom a sending would reach: the contacts of the customers meant, and what would become of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Lower

from accounts import segments
from accounts.models import Contact
from accounts.segments import Filter
from accounts.selectors.customers import customers
from surveys.models import Addressees, HeldBack, SendState, Suppression, SurveyInvitation

REST_DAYS = 30
_WHO = {
    Addressees.EVERYBODY: Q(),
    Addressees.SPONSORS: Q(is_sponsor=True),
    Addressees.CHAMPIONS: Q(is_champion=True),
    Addressees.DECIDERS: Q(is_sponsor=True) | Q(is_champion=True),
}


class Fate(StrEnum):
    """What becomes of a contact when a survey is sent."""

    MAIL = "mail"
    NO_ADDRESS = "no_address"
    INVITED = "invited"
    SUPPRESSED = "suppressed"
    ASKED_LATELY = "asked_lately"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a survey goes to. ``roles``: only contacts with one of these. ``rest_days``: 0 asks everybody again."""

    customers: Filter
    addressees: str = Addressees.EVERYBODY
    roles: tuple[str, ...] = ()
    rest_days: int = REST_DAYS


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sending would do: ``customers`` with somebody to mail, and people by ``Fate``; each address once."""

    customers: int
    people: dict[Fate, int]

    @property
    def mails(self) -> int:
        return self.people.get(Fate.MAIL, 0)


def contacts_meant(survey_id: UUID, target: Target, now: datetime) -> QuerySet[Any]:
    """The contacts meant, each with its ``address`` (lower case) and its ``fate``."""
    rows: QuerySet[Any] = Contact.objects.filter(
        _WHO[Addressees(target.addressees)], customer__in=customers(segments.condition(target.customers, now=now))
    )
    if target.roles:
        rows = rows.filter(role__in=target.roles)
    address = Lower("email")
    found: QuerySet[Any] = rows.annotate(address=address).annotate(fate=_fate(survey_id, target.rest_days, now))
    return found


def _fate(survey_id: UUID, rest_days: int, now: datetime) -> Case:
    mine = SurveyInvitation.objects.filter(email=OuterRef("address"))
    invited = mine.filter(survey_id=survey_id).exclude(state=SendState.HELD_BACK)
    lately = mine.exclude(survey_id=survey_id).filter(sent_at__gt=now - timedelta(days=rest_days))
    suppressed = Suppression.objects.filter(email=OuterRef("address"))
    return Case(
        When(address="", then=Value(Fate.NO_ADDRESS.value)),
        When(Exists(invited), then=Value(Fate.INVITED.value)),
        When(Exists(suppressed), then=Value(Fate.SUPPRESSED.value)),
        When(Exists(lately), then=Value(Fate.ASKED_LATELY.value)),
        default=Value(Fate.MAIL.value),
        output_field=CharField(),
    )


def preview(survey_id: UUID, target: Target, now: datetime) -> Preview:
    """What sending now would do, counted in two queries."""
    rows = contacts_meant(survey_id, target, now).order_by()
    counted = rows.values("fate").annotate(people=Count("id"), addresses=Count("address", distinct=True))
    people = {
        Fate(row["fate"]): row["people"] if row["fate"] == Fate.NO_ADDRESS else row["addresses"] for row in counted
    }
    to_mail = rows.filter(fate=Fate.MAIL.value).aggregate(n=Count("customer_id", distinct=True))
    return Preview(to_mail["n"], people)


def addresses_held_back(survey_id: UUID, addresses: Iterable[str], rest_days: int, now: datetime) -> dict[str, str]:
    """Of ``addresses`` (lower case) those not to be mailed: a ``HeldBack``, or ``Fate.INVITED`` when asked already."""
    wanted = list(addresses)
    rows = SurveyInvitation.objects.filter(email__in=wanted)
    lately = rows.exclude(survey_id=survey_id).filter(sent_at__gt=now - timedelta(days=rest_days))
    held: dict[str, str] = dict.fromkeys(lately.values_list("email", flat=True), HeldBack.ASKED_LATELY.value)
    suppressed = Suppression.objects.filter(email__in=wanted).values_list("email", flat=True)
    held |= dict.fromkeys(suppressed, HeldBack.SUPPRESSED.value)
    invited = rows.filter(survey_id=survey_id).exclude(state=SendState.HELD_BACK).values_list("email", flat=True)
    return held | dict.fromkeys(invited, Fate.INVITED.value)
