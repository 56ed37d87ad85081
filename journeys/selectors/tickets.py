"""What pages read of support tickets."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from journeys.models import Ticket

MOST = 8


def of_customer(customer_id: UUID) -> tuple[list[Ticket], int]:
    """The customer's tickets, open ones first, then the latest solved; and how many are open."""
    rows = Ticket.objects.filter(customer_id=customer_id)
    shown = list(rows.order_by(F("solved_at").desc(nulls_first=True), "-opened_at", "id")[:MOST])
    still_open = sum(each.solved_at is None for each in shown)
    return shown, still_open if still_open < MOST else rows.filter(solved_at__isnull=True).count()


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What would go with the customer."""
    return [(_("Support tickets"), Ticket.objects.filter(customer_id=customer_id).count())]
