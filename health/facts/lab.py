"""The past laid out for the lab: values from snapshots where they hold them, rebuilt as of then where they do not.

Whether a customer was at risk on a day, and what became of it, is as in the churn panel (``health.churn.panel``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Min

from accounts.models import Subscription, Workspace
from accounts.terms import Spell
from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health import outages
from health.churn.panel import closed_days, label, touched
from health.facts.asof import AsOf
from health.facts.versions import Versions
from health.lab.columns import Column
from health.lab.history import History, key_of
from health.measures import DefinitionError, Floats, Spec, evaluate
from health.models import Measure, Scorecard, ScorecardVersion
from health.parsing import parse
from health.services.cards import Deck
from health.services.compute import card_of
from journeys.models import Macro

SHARD = 200
WEEKS = 52
MACROS = ("", *Macro.values)
_FIRST_DAYS = 28
_ORDINAL = "DATE '0001-01-01' - 1"


@dataclass(frozen=True, slots=True)
class Layout:
    """``days``: a week apart, oldest first, the labels of all of them settled. ``specs``: by ``key_of``. ``versions``:
    scorecards' versions that snapshots of those days hold values of. ``deck``: which scorecard was whose.
    """

    days: tuple[date, ...]
    specs: Mapping[str, Spec]
    versions: tuple[ScorecardVersion, ...]
    deck: Deck
    horizon: int
    grace: int
    through: date
    silent: int = 0


@dataclass(slots=True)
class Piece:
    """The rows of one shard. ``values``: rows × measures, in the order of the layout's; ``cells``: how many of them
    came from snapshots, and how many were rebuilt. ``card``: places in the deck; ``macro``: places in ``MACROS``.
    """

    day: npt.NDArray[np.uint16]
    customer: npt.NDArray[np.int32]
    churned: npt.NDArray[np.bool_]
    card: npt.NDArray[np.uint16]
    macro: npt.NDArray[np.uint8]
    values: Floats
    cells: tuple[int, int]


def lay_out(*, horizon: int, today: date) -> Layout:
    """The last year of weeks whose labels are settled in the active workspace; no days when there are none yet."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    yesterday = today - timedelta(days=1)
    through = min(workspace.data_through or yesterday, yesterday)
    last = through - timedelta(days=horizon + workspace.grace_days)
    events = _events_by_day(through)
    paid = Subscription.objects.filter(arr_minor__gt=0).aggregate(first=Min("starts_on"))["first"]
    began = [day for day in (min(events, default=None), paid) if day]
    first = max([max(began) + timedelta(days=_FIRST_DAYS), last - timedelta(weeks=WEEKS)]) if began else last
    last = _where_snapshots_are(first, last)
    days = closed_days(first, last)[-WEEKS:] if began and first <= last else []
    over = [each for each in outages.found(events, min(events), through) if each.last] if events else []
    quiet = touched(outages.days_of(over, through), days)
    kept = tuple(day for day in days if day not in quiet)
    deck = Deck.load()
    return Layout(kept, _specs(), _versions(kept), deck, horizon, workspace.grace_days, through, len(quiet))


def _events_by_day(through: date) -> dict[date, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (occurred_at AT TIME ZONE 'UTC')::date, count(*) FROM health_event
            WHERE workspace_id = %s AND customer_id IS NOT NULL
              AND occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
            GROUP BY 1
            """,
            [str(current_workspace_id()), through],
        )
        return dict(cursor.fetchall())


def _where_snapshots_are(first: date, last: date) -> date:
    """``last``, or up to six days earlier: so that the weeks meet as many snapshots as they can."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (%(last)s::date - as_of) %% 7 AS early FROM health_healthsnapshot
            WHERE workspace_id = %(workspace)s AND as_of BETWEEN %(first)s AND %(last)s
            GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
            """,
            {"workspace": str(current_workspace_id()), "first": first, "last": last},
        )
        found = cursor.fetchone()
    return last - timedelta(days=found[0] if found else 0)


def _specs() -> dict[str, Spec]:
    """What a draft may ask for: every measure, and what the scorecards in force look at."""
    found: dict[str, Spec] = {}
    for scorecard in Scorecard.objects.all():
        version = scorecard.versions.order_by("-version").first()
        if version is not None:
            found |= {key_of(spec): spec for spec in card_of(version).specs}
    for definition in Measure.objects.order_by("key").values_list("definition", flat=True):
        try:
            spec = parse(definition)
        except DefinitionError:
            continue  # of a source that is no more; no scorecard can take it up
        found.setdefault(key_of(spec), spec)
    return found


def _versions(days: Sequence[date]) -> tuple[ScorecardVersion, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT scorecard_version_id FROM health_healthsnapshot
            WHERE workspace_id = %s AND as_of = ANY(%s::date[])
            """,
            [str(current_workspace_id()), literal(days)],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return tuple(ScorecardVersion.objects.filter(pk__in=ids))


def load(layout: Layout, customer_ids: Sequence[UUID], *, first_position: int) -> Piece:
    """The rows of ``customer_ids`` (in the order of their ids), who are counted from ``first_position``."""
    known = Versions(customer_ids, grace_days=layout.grace, data_through=layout.through)
    at_risk, churned = _fates(layout, known, len(customer_ids))
    cards, macros = _cards(layout, customer_ids), _macros(layout, known)
    shape = (len(layout.specs), *at_risk.shape)
    values, held = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    _read_snapshots(layout, customer_ids, values, held)
    lacking = at_risk[None] & ~held
    _rebuild(layout, customer_ids, values, lacking)
    day, customer = np.nonzero(at_risk)
    return Piece(
        day.astype(np.uint16),
        (customer + first_position).astype(np.int32),
        churned[day, customer],
        cards[day, customer],
        macros[day, customer],
        values[:, day, customer].T,
        (int((at_risk[None] & held).sum()), int(lacking.sum())),
    )


def _cards(layout: Layout, ids: Sequence[UUID]) -> npt.NDArray[np.uint16]:
    """Days × customers: the place in the deck of the scorecard each had then."""
    places = {place.scorecard_id: number for number, place in enumerate(layout.deck.places)}
    found = np.zeros((len(layout.days), len(ids)), dtype=np.uint16)
    dealt = layout.deck.deal(ids, layout.days)
    for row, day in enumerate(layout.days):
        for version, whose in dealt[day]:
            found[row, slice(None) if whose is None else whose] = places[version.scorecard_id]
    return found


def _macros(layout: Layout, known: Versions) -> npt.NDArray[np.uint8]:
    """Days × customers: where each stood on its journey."""
    places = {macro: number for number, macro in enumerate(MACROS)}
    rows = [[places[macro] for macro in known.macros(day)] for day in layout.days]
    return np.array(rows, dtype=np.uint8)


def _fates(layout: Layout, known: Versions, count: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Days × customers: who was at risk, and who churned within the horizon."""
    spells = known.spells(layout.through)
    ends = [[each.ends_on.toordinal() for each in mine if each.ends_on] for mine in spells]
    at_risk = np.zeros((len(layout.days), count), dtype=np.bool_)
    churned = np.zeros_like(at_risk)
    through = layout.through.toordinal()
    for row, day in enumerate(layout.days):
        for place, contract in enumerate(known.contracts(day)):
            if contract.state == "active" and _runs(spells[place], day):
                at_risk[row, place] = True
                if ends[place]:
                    fate = label(day.toordinal(), layout.horizon, layout.grace, through, ends[place])
                    churned[row, place] = fate == 1
    return at_risk, churned


def _runs(spells: Sequence[Spell], day: date) -> bool:
    """Whether the contract ran on that day as it turned out: one that had ended unnoticed could not be helped."""
    return any(each.starts_on <= day and (each.ends_on is None or day < each.ends_on) for each in spells)


def _read_snapshots(layout: Layout, ids: Sequence[UUID], values: Floats, held: npt.NDArray[np.bool_]) -> None:
    everybody = np.frombuffer(b"".join(each.bytes for each in ids), dtype="S16")
    days = np.array([day.toordinal() for day in layout.days])
    keys = list(layout.specs)
    for version in layout.versions:
        specs = [key_of(spec) for spec in card_of(version).specs]
        found = fetch_columns(
            f"""
            SELECT customer_id, as_of - ({_ORDINAL}), "values" FROM health_healthsnapshot
            WHERE workspace_id = %s AND customer_id = ANY(%s::uuid[]) AND as_of = ANY(%s::date[])
              AND scorecard_version_id = %s AND known_through < (as_of + 1)::timestamp AT TIME ZONE 'UTC'
            ORDER BY revision
            """,
            [str(current_workspace_id()), literal(ids), literal(layout.days), str(version.pk)],
            {"customer": "V16", "day": "i4", "values": f"V{ARRAY_HEAD + 12 * len(specs)}"},
        )
        row = np.searchsorted(days, found["day"])
        place = np.searchsorted(everybody, found["customer"].view("S16"))
        told = numbers_of(found["values"], len(specs))
        for column, key in enumerate(specs):
            if key in layout.specs:
                values[keys.index(key), row, place] = told[:, column]
                held[keys.index(key), row, place] = True


ARRAY_HEAD = 20  # dimensions, flags, type, length and first place of a one-dimensional array as PostgreSQL sends it


def numbers_of(sent: npt.NDArray[np.void], size: int) -> Floats:
    """Arrays of ``size`` numbers each, as PostgreSQL sends them in binary: rows × ``size``."""
    kind = np.dtype([("head", f"V{ARRAY_HEAD}"), ("items", [("length", ">i4"), ("number", ">f8")], (size,))])
    numbers: Floats = sent.view(kind)["items"]["number"].astype(np.float64).reshape(len(sent), size)
    return numbers


def _rebuild(layout: Layout, ids: Sequence[UUID], values: Floats, lacking: npt.NDArray[np.bool_]) -> None:
    """Fill what is ``lacking`` from what was known by the end of each day."""
    wanted = [place for place in range(len(layout.specs)) if lacking[place].any()]
    if not wanted:
        return
    rows = np.flatnonzero(lacking.any(axis=(0, 2))).tolist()
    who = np.flatnonzero(lacking.any(axis=(0, 1)))
    specs = list(layout.specs.values())
    days = [layout.days[row] for row in rows]
    seen = AsOf(
        [ids[place] for place in who.tolist()],
        days,
        [specs[place] for place in wanted],
        grace_days=layout.grace,
        data_through=layout.through,
    )
    for row, day in zip(rows, days, strict=True):
        facts = seen.at(day)
        for place in wanted:
            gaps = lacking[place, row, who]
            values[place, row, who[gaps]] = evaluate(specs[place], facts)[gaps]


def assemble(layout: Layout, pieces: Iterable[Piece]) -> History:
    """All shards as one history, in the order of the days."""
    kept = list(pieces)
    day = _joined([piece.day for piece in kept], np.uint16)
    order = np.argsort(day, kind="stable")
    columns = {
        key: Column.of(_joined([piece.values[:, place] for piece in kept], np.float64)[order])
        for place, key in enumerate(layout.specs)
    }
    told = {
        "horizon": layout.horizon,
        "grace": layout.grace,
        "through": layout.through.isoformat(),
        "cards": [str(place.scorecard_id) for place in layout.deck.places],
        "macros": list(MACROS),
        "silent_weeks": layout.silent,
        "from_snapshots": sum(piece.cells[0] for piece in kept),
        "rebuilt": sum(piece.cells[1] for piece in kept),
    }
    return History(
        np.array([each.toordinal() for each in layout.days], dtype=np.int64),
        day[order],
        _joined([piece.customer for piece in kept], np.int32)[order],
        _joined([piece.churned for piece in kept], np.bool_)[order],
        columns,
        told,
        _joined([piece.card for piece in kept], np.uint16)[order],
        _joined([piece.macro for piece in kept], np.uint8)[order],
    )


def _joined(parts: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
