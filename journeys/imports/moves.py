"""The kind of file that tells moves: who entered which stage, when and why, and what grounded who churned."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from accounts.models import Customer
from accounts.services.results import Outcome, Refusal
from accounts.services.writing import Facts
from csplatform.core.audit import Actor
from journeys.models import Force
from journeys.services import grounding, recording

_FORCE = ("force", "force_note")
_NOT_VALUES = {"external_id", "known_at", *_FORCE}


class MovesKind(ImportKind):
    """A row names a stage, or without one the force of a churn; churns themselves follow from subscriptions."""

    key = "moves"
    label = _("Moves between stages")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the move"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("stage", _("key of the stage it entered; empty beside a force"), True),
        Column("occurred_on", _("the day it happened"), True),
        Column("reason", _("why")),
        Column("override", _("yes where criteria or a handover were passed over")),
        Column("passed_over", _("what was passed over, several parted by |")),
        Column("by", _("who did it")),
        Column("force", _("of a churn: competitor, internal, external or vendor")),
        Column("force_note", _("more about it")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        cleaner = recording.CLEANERS.get(column)
        value = cleaner(cell) if cleaner else cell
        if column == "force" and not values.is_blank(cell):
            return str(Force(str(cell).strip().casefold()).label)
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)

    def version_columns(self, mapped: frozenset[str]) -> tuple[str, ...]:
        return ("external_id",)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        facts, places, applied = [], [], Applied()
        churns = []
        for place, (_number, cells, _extra) in enumerate(chunk.rows()):
            if values.is_blank(cells.get("stage")) and not values.is_blank(cells.get("force")):
                churns.append((place, cells))
                continue
            try:
                known_at = values.moment(cells.get("known_at"))
            except ValueError as error:
                applied.refused.append(Refusal(place, "known_at", str(error)))
                continue
            told = {name: cell for name, cell in cells.items() if name not in _NOT_VALUES}
            facts.append(Facts(str(cells["external_id"] or ""), told, known_at))
            places.append(place)
        result = recording.record(rows=facts, actor=context.actor, now=context.now)
        applied.created = result.count(Outcome.CREATED)
        applied.unchanged = result.count(Outcome.UNCHANGED)
        applied.refused += [Refusal(places[each.index], each.field, each.reason) for each in result.refusals]
        for place, cells in churns:
            self._ground(place, cells, context, applied)
        return applied

    def _ground(self, place: int, cells: dict[str, Any], context: Context, applied: Applied) -> None:
        field = "occurred_on"
        try:
            day = values.day(cells.get("occurred_on"))
            field = "by"
            by = values.text(cells.get("by"), limit=200)
            field = "customer_external_id"
            customer = Customer.objects.filter(
                external_id=values.text(cells.get("customer_external_id"), limit=200)
            ).first()
            if customer is None:
                raise ValueError(_("there is no customer with this id; import customers first"))
            changed = self._named(customer, cells, day, Actor(label=by) if by else context.actor, context)
        except ValueError as error:
            applied.refused.append(Refusal(place, field, str(error)))
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                applied.refused.append(Refusal(place, name, " ".join(messages)))
        else:
            applied.updated += changed
            applied.unchanged += not changed

    @staticmethod
    def _named(customer: Customer, cells: dict[str, Any], day: date | None, actor: Actor, context: Context) -> bool:
        """Whether the force was not the one named before."""
        churn = grounding.ground(
            customer_id=customer.pk,
            force=str(cells.get("force") or "").strip().casefold(),
            note=str(cells.get("force_note") or "").strip(),
            churned_on=day,
            actor=actor,
            now=context.now,
        )
        return churn.force_at == context.now
