"""What one customer's page reads of accounts: team, people, subscriptions, attributes, family."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts import extensions
from accounts.models import AccountTeamMember, AttributeValue, Contact, Customer, Invoice, Opportunity, Subscription
from accounts.services.subscriptions import as_terms
from accounts.services.team import holding_on
from accounts.terms import Contract, contract_on, next_renewal

MOST_CONTACTS = 200
MOST_INVOICES = 8


def customer_for_page(customer_id: UUID) -> Customer | None:
    """The customer with its health, CSM and parent; None when there is none in this workspace."""
    rows: QuerySet[Customer] = Customer.objects.select_related("health", "csm__user", "parent")
    return rows.filter(pk=customer_id).first()


def team_of(customer: Customer, day: date) -> list[AccountTeamMember]:
    """Who looks after the customer on ``day``, CSM first."""
    rows = AccountTeamMember.objects.filter(holding_on(day), customer=customer).select_related("member__user")
    return sorted(rows, key=lambda row: (row.role != "csm", row.role, str(row.member.user)))


def contacts_of(customer: Customer) -> tuple[list[Contact], int]:
    """The contacts, sponsors and champions first, and how many there are in all."""
    rows = Contact.objects.filter(customer=customer).defer("traits")
    ordered = rows.order_by(F("is_sponsor").desc(), F("is_champion").desc(), "name", "id")
    found = list(ordered[:MOST_CONTACTS])
    return found, len(found) if len(found) < MOST_CONTACTS else rows.count()


@dataclass(frozen=True, slots=True)
class Paid:
    """A subscription and what it means on a day."""

    subscription: Subscription
    contract: Contract
    renewal_on: date | None


def subscriptions_of(customer: Customer, day: date, *, grace_days: int) -> list[Paid]:
    """The subscriptions, the running ones and the latest first, each with its state on ``day``."""
    found = []
    for row in Subscription.objects.filter(customer=customer).order_by("-starts_on", "id"):
        terms = as_terms(row)
        found.append(Paid(row, contract_on([terms], day, grace_days=grace_days), next_renewal(terms, day)))
    return sorted(found, key=lambda paid: paid.contract.state in ("churned", "in_grace"))


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice; ``days_late``: how long it has been overdue on a day, or was when it was paid. 0: not at all."""

    invoice: Invoice
    days_late: int

    @property
    def is_overdue(self) -> bool:
        return self.days_late > 0 and self.invoice.paid_on is None


def invoices_of(customer: Customer, day: date) -> tuple[list[Billed], int]:
    """The invoices, those unpaid first by their due day, then the latest; and how many there are in all."""
    rows = Invoice.objects.filter(customer=customer)
    unpaid = rows.filter(paid_on__isnull=True).order_by(F("due_on").asc(nulls_last=True), "id")
    paid = rows.filter(paid_on__isnull=False).order_by("-issued_on", "id")
    shown = [*unpaid[:MOST_INVOICES]]
    shown += paid[: MOST_INVOICES - len(shown)]
    found = [Billed(row, max(0, ((row.paid_on or day) - row.due_on).days) if row.due_on else 0) for row in shown]
    return found, len(found) if len(found) < MOST_INVOICES else rows.count()


def opportunities_of(customer: Customer) -> tuple[list[Opportunity], int]:
    """The opportunities, open ones first, then the latest; and how many there are in all."""
    rows = Opportunity.objects.filter(customer=customer)
    found = list(rows.order_by(F("won").desc(nulls_first=True), "-opened_on", "id")[:MOST_INVOICES])
    return found, len(found) if len(found) < MOST_INVOICES else rows.count()


def attributes_of(customer: Customer) -> list[AttributeValue]:
    """The custom attributes that have a value, by label."""
    rows = AttributeValue.objects.filter(customer=customer).select_related("definition")
    return [row for row in rows.order_by("definition__label", "id") if row.value is not None]


def family_of(customer: Customer, *, most: int = 20) -> list[Customer]:
    """Subsidiaries and the customers it referred, by name."""
    rows = Customer.objects.filter(Q(parent=customer) | Q(referred_by=customer))
    return list(
        rows.only("id", "name", "parent_id", "referred_by_id", "workspace_id").order_by("name_sort", "id")[:most]
    )


def goes_with(customer: Customer) -> list[tuple[str, int]]:
    """What would be deleted with the customer: (label, number), without what there is none of."""
    counts = [
        (_("Contacts"), Contact.objects.filter(customer=customer).count()),
        (_("Subscriptions"), Subscription.objects.filter(customer=customer).count()),
        (_("Invoices"), Invoice.objects.filter(customer=customer).count()),
        (_("Opportunities"), Opportunity.objects.filter(customer=customer).count()),
        (_("Places in the account team"), AccountTeamMember.objects.filter(customer=customer).count()),
        (_("Custom attributes"), AttributeValue.objects.filter(customer=customer).count()),
        *extensions.count_for_deletion(customer.pk),
    ]
    return [(label, number) for label, number in counts if number]
