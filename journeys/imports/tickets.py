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
        Column("external_id", _("your own id of the ticket"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("contact_external_id", _("your id of the person who asked")),
        Column("subject", _("what it is about")),
        Column("priority", _("low, normal, high or urgent")),
        Column("opened_at", _("when it was opened"), True),
        Column("first_reply_at", _("when it was first answered")),
        Column("solved_at", _("when it was solved")),
        Column("csat", _("what the customer said of it, 1 to 5")),
    )
