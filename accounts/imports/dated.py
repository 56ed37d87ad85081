"""What kinds of files share whose records keep their past: tickets, invoices, opportunities."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import get_language

from accounts.imports import told
from accounts.imports.kinds import Applied, Chunk, Context, ImportKind
from accounts.services import dated
from csplatform.core import formats


class DatedKind(ImportKind):
    """History: a fact is known when it happened, unless ``known_at`` says otherwise."""

    dated: ClassVar[dated.Kind]

    def understood(self, column: str, cell: Any, currency: str) -> str:
        if column == "amount":
            minor = self.dated.cleaners(currency)["amount"](cell)
            return "" if minor is None else formats.money(minor, currency, get_language())
        return told.understood(self.dated.cleaners(currency), column, cell)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return told.version_columns(mapped)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        return told.apply(
            chunk,
            lambda rows: dated.upsert(self.dated, rows=rows, actor=context.actor, now=context.now, is_history=True),
        )
