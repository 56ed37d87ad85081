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
        Column("external_id", _("your own id of the request"), True, ("id", "request_id", "ticket_id", "idea_id")),
        Column(
            "customer_external_id",
            _("your id of the customer that asked; several parted by |"),
            True,
            ("customer_id", "account_id", "company_id"),
        ),
        Column("title", _("what is asked for, in a few words"), True, ("subject", "name", "summary")),
        Column("raised_at", _("when it was asked for"), aliases=("created_at", "created", "opened_at")),
        Column("status", _("open, planned, shipped or declined"), aliases=("state",)),
        Column("shipped_at", _("when it shipped"), aliases=("released_at", "done_at")),
        Column("kind", _("pain_point or wish; a wish where nothing is said"), aliases=("type",)),
        Column("words", _("what they said"), aliases=("description", "body")),
        Column("contact_external_id", _("your id of the person who asked"), aliases=("contact_id", "user_id")),
        Column("raised_by", _("who of you heard it"), aliases=("reporter", "author")),
        Column("answer", _("what product answered"), aliases=("response",)),
        Column("answered_by", _("who answered")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        return told.understood(requests.CLEANERS, column, cell)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        # Rows of one request may name different customers: none of them stands for another.
        return ()

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return told.apply(chunk, lambda rows: requests.record(rows=rows, actor=context.actor, now=context.now))
