"""Deleting customers, contacts and subscriptions.

A customer goes with everything that names it, past scores and product events included; events may take a job to go.
A contact or a subscription goes from now on: what earlier days were judged by stays in its versions, which then
belong to no record, so that scores of the past remain what they were.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from accounts import extensions
from accounts.models import AttributeVersion, Contact, ContactVersion, Customer, Subscription, SubscriptionVersion
from accounts.models.subscriptions import SubscriptionTerms
from accounts.services import read_model, writing
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id

# Tables whose rows say which customer a record belonged to, each with the record's column.
_VERSIONS = {
    "accounts_contactversion": "contact_id",
    "accounts_subscriptionversion": "subscription_id",
    "accounts_invoiceversion": "invoice_id",
    "accounts_opportunityversion": "opportunity_id",
}


@transaction.atomic
def delete_customer(
    *, customer_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Delete a customer with all that names it; subsidiaries and referred customers lose the link and stay.

    The audit trail keeps name, external id and how much went. Raises ``Customer.DoesNotExist``,
    ``StaleVersionError``, or ``BusyError`` while more of its events wait to be stored than can be awaited.
    """
    extensions.prepare_deletion(now)
    related = Q(pk=customer_id) | Q(parent_id=customer_id) | Q(referred_by_id=customer_id)
    family = {row.pk: row for row in Customer.objects.select_for_update(of=("self",)).filter(related).order_by("id")}
    customer = family.get(customer_id)
    if customer is None:
        raise Customer.DoesNotExist
    writing.require_version(customer, expected_version)
    contacts = Contact.objects.filter(customer=customer)
    went = {"contacts": contacts.count(), "subscriptions": Subscription.objects.filter(customer=customer).count()}
    audit.record(
        actor=actor,
        action="customer.deleted",
        subject=customer,
        data={"name": customer.name, "external_id": customer.external_id, **went},
        now=now,
    )
    extensions.forget_people(list(contacts.order_by("id").values_list("external_id", flat=True)))
    extensions.forget_customer(customer, now)
    for field in ("parent", "referred_by"):
        changed = Customer.objects.filter(**{field: customer})
        changed.update(**{field: None}, version=F("version") + 1, updated_at=now)
    customer.delete()
    AttributeVersion.objects.filter(customer_id=customer_id).delete()
    for table, record in _VERSIONS.items():
        forget_versions(table, record, customer_id)


def forget_versions(table: str, record: str, customer_id: UUID) -> None:
    """Versions of records that were never elsewhere go; of others, who belonged here then belongs nowhere."""
    here = {"workspace": str(current_workspace_id()), "customer": str(customer_id)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {table} WHERE workspace_id = %(workspace)s AND {record} IN (
              SELECT {record} FROM {table} WHERE workspace_id = %(workspace)s AND customer_id = %(customer)s
              EXCEPT
              SELECT {record} FROM {table} WHERE workspace_id = %(workspace)s AND customer_id <> %(customer)s)
            """,
            here,
        )
        cursor.execute(
            f"UPDATE {table} SET customer_id = NULL WHERE workspace_id = %(workspace)s AND customer_id = %(customer)s",
            here,
        )


@transaction.atomic
def delete_contact(*, contact_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None) -> None:
    """Delete a contact: from now on its customer has one person less. Its product events stay, under no name.

    Raises ``Contact.DoesNotExist`` or ``StaleVersionError``.
    """
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact_id)
    writing.require_version(contact, expected_version)
    _record(contact, "contact", actor, now)
    extensions.forget_people([contact.external_id])
    _close(ContactVersion, contact, now, contact_id=contact.pk, is_sponsor=False, is_champion=False)
    contact.delete()
    if contact.customer_id is not None:
        extensions.notify_changed([contact.customer_id], now)


@transaction.atomic
def delete_subscription(
    *, subscription_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Delete a subscription: from now on its customer's contract is what the others say.

    Raises ``Subscription.DoesNotExist`` or ``StaleVersionError``.
    """
    subscription = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription_id)
    writing.require_version(subscription, expected_version)
    _record(subscription, "subscription", actor, now)
    terms = {each.attname: getattr(subscription, each.attname) for each in SubscriptionTerms._meta.fields}
    del terms["known_at"]
    _close(SubscriptionVersion, subscription, now, subscription_id=subscription.pk, **terms)
    subscription.delete()
    if not read_model.refresh_contracts([subscription.customer_id], day=now.date(), now=now):
        extensions.notify_contracts([subscription.customer_id], now)
    extensions.notify_changed([subscription.customer_id], now)


def _record(record: Any, subject: str, actor: audit.Actor, now: datetime) -> None:
    data = {"external_id": record.external_id, "customer": str(record.customer_id or "")}
    audit.record(actor=actor, action=f"{subject}.deleted", subject=record, data=data, now=now)


def _close(model: type[Any], record: Any, now: datetime, **columns: Any) -> None:
    """The last version: from now on the record belongs to nobody."""
    known_at = max(now, record.known_at)
    model.objects.bulk_create([writing.version(model, record, known_at, customer_id=None, **columns)])
