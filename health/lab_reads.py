"""What the lab answers: today's customers under a draft, and how draft and version in force rank the same past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.core.paginator import Page, Paginator
from django.db import connection
from django.utils import timezone

from accounts.models import Customer
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health import adjusting
from health.facts import live
from health.facts.lab import ARRAY_HEAD, numbers_of
from health.lab.history import History, key_of, totals
from health.lab.movement import Movement, movement
from health.lab.ranking import Compared, compare
from health.measures import Floats, Ints, evaluate
from health.models import Scorecard, ScorecardVersion
from health.scoring import Card, score
from health.services import assigning, drafts, lab
from health.services.compute import card_of

PAGE = 25
_BANDS = ("healthy", "watch", "at_risk", "unknown", "not_applicable")


@dataclass(frozen=True, slots=True)
class Present:
    """Today's customers of a scorecard's version. ``values``: by ``key_of`` of what is looked at."""

    ids: list[UUID]
    arr_minor: Ints
    applicable: npt.NDArray[np.bool_]
    overrides: npt.NDArray[np.int8]
    bands: list[str]
    points: Ints
    values: dict[str, Floats]

    def only(self, wanted: npt.NDArray[np.bool_]) -> Present:
        """Those of them who are ``wanted``."""
        return Present(
            [each for each, is_one in zip(self.ids, wanted, strict=True) if is_one],
            self.arr_minor[wanted],
            self.applicable[wanted],
            self.overrides[wanted],
            [each for each, is_one in zip(self.bands, wanted, strict=True) if is_one],
            self.points[wanted],
            {key: told[wanted] for key, told in self.values.items()},
        )


class Moved(NamedTuple):
    """A customer who would change band; points in hundredths, None where there is no score."""

    customer: Customer
    before: str
    after: str
    points_before: int | None
    points_after: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``moved``: a page of those who would change band. ``compared``: None without a history of the scorecard's
    customers; ``rows``: how many of the history's rows are theirs. ``lacks``: measures with weight that it holds
    nothing of, by key. ``unseen``: customers who take no part today, because another scorecard is theirs.
    """

    movement: Movement
    moved: Page[Moved]
    compared: Compared | None
    rows: int
    lacks: list[str]
    unseen: int


def beside(scorecard: Scorecard) -> ScorecardVersion | None:
    """What a draft is held against: the version in force; of a scorecard that has none yet, the default one's."""
    return drafts.in_force(scorecard.pk) or drafts.in_force(Scorecard.objects.get(is_default=True).pk)


def answer(
    draft: Card,
    scorecard: Scorecard,
    version: ScorecardVersion,
    history: History | None,
    *,
    capacity: int,
    page: str | int = 1,
) -> Answer:
    """What ``draft`` would change against ``version`` (of ``beside``) for the customers ``scorecard`` is for.

    ``capacity``: customers the team can look after at a time; ``page``: of the list of those who move.
    """
    now = present(version, draft)
    everybody = len(now.ids)
    if version.scorecard_id != scorecard.pk:
        now = now.only(_whom(scorecard, now.ids))
    values = np.column_stack([now.values[key_of(spec)] for spec in draft.specs])
    scored = score(draft, values, now.applicable, now.overrides)
    after = scored.band.tolist()
    found = movement(now.bands, after, now.arr_minor)
    pages = Paginator(found.moved.tolist(), PAGE)
    listed = pages.get_page(page)
    customers = Customer.objects.in_bulk([now.ids[place] for place in listed])
    moved = [
        Moved(
            customers[now.ids[place]],
            now.bands[place],
            after[place],
            _or_none(now.points[place]),
            _or_none(scored.total[place]),
        )
        for place in listed
        if now.ids[place] in customers
    ]
    compared, rows = None, 0
    if history is not None:
        compared, rows = _compared(draft, scorecard, version, history, capacity)
    lacks = history.lacks(draft) if history is not None else []
    return Answer(
        found, Page(moved, listed.number, pages), compared, rows, lacks, _unseen(version) + everybody - len(now.ids)
    )


def _whom(scorecard: Scorecard, ids: list[UUID]) -> npt.NDArray[np.bool_]:
    """For which of the default scorecard's customers the rule of one that scores nobody yet holds today."""
    stages = {str(pk): macro or "" for pk, macro in Customer.objects.values_list("pk", "stage_macro")}
    keys = [str(each) for each in ids]
    return assigning.holds(scorecard, keys, [stages.get(key, "") for key in keys], timezone.now())


def _compared(
    draft: Card, scorecard: Scorecard, version: ScorecardVersion, history: History, capacity: int
) -> tuple[Compared | None, int]:
    """How both rank the rows of the scorecard's customers, and how many those are."""
    among = lab.rows_for(scorecard, history)
    rows = int(among.sum())
    if not rows:
        return None, 0
    mine, theirs = totals(draft, history), totals(card_of(version), history)
    told = (history.churned, history.customer, history.day.astype(np.int64))
    if rows < len(history):
        mine, theirs = mine[among], theirs[among]
        told = (told[0][among], told[1][among], told[2][among])
    churned, customer, day = told
    return compare(mine, theirs, churned=churned, customer=customer, day=day, capacity=capacity), rows


def _or_none(points: np.int64) -> int | None:
    return None if points < 0 else int(points)


def present(version: ScorecardVersion, draft: Card) -> Present:
    """Customers whose present score is of ``version``; what the draft looks at beyond it is read anew."""
    specs = card_of(version).specs
    found = fetch_columns(
        """
        SELECT s.customer_id, coalesce(c.arr_minor, 0), array_position(%s::text[], s.band::text),
               coalesce(array_position(%s::text[], o.band::text), 0), coalesce(s.points, -1), s."values"
        FROM health_healthscore s JOIN accounts_customer c ON c.id = s.customer_id
        LEFT JOIN health_healthoverride o ON o.id = s.override_id
        WHERE s.workspace_id = %s AND s.scorecard_version_id = %s ORDER BY s.customer_id
        """,
        [list(_BANDS), list(adjusting.BANDS), str(current_workspace_id()), str(version.pk)],
        {
            "customer": "V16",
            "arr": "i8",
            "band": "i4",
            "override": "i4",
            "points": "i4",
            "values": f"V{ARRAY_HEAD + 12 * len(specs)}",
        },
    )
    ids = [UUID(bytes=each.tobytes()) for each in found["customer"]]
    numbers = numbers_of(found["values"], len(specs))
    values = {key_of(spec): numbers[:, place] for place, spec in enumerate(specs)}
    bands = [_BANDS[code - 1] for code in found["band"].tolist()]
    _read_more(draft, ids, values)
    return Present(
        ids,
        found["arr"].astype(np.int64),
        np.array([band != "not_applicable" for band in bands], dtype=np.bool_),
        found["override"].astype(np.int8),
        bands,
        found["points"].astype(np.int64),
        values,
    )


def _read_more(draft: Card, ids: list[UUID], values: dict[str, Floats]) -> None:
    """Values of what the version in force does not look at, from the running state."""
    lacking = {key_of(spec): spec for spec in draft.specs if key_of(spec) not in values}
    if not lacking:
        return
    loaded = live.load(ids, timezone.now().date(), list(lacking.values()))
    place = {UUID(each): number for number, each in enumerate(loaded.ids)}
    at = np.array([place.get(each, -1) for each in ids], dtype=np.int64)
    for key, spec in lacking.items():
        told = np.append(evaluate(spec, loaded.facts), np.nan)
        values[key] = told[at]


def _unseen(version: ScorecardVersion) -> int:
    """Customers who are not scored by ``version`` at present, and take no part."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM health_healthscore WHERE workspace_id = %s AND scorecard_version_id <> %s",
            [str(current_workspace_id()), str(version.pk)],
        )
        return int(cursor.fetchone()[0])
