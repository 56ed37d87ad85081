"""The kind of file that tells advocacy: who did what for you, when it was asked, done and thanked."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports import told
from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from journeys.services import advocacy


class AdvocacyImportKind(ImportKind):
    """A row is an act with its moments; a later row of the same id takes it further."""

    key = "advocacy"
    label = _("Advocacy")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of it"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column(
            "kind",
            _("referral, review, business_case, testimonial, event, reference_call or promoter"),
            True,
        ),
        Column("state", _("suggested, asked, agreed, done, thanked or declined")),
        Column("contact_external_id", _("your id of the person")),
        Column("asked_at", _("when they were asked")),
        Column("agreed_at", _("when they agreed")),
        Column("done_at", _("when it was done")),
        Column("thanked_at", _("when they were thanked")),
        Column("declined_at", _("when they declined")),
        Column("suggested_at", _("when somebody thought of it")),
        Column("why", _("why they may like to")),
        Column("url", _("where it can be seen")),
        Column("referred_external_id", _("your id of the customer a referral brought")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        return told.understood(advocacy.CLEANERS, column, cell)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return told.version_columns(mapped)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return told.apply(chunk, lambda rows: advocacy.record(rows=rows, actor=context.actor, now=context.now))
