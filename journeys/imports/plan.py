"""Files of the success plan: outcomes with their KPIs, and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import partial
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import Applied, Chunk, Column, Context, ImportKind
from accounts.services.results import Outcome as Became
from accounts.services.results import Refusal, Result
from accounts.services.writing import Cleaner, Facts
from journeys.services.planning import kpis, measuring, outcomes

_OTHER: dict[str, Cleaner] = {"external_id": partial(values.text, limit=200), "known_at": values.moment}
_OUTCOME = ("customer_external_id", "statement", "kind", "due_on", "confidence", "settlement", "effective_on", "reason")
_KPI = {
    "kpi_name": "name",
    "unit": "unit",
    "direction": "direction",
    "baseline": "baseline",
    "target": "target",
    "kpi_due_on": "due_on",
    "measured_by": "measured_by",
    "measure_key": "measure_key",
}


class Outcomes(ImportKind):
    """A row is an outcome, and with its KPI columns a KPI of it; an outcome with several KPIs has several rows.

    Blank cells leave what is stored alone, so that only the first of these rows needs the outcome's own words.
    """

    key = "outcomes"
    label = _("Outcomes")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the outcome"), True),
        Column("customer_external_id", _("your id of the customer"), True),
        Column("statement", _("what the customer expects")),
        Column("kind", _("outcome or trial")),
        Column("due_on", _("when the outcome is due")),
        Column("confidence", _("high, medium or low")),
        Column("settlement", _("met, missed, waived or dropped, by name")),
        Column("effective_on", _("since when it says so")),
        Column("reason", _("why it changed")),
        Column("kpi_external_id", _("your own id of the KPI")),
        Column("kpi_name", _("what is measured")),
        Column("unit"),
        Column("direction", _("up or down; follows from baseline and target when left out")),
        Column("baseline", _("where the KPI stands at first")),
        Column("target", _("where it is to go")),
        Column("kpi_due_on", _("when the KPI is due, if not with its outcome")),
        Column("measured_by", _("who measures")),
        Column("measure_key", _("key of a measure of use it is read from")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        cleaner = outcomes.CLEANERS.get(column) or kpis.CLEANERS.get(_KPI.get(column, column)) or _OTHER.get(column)
        value = cleaner(cell) if cleaner else values.text(cell, limit=200)
        return "" if value is None else str(value)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        rows = [cells for _number, cells, _extra in chunk.rows()]
        applied = Applied()
        facts, places = _facts(rows, _outcome_facts, applied)
        result = outcomes.upsert(
            rows=facts, actor=context.actor, now=context.now, usual_reason=gettext("Changed by an import")
        )
        refused = _taken_over(applied, result, places)
        told = [place for place in places if place not in refused and _has_kpi(rows[place])]
        more, more_places = _facts([rows[place] for place in told], _kpi_facts, applied, told)
        second = kpis.upsert(
            rows=more, actor=context.actor, now=context.now, usual_reason=gettext("Changed by an import")
        )
        kept = str(_("the outcome was kept without this KPI"))
        for refusal in second.refusals:
            reason = f"{refusal.reason}; {kept}"
            applied.refused.append(Refusal(more_places[refusal.index], refusal.field, reason))
        _count(applied, _together(result, places, second, more_places))
        return applied


class Measurements(ImportKind):
    """Without an external id, a KPI has one measurement a day."""

    key = "measurements"
    label = _("Measurements")
    columns: ClassVar[tuple[Column, ...]] = (
        Column("external_id", _("your own id of the measurement")),
        Column("kpi_external_id", _("your id of the KPI"), True),
        Column("value", _("what was measured"), True),
        Column("measured_on", _("the day it was measured"), True),
        Column("note"),
        Column("reason", _("why an earlier figure is corrected")),
    )

    def understood(self, column: str, cell: Any, currency: str) -> str:
        value = (measuring.CLEANERS.get(column) or _OTHER[column])(cell)
        return "" if value is None else str(value)

    def apply(self, chunk: Chunk, context: Context) -> Applied:
        applied = Applied()
        facts, places = _facts([cells for _number, cells, _extra in chunk.rows()], _measurement_facts, applied)
        result = measuring.upsert(
            rows=facts,
            source="import",
            actor=context.actor,
            now=context.now,
            known_when_measured=True,
            usual_reason=gettext("Changed by an import"),
        )
        _taken_over(applied, result, places)
        _count(applied, [(place, result.outcomes[index]) for index, place in enumerate(places)])
        return applied


def _facts(
    rows: list[dict[str, Any]], make: Any, applied: Applied, at: list[int] | None = None
) -> tuple[list[Facts], list[int]]:
    """Rows as facts with their places in the chunk; those that cannot be read are refused."""
    facts, places = [], []
    for index, cells in enumerate(rows):
        place = at[index] if at else index
        try:
            facts.append(make(cells))
            places.append(place)
        except ValueError as error:
            applied.refused.append(Refusal(place, "", str(error)))
    return facts, places


def _outcome_facts(cells: Mapping[str, Any]) -> Facts:
    told = {name: cells[name] for name in _OUTCOME if not values.is_blank(cells.get(name))}
    return Facts(_id(cells), told, _known_at(cells))


def _kpi_facts(cells: Mapping[str, Any]) -> Facts:
    told = {ours: cells[column] for column, ours in _KPI.items() if not values.is_blank(cells.get(column))}
    shared = {name: cells[name] for name in ("effective_on", "reason") if not values.is_blank(cells.get(name))}
    named = cells.get("kpi_external_id")
    external_id = str(named) if not values.is_blank(named) else f"{_id(cells)}:{cells.get('kpi_name')}"
    return Facts(external_id, {**shared, **told, "outcome_external_id": _id(cells)}, _known_at(cells))


def _measurement_facts(cells: Mapping[str, Any]) -> Facts:
    told = {
        name: cells[name]
        for name in ("kpi_external_id", "value", "measured_on", "note", "reason")
        if not values.is_blank(cells.get(name))
    }
    given = cells.get("external_id")
    external_id = f"{cells.get('kpi_external_id')}@{values.day(cells.get('measured_on'))}"
    known_at = values.moment(cells.get("known_at"))
    return Facts(external_id if values.is_blank(given) else str(given), told, known_at)


def _known_at(cells: Mapping[str, Any]) -> datetime | None:
    """When a row was known: as told, else when it took effect, else (None) now."""
    told = values.moment(cells.get("known_at"))
    if told is not None:
        return told
    effective_on = values.day(cells.get("effective_on"))
    return datetime.combine(effective_on, time.min, UTC) if effective_on else None


def _id(cells: Mapping[str, Any]) -> str:
    return "" if cells.get("external_id") is None else str(cells["external_id"])


def _has_kpi(cells: Mapping[str, Any]) -> bool:
    return any(not values.is_blank(cells.get(column)) for column in ("kpi_external_id", *_KPI))


def _taken_over(applied: Applied, result: Result, places: list[int]) -> set[int]:
    """Note what the service refused; returns the places in the chunk."""
    applied.refused += [Refusal(places[each.index], each.field, each.reason) for each in result.refusals]
    return {places[each.index] for each in result.refusals}


def _together(first: Result, places: list[int], second: Result, more_places: list[int]) -> list[tuple[int, Became]]:
    """What became of each row whose outcome and KPI are written apart: the greater of the two changes."""
    became = {place: first.outcomes[index] for index, place in enumerate(places)}
    order = [Became.UNCHANGED, Became.UPDATED, Became.CREATED, Became.REFUSED]
    for index, place in enumerate(more_places):
        became[place] = max(became[place], second.outcomes[index], key=order.index)
    return list(became.items())


def _count(applied: Applied, became: list[tuple[int, Became]]) -> None:
    outcomes_of = [each for _place, each in became]
    applied.created += outcomes_of.count(Became.CREATED)
    applied.updated += outcomes_of.count(Became.UPDATED)
    applied.unchanged += outcomes_of.count(Became.UNCHANGED)
