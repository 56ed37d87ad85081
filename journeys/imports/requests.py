"""The kind of file that tells requests and pain points: who asked for what, when, and what became of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.imports import told
from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from journeys.services import requests


class RequestsKind(ImportKind):
    """A row is a request with whoever asked; another row of the same id adds askers or tells what became of it."""

    key = "requests"
    label = _("Requests and pain points")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the request"), True),
        Column(
            "customer_external_id",
            _("your id of the customer that asked; several parted by |"),
            True,
        ),
        Column("title", _("what is asked for, in a few words"), True),
        Column("raised_at", _("when it was asked for")),
        Column("status", _("open, planned, shipped or declined")),
        Column("shipped_at", _("when it shipped")),
        Column("kind", _("pain_point or wish; a wish where nothing is said")),
        Column("words", _("what they said")),
        Column("contact_external_id", _("your id of the person who asked")),
        Column("raised_by", _("who of you heard it")),
        Column("answer", _("what product answered")),
        Column("answered_by", _("who answered")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        return told.understood(requests.CLEANERS, column, cell)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        # Rows of one request may name different customers: none of them stands for another.
        return ()

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return told.apply(chunk, lambda rows: requests.record(rows=rows, actor=context.actor, now=context.now))
