"""Who took part in engagements, written as differences: what triggers keep of a link is then a change and no noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from accounts.services import bulk, writing
from csplatform.core.ids import uuid7
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Engagement, EngagementContact, EngagementContactVersion, EngagementCustomer

COPIED = ("direction", "channel", "occurred_at")


class Parties(NamedTuple):
    """An engagement as it is stored, with the ids of the customers and contacts it shall have."""

    engagement: Engagement
    customers: set[UUID]
    contacts: set[UUID]


def linked(ids: Sequence[UUID]) -> dict[UUID, tuple[set[UUID], set[UUID]]]:
    """Customers and contacts of each engagement."""
    found: dict[UUID, tuple[set[UUID], set[UUID]]] = {each: (set(), set()) for each in ids}
    of = EngagementCustomer.objects.filter(engagement_id__in=ids).values_list("engagement_id", "customer_id")
    for engagement, customer in of:
        found[engagement][0].add(customer)
    people = EngagementContact.objects.filter(engagement_id__in=ids).values_list("engagement_id", "contact_id")
    for engagement, contact in people:
        found[engagement][1].add(contact)
    return found


def write(parties: Sequence[Parties]) -> None:
    """Make the links say what ``parties`` say. The engagements are written first: versions are dated by them."""
    if not parties:
        return
    _write_customers(parties)
    _write_contacts(parties)


def _write_customers(parties: Sequence[Parties]) -> None:
    ids = [each.engagement.pk for each in parties]
    stored = {
        (link.engagement_id, link.customer_id): link
        for link in EngagementCustomer.objects.filter(engagement_id__in=ids)
    }
    workspace_id = current_workspace_id()
    fresh, changed = [], []
    for each in parties:
        copied = {name: getattr(each.engagement, name) for name in COPIED}
        for customer in sorted(each.customers):
            link = stored.pop((each.engagement.pk, customer), None)
            if link is None:
                told = {"workspace_id": workspace_id, "engagement_id": each.engagement.pk, "customer_id": customer}
                fresh.append(EngagementCustomer(id=uuid7(), **told, **copied))
            elif any(getattr(link, name) != value for name, value in copied.items()):
                for name, value in copied.items():
                    setattr(link, name, value)
                changed.append(link)
    EngagementCustomer.objects.filter(pk__in=[link.pk for link in stored.values()]).delete()
    bulk.update(changed, COPIED)
    bulk.insert(fresh)


def _write_contacts(parties: Sequence[Parties]) -> None:
    """Whoever is added leaves a version by a trigger; whoever is taken out leaves one here, dated by the correction."""
    ids = [each.engagement.pk for each in parties]
    stored = {(link.engagement_id, link.contact_id): link for link in _links(ids)}
    workspace_id = current_workspace_id()
    fresh, gone, closed = [], [], []
    for each in parties:
        here = {contact for engagement, contact in stored if engagement == each.engagement.pk}
        told = {"workspace_id": workspace_id, "engagement_id": each.engagement.pk}
        fresh += [EngagementContact(id=uuid7(), **told, contact_id=contact) for contact in sorted(each.contacts - here)]
        for contact in sorted(here - each.contacts):
            gone.append(stored[each.engagement.pk, contact].pk)
            key = {"engagement_id": each.engagement.pk, "contact_id": contact}
            closed.append(
                writing.version(
                    EngagementContactVersion, each.engagement, each.engagement.known_at, took_part=False, **key
                )
            )
    EngagementContact.objects.filter(pk__in=gone).delete()
    EngagementContactVersion.objects.bulk_create(closed)
    bulk.insert(fresh)


def _links(ids: Sequence[UUID]) -> QuerySet[EngagementContact]:
    rows: QuerySet[EngagementContact] = EngagementContact.objects.filter(engagement_id__in=ids)
    return rows
