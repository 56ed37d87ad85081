"""What kinds of records share: rows as facts, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import values
from accounts.imports.kinds import Applied, Chunk
from accounts.services.results import Outcome, Refusal, Result
from accounts.services.writing import Cleaner, Facts


def apply(chunk: Chunk, record: Callable[[Sequence[Facts]], Result], but: Collection[str] = ()) -> Applied:
    """Hand the rows of a chunk to ``record``, without the columns ``but``; the id and when it was known apart."""
    facts, places, refused = [], [], []
    for place, (number, cells, _extra) in enumerate(chunk.rows()):
        try:
            known_at = values.moment(cells.get("known_at"))
        except ValueError as error:
            refused.append(Refusal(place, "known_at", str(error)))
            continue
        told = {name: cell for name, cell in cells.items() if name not in {"external_id", "known_at", *but}}
        is_one_of_many = known_at is not None and number in chunk.repeated
        facts.append(Facts(str(cells["external_id"] or ""), told, known_at, is_one_of_many=is_one_of_many))
        places.append(place)
    result = record(facts)
    return Applied(
        created=result.count(Outcome.CREATED),
        updated=result.count(Outcome.UPDATED),
        unchanged=result.count(Outcome.UNCHANGED),
        refused=refused + [Refusal(places[each.index], each.field, each.reason) for each in result.refusals],
        notes=result.notes,
    )


def understood(cleaners: Mapping[str, Cleaner], column: str, cell: Any) -> str:
    """How a cell is read, for people; raises ``ValueError`` where it cannot be."""
    cleaner = cleaners.get(column) or (values.moment if column == "known_at" else None)
    value = cleaner(cell) if cleaner else cell
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def version_columns(mapped: frozenset[str]) -> tuple[str, ...]:
    return ("external_id", "known_at") if "known_at" in mapped else ("external_id",)
