"""The kind of file that tells handovers: who offered whom to which department, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import KNOWN_AT, Applied, Chunk, Column, Context, ImportKind
from accounts.services.results import Outcome, Refusal
from accounts.services.writing import Facts
from journeys.services import relay_records

_NOT_VALUES = {"external_id", "known_at"}


class RelaysKind(ImportKind):
    """Departments and due dates not told are those of the workspace's handover between the two stages."""

    key = "relays"
    label = _("Handovers")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the handover"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("from_stage", _("key of the stage it left")),
        Column("to_stage", _("key of the stage it leads to"), True),
        Column("giver_department", _("such as marketing, sales or customer_success")),
        Column("taker_department", _("the department that is asked")),
        Column("giver_email", _("e-mail of who offered it")),
        Column("taker_email", _("e-mail of who is asked, or took it")),
        Column("state", _("offered, accepted, declined or withdrawn")),
        Column("reason", _("why it was offered")),
        Column("note", _("more about it")),
        Column("checklist", _("lines parted by |, ticked ones as [x] line")),
        Column("offered_at", _("when it was offered"), True),
        Column("due_at", _("by when; by working days if left out")),
        Column("decided_at", _("when it was accepted, declined or withdrawn")),
        Column("decided_by", _("who decided")),
        Column("decline_cause", _("incomplete, too_early, no_capacity, wrong_address or no_fit")),
        Column("decline_reason", _("why it was declined or withdrawn, in words")),
        Column("reoffers_external_id", _("your id of the declined one it offers again")),
        KNOWN_AT,
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        cleaner = relay_records.CLEANERS.get(column)
        value = cleaner(cell) if cleaner else cell
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        if column == "checklist" and isinstance(value, list):
            return ", ".join(f"✓ {item.text}" if item.done else item.text for item in value)
        return "" if value is None else str(value)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return ("external_id",)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        facts, places, applied = [], [], Applied()
        for place, (_number, cells, _extra) in enumerate(chunk.rows()):
            try:
                known_at = values.moment(cells.get("known_at"))
            except ValueError as error:
                applied.refused.append(Refusal(place, "known_at", str(error)))
                continue
            told = {name: cell for name, cell in cells.items() if name not in _NOT_VALUES}
            facts.append(Facts(str(cells["external_id"] or ""), told, known_at))
            places.append(place)
        result = relay_records.record(rows=facts, actor=context.actor, now=context.now)
        applied.created = result.count(Outcome.CREATED)
        applied.updated = result.count(Outcome.UPDATED)
        applied.unchanged = result.count(Outcome.UNCHANGED)
        applied.refused += [Refusal(places[each.index], each.field, each.reason) for each in result.refusals]
        return applied
