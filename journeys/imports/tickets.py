"""The kind of file that tells support tickets."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports.dated import DatedKind
from accounts.imports.kinds import Column
from journeys.services import tickets


class Tickets(DatedKind):
    key = "tickets"
    label = _("Support tickets")
    dated = tickets.KIND
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the ticket"), True, ("id", "ticket_id", "case_id", "case_number")),
        Column("customer_external_id", _("your id of the customer"), True, ("customer_id", "account_id", "company_id")),
        Column("contact_external_id", _("your id of the person who asked"), aliases=("contact_id", "requester_id")),
        Column("subject", _("what it is about"), aliases=("title", "summary")),
        Column("priority", _("low, normal, high or urgent"), aliases=("severity",)),
        Column("opened_at", _("when it was opened"), True, ("created_at", "created", "opened")),
        Column("first_reply_at", _("when it was first answered"), aliases=("first_response_at", "first_replied_at")),
        Column("solved_at", _("when it was solved"), aliases=("resolved_at", "closed_at", "solved")),
        Column("csat", _("what the customer said of it, 1 to 5"), aliases=("satisfaction", "satisfaction_rating")),
    )
