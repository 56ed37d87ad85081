"""What engagements forget when a contact or a customer is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Contact, Customer
from journeys.engagement.redaction import redacted
from journeys.models import (
    Direction,
    Engagement,
    EngagementContact,
    EngagementContactVersion,
    EngagementCustomer,
    EngagementVersion,
    Signal,
)


def forget_people(external_ids: Sequence[str]) -> None:
    """Take these contacts out of the texts of their customers' engagements and signals.

    Where somebody spoke to us or others alone, the whole text is theirs and goes; elsewhere their name and address do.
    """
    for contact in Contact.objects.filter(external_id__in=external_ids).order_by("id"):
        _forget(contact)


def forget_customer(customer: Customer, now: datetime) -> None:
    """Delete the engagements in which no other customer took part; the others lose the customer. So do all versions."""
    others = EngagementCustomer.objects.filter(engagement_id=OuterRef("pk")).exclude(customer=customer)
    Engagement.objects.filter(~Exists(others), customers__customer=customer).delete()
    # Before the customer's own row goes: a link that went with it would leave a version that names it.
    EngagementCustomer.objects.filter(customer=customer).delete()
    elsewhere = EngagementVersion.objects.filter(engagement_id=OuterRef("engagement_id")).exclude(
        customer_id=customer.pk
    )
    here = EngagementVersion.objects.filter(engagement_id=OuterRef("engagement_id"), customer_id=customer.pk)
    people = Contact.objects.filter(customer=customer).values("pk")
    EngagementContactVersion.objects.filter(Q(contact_id__in=people) | (Exists(here) & ~Exists(elsewhere))).delete()
    EngagementVersion.objects.filter(customer_id=customer.pk).delete()


def _forget(contact: Contact) -> None:
    names = [contact.email, contact.name]
    mine = EngagementContact.objects.filter(contact=contact)
    took_part = Q(Exists(mine.filter(engagement_id=OuterRef("pk"))))
    alone = ~Exists(EngagementContact.objects.filter(engagement_id=OuterRef("pk")).exclude(contact=contact))
    own = Engagement.objects.filter(took_part, alone).exclude(direction=Direction.VENDOR_TO_CUSTOMER)
    own.update(subject="", body="", third_party="", erased_at=Now())
    told = [name for name in names if name]
    mentions = Q(pk__in=[])
    for name in told:
        mentions |= Q(subject__icontains=name) | Q(body__icontains=name) | Q(third_party__icontains=name)
    here = Q(customers__customer_id=contact.customer_id) | took_part
    for row in Engagement.objects.filter(here, mentions).distinct().iterator(chunk_size=500):
        Engagement.objects.filter(pk=row.pk).update(
            subject=redacted(row.subject, told),
            body=redacted(row.body, told),
            third_party=redacted(row.third_party, told),
            erased_at=Now(),
        )
    Engagement.objects.filter(took_part, erased_at__isnull=True).update(erased_at=Now())
    _forget_in_signals(contact, told)


def _forget_in_signals(contact: Contact, names: Sequence[str]) -> None:
    if contact.customer_id is None:
        return
    for signal in Signal.objects.filter(customer_id=contact.customer_id).iterator(chunk_size=500):
        texts = {name: redacted(getattr(signal, name), names) for name in ("summary", "note", "answer")}
        if any(getattr(signal, name) != text for name, text in texts.items()):
            Signal.objects.filter(pk=signal.pk).update(**texts)
