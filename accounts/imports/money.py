"""The kinds of files that tell invoices and opportunities."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports.dated import DatedKind
from accounts.imports.kinds import Column
from accounts.services import invoices, opportunities

_CUSTOMER = Column("customer_external_id", _("your id of the customer"), True)


class Invoices(DatedKind):
    key = "invoices"
    label = _("Invoices")
    dated = invoices.KIND
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the invoice"), True),
        _CUSTOMER,
        Column("issued_on", _("day of the invoice"), True),
        Column("due_on", _("last day to pay")),
        Column("paid_on", _("when it was paid; empty while it is not")),
        Column("amount", _("what it asks for"), True),
        Column("currency", _("the workspace's, such as EUR")),
    )


class Opportunities(DatedKind):
    key = "opportunities"
    label = _("Opportunities")
    dated = opportunities.KIND
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the opportunity"), True),
        _CUSTOMER,
        Column("kind", _("first_sale, expansion or renewal"), True),
        Column("amount", _("what it would bring")),
        Column("currency", _("the workspace's, such as EUR")),
        Column("stage", _("your sellers' own word")),
        Column("opened_on", _("since when it is pursued"), True),
        Column("closed_on", _("when it closed, or is expected to")),
        Column("won", _("yes or no; empty while it is open")),
    )
