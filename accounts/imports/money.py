"""The kinds of files that tell invoices and opportunities."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports.dated import DatedKind
from accounts.imports.kinds import Column
from accounts.services import invoices, opportunities

_CUSTOMER = Column(
    "customer_external_id", _("your id of the customer"), True, ("customer_id", "account_id", "company_id")
)


class Invoices(DatedKind):
    key = "invoices"
    label = _("Invoices")
    dated = invoices.KIND
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the invoice"), True, ("id", "invoice_id", "number", "invoice_number")),
        _CUSTOMER,
        Column("issued_on", _("day of the invoice"), True, ("invoice_date", "date", "issued", "created_at", "created")),
        Column("due_on", _("last day to pay"), aliases=("due_date", "due")),
        Column("paid_on", _("when it was paid; empty while it is not"), aliases=("paid_at", "payment_date", "paid")),
        Column("amount", _("what it asks for"), True, ("total", "amount_due", "total_amount")),
        Column("currency", _("the workspace's, such as EUR")),
    )


class Opportunities(DatedKind):
    key = "opportunities"
    label = _("Opportunities")
    dated = opportunities.KIND
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the opportunity"), True, ("id", "opportunity_id", "deal_id")),
        _CUSTOMER,
        Column("kind", _("first_sale, expansion or renewal"), True, ("type", "opportunity_type", "deal_type")),
        Column("amount", _("what it would bring"), aliases=("value", "deal_value", "arr")),
        Column("currency", _("the workspace's, such as EUR")),
        Column("stage", _("your sellers' own word"), aliases=("stage_name", "deal_stage", "status")),
        Column("opened_on", _("since when it is pursued"), True, ("created_at", "created", "open_date", "opened_at")),
        Column("closed_on", _("when it closed, or is expected to"), aliases=("close_date", "closed_at")),
        Column("won", _("yes or no; empty while it is open"), aliases=("is_won",)),
    )
