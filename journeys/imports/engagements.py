"""Importing engagements."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from accounts.services.results import Outcome, Refusal
from accounts.services.writing import Facts
from journeys.services import engagements

_OTHER = {"external_id", "known_at"}


class Engagements(ImportKind):
    """History: no news goes out, and what was said is known when it was said unless ``known_at`` tells otherwise.

    What corrects a conversation that is there is known when it is imported, unless ``known_at`` tells otherwise.
    """

    key = "engagements"
    label = _("Engagements")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the conversation"), True),
        Column(
            "customer_external_id",
            _("your id of the customer; several parted by |"),
            True,
        ),
        Column(
            "direction",
            _("vendor_to_customer, customer_to_vendor, customer_to_customer or customer_to_third_party"),
            True,
        ),
        Column("channel", _("email, call, meeting, chat, event, community or other")),
        Column("occurred_at", _("when it took place"), True),
        Column("subject"),
        Column("body"),
        Column("sentiment", _("positive, neutral or negative")),
        Column("by_email", _("e-mail of the one of us who took part")),
        Column("contact_external_id", _("your ids of the people; several parted by |")),
        Column("third_party", _("who the customer spoke with, if neither us nor a customer")),
        Column("outcome_external_id", _("your id of the outcome it served")),
    )

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return ("external_id",)

    def understood(self, column: str, cell: Any, currency: str) -> str:
        if column in _OTHER:
            return values.text(cell, limit=200)
        value = engagements.CLEANERS[column](cell)
        if column == "occurred_at":
            return f"{value:%Y-%m-%d %H:%M} UTC" if value else ""
        return ", ".join(value) if isinstance(value, list) else str(value)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        facts, places, refused = [], [], []
        for place, (_number, cells, _extra) in enumerate(chunk.rows()):
            try:
                facts.append(self._facts(cells))
                places.append(place)
            except ValueError as error:
                refused.append(Refusal(place, "known_at", str(error)))
        result = engagements.upsert(rows=facts, actor=context.actor, now=context.now, is_history=True)
        return Applied(
            created=result.count(Outcome.CREATED),
            updated=result.count(Outcome.UPDATED),
            unchanged=result.count(Outcome.UNCHANGED),
            refused=refused + [Refusal(places[each.index], each.field, each.reason) for each in result.refusals],
            notes=result.notes,
        )

    @staticmethod
    def _facts(cells: dict[str, Any]) -> Facts:
        told = {name: cell for name, cell in cells.items() if name not in _OTHER}
        external_id = str(cells["external_id"] if cells["external_id"] is not None else "")
        return Facts(external_id, told, values.moment(cells.get("known_at")))
