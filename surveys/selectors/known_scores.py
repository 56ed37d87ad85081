"""NPS, CSAT and CES of customers as of any day, from what was known by then: one query for any number of both.

What an answer said before it was changed counts until the change; one that a host removed counts until the removal and
again from its restoring on. Days are UTC, and a window ends with its day. An answer that was erased never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from surveys.stats import scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KINDS = ("nps", "csat", "ces")
_DAY = "((v.{column} AT TIME ZONE 'UTC')::date - DATE '0001-01-01' + 1)::int4"


@dataclass(frozen=True, slots=True)
class Figures:
    """Per customer: the figure (NaN without an answer), of how many answers, and the ordinal of the day on which the
    last one was given, however long ago (−1: none ever).
    """

    values: Floats
    answers: Ints
    last_day: Ints


class KnownScores:
    """All that was said at ``customer_ids`` (kept in that order), readable as of any day.

    ``recorded_by``: what was stored later does not take part, whatever it claims to have been known.
    """

    def __init__(
        self,
        customer_ids: Sequence[UUID] | Sequence[str],
        kinds: Sequence[str],
        *,
        recorded_by: datetime | None = None,
    ) -> None:
        self._n = len(customer_ids)
        moment: Any = recorded_by or "infinity"
        found = fetch_columns(
            f"""
            SELECT (t.n - 1)::int4, array_position(%s::text[], v.kind::text)::int4 - 1,
                   uuid_hash_extended(v.response_id, 0)::int8, uuid_hash_extended(v.person, 0)::int8, v.id::int8,
                   coalesce(v.score, -1)::int4, v.occurred_at, {_DAY.format(column="occurred_at")}, v.known_at,
                   {_DAY.format(column="known_at")}
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
            JOIN surveys_scoreversion v ON v.workspace_id = %s AND v.customer_id = t.id AND v.kind = ANY(%s)
             AND v.recorded_at <= %s
            """,
            [list(KINDS), literal(customer_ids), str(current_workspace_id()), list(kinds), moment],
            {
                "customer": "i4",
                "kind": "i4",
                "response": "i8",
                "person": "i8",
                "id": "i8",
                "score": "i4",
                "given_at": "i8",
                "given_on": "i4",
                "known_at": "i8",
                "known_on": "i4",
            },
        )
        order = np.lexsort((found["id"], found["known_at"], found["response"]))
        self._rows = {name: column[order] for name, column in found.items()}

    def figures(
        self, kind: str, day: date, *, days: int, one_each: bool = True, known_by: date | None = None
    ) -> Figures:
        """The figures of ``kind`` from answers given in the ``days`` that end with ``day``.

        ``one_each``: each person speaks by the latest answer; otherwise every answer counts. ``known_by``: ``day``
        unless told otherwise.
        """
        told = self._told(kind, day.toordinal(), (known_by or day).toordinal())
        last_day = np.full(self._n, -1, dtype=np.int64)
        np.maximum.at(last_day, told["customer"], told["given_on"])
        fresh = told["given_on"] > day.toordinal() - days
        told = {name: column[fresh] for name, column in told.items()}
        if one_each:
            order = np.lexsort((told["id"], told["given_at"], told["person"], told["customer"]))
            told = {name: column[order] for name, column in told.items()}
            latest = _is_last(told["customer"], told["person"])
            told = {name: column[latest] for name, column in told.items()}
        answers = np.bincount(told["customer"], minlength=self._n)
        total = np.bincount(told["customer"], weights=scores.parts(kind, told["score"]), minlength=self._n)
        values = np.divide(total, answers, out=np.full(self._n, np.nan), where=answers > 0)
        return Figures(values, answers, last_day)

    def _told(self, kind: str, day: int, known: int) -> dict[str, npt.NDArray[Any]]:
        """The rows that say what each answer given by ``day`` was known to be; removed ones have none."""
        rows = self._rows
        visible = (rows["kind"] == KINDS.index(kind)) & (rows["known_on"] <= known) & (rows["given_on"] <= day)
        told = {name: column[visible] for name, column in rows.items()}
        counts = _is_last(told["response"]) & (told["score"] >= 0)
        return {name: column[counts] for name, column in told.items()}


def _is_last(*keys: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each row is the last of its run of equal keys."""
    last = np.ones(len(keys[0]), dtype=np.bool_)
    if len(last) > 1:
        last[:-1] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return last
