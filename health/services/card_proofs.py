"""How a published scorecard itself would have ranked churn: read off the snapshots of then, per version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health.churn import details, metrics
from health.churn.backtest import FEWEST_TESTED
from health.churn.panel import LONGEST_SPAN, MOST_ROWS
from health.facts.versions import Versions
from health.measures import Floats, Ints
from health.models import HealthSnapshot, ScorecardVersion
from health.risk import INPUTS

_SHARD = 1_000
_BANDS = (("at_risk", 0), ("watch", 1), ("healthy", 2))


def of_versions(*, horizon: int, grace: int, through: date, capacity: int | None) -> list[dict[str, Any]]:
    """Per version with settled snapshots of customers at risk, the newest first: the figures, and churn by band."""
    last = through - timedelta(days=horizon + grace)
    days = _days(last)
    if not days:
        return []
    rows = HealthSnapshot.objects.filter(as_of__in=days, points__isnull=False)
    people = sorted(set(rows.values_list("customer_id", flat=True)))
    pieces = [
        _shard(people[first : first + _SHARD], days, first, horizon, grace, through)
        for first in range(0, len(people), _SHARD)
    ]
    table = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]} if pieces else {}
    if not table:
        return []
    return [
        _proof(
            version,
            {name: column[table["version"] == version.version] for name, column in table.items()},
            horizon,
            grace,
            through,
            capacity,
        )
        for version in ScorecardVersion.objects.filter(scorecard__is_default=True).order_by("-version")
        if (table["version"] == version.version).any()
    ]


def _days(last: date) -> list[date]:
    """Days with snapshots up to ``last``, a week apart at least; thinned where they hold too many rows."""
    found: list[date] = []
    rows = HealthSnapshot.objects.filter(as_of__lte=last, as_of__gt=last - timedelta(days=LONGEST_SPAN))
    for day in rows.order_by("-as_of").values_list("as_of", flat=True).distinct():
        if not found or (found[-1] - day).days >= 7:
            found.append(day)
    if not found:
        return []
    each = HealthSnapshot.objects.filter(as_of=found[0]).count()
    return found[:: max(1, -(-len(found) * each // MOST_ROWS))]


def _shard(
    people: Sequence[UUID], days: Sequence[date], first: int, horizon: int, grace: int, through: date
) -> dict[str, Any]:
    """The ordinary snapshots of some customers, each with what became of them."""
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, (s.as_of - DATE '0001-01-01' + 1)::int4, s.points::int4, v.version::int4,
               (CASE s.band WHEN 'at_risk' THEN 0 WHEN 'watch' THEN 1 ELSE 2 END)::int4
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN LATERAL (
          SELECT DISTINCT ON (as_of) as_of, points, band, scorecard_version_id, risk_inputs
          FROM health_healthsnapshot
          WHERE workspace_id = %s AND customer_id = t.id AND as_of = ANY(%s::date[])
            AND known_through < (as_of + 1)::timestamp AT TIME ZONE 'UTC'
          ORDER BY as_of, revision DESC) s ON s.points IS NOT NULL AND s.risk_inputs[{INPUTS.index("notice") + 1}] < 1
        JOIN health_scorecardversion v ON v.id = s.scorecard_version_id
        """,
        [[str(each) for each in people], str(current_workspace_id()), list(days)],
        {"customer": "i4", "day": "i4", "points": "i4", "version": "i4", "band": "i4"},
    )
    spells = Versions(people, grace_days=grace, data_through=through).spells(through)
    spans = [
        [(each.starts_on.toordinal(), each.ends_on.toordinal() if each.ends_on else 1 << 22) for each in mine]
        for mine in spells
    ]
    ends = np.array(
        [
            next((end for start, end in spans[who] if start <= day < end), 0)
            for who, day in zip(found["customer"].tolist(), found["day"].tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    under_contract = ends > 0
    return {
        **{name: column.astype(np.int64)[under_contract] for name, column in found.items() if name != "customer"},
        "customer": found["customer"].astype(np.int64)[under_contract] + first,
        "ends": np.where(ends >= 1 << 22, 0, ends)[under_contract],
    }


def _proof(
    version: ScorecardVersion,
    rows: dict[str, Ints],
    horizon: int,
    grace: int,
    through: date,
    capacity: int | None,
) -> dict[str, Any]:
    labels = ((rows["ends"] > 0) & (rows["ends"] <= rows["day"] + horizon)).astype(np.float64)
    told: Floats = 1 - rows["points"] / 10_000
    draws = metrics.Draws.of(rows["customer"])
    tested = details.Tested(
        labels, rows["customer"], rows["day"], rows["ends"], np.ones(len(labels)), {"score": told}, {}, grace,
        through.toordinal(),
    )  # fmt: skip
    described = details.describe(tested, capacity=capacity, main="score")
    churned = len(np.unique(rows["customer"][labels > 0]))
    document = {
        "version": version.version,
        "published_at": version.published_at.isoformat(),
        "n": len(labels),
        "churned": int(labels.sum()),
        "churned_customers": churned,
        "first": date.fromordinal(int(rows["day"].min())).isoformat(),
        "last": date.fromordinal(int(rows["day"].max())).isoformat(),
        "verdict": "told" if churned >= FEWEST_TESTED else "not_enough_data",
        "roc_auc": metrics.roc_auc(labels, told),
        "roc_auc_ci": draws.auc_interval(labels, told),
        "bands": [
            {
                "band": band,
                "n": int((rows["band"] == code).sum()),
                "churned": int(labels[rows["band"] == code].sum()),
            }
            for band, code in _BANDS
        ],
        **{name: described[name] for name in ("roc", "gains", "at_days", "at_capacity")},
    }
    told_now: dict[str, Any] = metrics.rounded(document)
    return told_now
