"""How a published scorecard itself would have ranked churn: read off the snapshots of then, per version, beside the
rules and the days to renewal of the same customers on the same days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from accounts.models import Customer
from csplatform.core.arrays import literal
from csplatform.core.columns import fetch_columns
from csplatform.core.tenancy import current_workspace_id
from health import risk
from health.churn import details, metrics
from health.churn.backtest import FEWEST_TESTED
from health.churn.panel import LONGEST_SPAN, MOST_ROWS
from health.facts.panel import Revenue
from health.facts.versions import Versions
from health.measures import Floats, Ints
from health.models import HealthSnapshot, ScorecardVersion
from health.risk import INPUTS
from health.services import proof_segments

SCORE, RULES, RENEWAL = "score", "rules", "renewal_only"
_SHARD = 1_000
_BANDS = (("at_risk", 0), ("watch", 1), ("healthy", 2))
_DRAWS = 200
_OPEN = 1 << 22  # later than every day there is


@dataclass(frozen=True, slots=True)
class Asked:
    """What all versions are asked alike: ``horizon`` and ``grace`` in days, and the last day of complete data."""

    horizon: int
    grace: int
    through: date
    capacity: int | None

    @property
    def last(self) -> date:
        """The last day whose outcome is settled."""
        return self.through - timedelta(days=self.horizon + self.grace)


def of_versions(asked: Asked) -> list[dict[str, Any]]:
    """Per version of every scorecard with settled snapshots of customers at risk: the figures, and churn by band.

    The default scorecard first, then by name; of each the newest version first.
    """
    days = _days(asked.last)
    if not days:
        return []
    versions = list(ScorecardVersion.objects.select_related("scorecard"))
    rows = HealthSnapshot.objects.filter(as_of__in=days, points__isnull=False)
    people = sorted(set(rows.values_list("customer_id", flat=True)))
    pieces = [
        _shard(people[first : first + _SHARD], days, first, asked, versions) for first in range(0, len(people), _SHARD)
    ]
    if not pieces:
        return []
    table = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    industries = dict(Customer.objects.filter(pk__in=people).values_list("id", "industry"))
    kinds = [industries.get(key, "") for key in people]
    places = [place for place in range(len(versions)) if (table["version"] == place).any()]
    places.sort(key=lambda place: _order(versions[place]))
    return [
        _proof(versions[place], {name: column[table["version"] == place] for name, column in table.items()}, asked,
               people, kinds)
        for place in places
    ]  # fmt: skip


def _order(version: ScorecardVersion) -> tuple[bool, str, int]:
    return not version.scorecard.is_default, version.scorecard.name, -version.version


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
    people: Sequence[UUID], days: Sequence[date], first: int, asked: Asked, versions: Sequence[ScorecardVersion]
) -> dict[str, Any]:
    """The ordinary snapshots of some customers, each with what became of them. ``customer`` counts from ``first``."""
    told = ", ".join(f"coalesce(s.risk_inputs[{place + 1}], 'NaN')::float8" for place in range(len(INPUTS)))
    found = fetch_columns(
        f"""
        SELECT (t.n - 1)::int4, (s.as_of - DATE '0001-01-01' + 1)::int4, s.points::int4, (v.n - 1)::int4,
               (CASE s.band WHEN 'at_risk' THEN 0 WHEN 'watch' THEN 1 ELSE 2 END)::int4, {told}
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n)
        JOIN LATERAL (
          SELECT DISTINCT ON (as_of) as_of, points, band, scorecard_version_id, risk_inputs
          FROM health_healthsnapshot
          WHERE workspace_id = %s AND customer_id = t.id AND as_of = ANY(%s::date[])
            AND known_through < (as_of + 1)::timestamp AT TIME ZONE 'UTC'
          ORDER BY as_of, revision DESC) s ON s.points IS NOT NULL AND s.risk_inputs[{INPUTS.index("notice") + 1}] < 1
        JOIN unnest(%s::uuid[]) WITH ORDINALITY AS v(id, n) ON v.id = s.scorecard_version_id
        """,
        [literal(people), str(current_workspace_id()), literal(days), literal([each.pk for each in versions])],
        dict.fromkeys(("customer", "day", "points", "version", "band"), "i4") | dict.fromkeys(INPUTS, "f8"),
    )
    rows = {name: column if name in INPUTS else column.astype(np.int64) for name, column in found.items()}
    spells = Versions(people, grace_days=asked.grace, data_through=asked.through).spells(asked.through)
    spans = [
        [(each.starts_on.toordinal(), each.ends_on.toordinal() if each.ends_on else _OPEN) for each in mine]
        for mine in spells
    ]
    ends = np.array(
        [
            next((end for start, end in spans[who] if start <= day < end), 0)
            for who, day in zip(rows["customer"].tolist(), rows["day"].tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    revenue = Revenue(people)
    arr = np.zeros(len(ends))
    for day in np.unique(rows["day"]).tolist():
        mine = rows["day"] == day
        arr[mine] = revenue.on(date.fromordinal(day))[rows["customer"][mine]]
    under_contract = ends > 0
    rows |= {"customer": rows["customer"] + first, "ends": np.where(ends >= _OPEN, 0, ends), "arr": arr}
    return {name: column[under_contract] for name, column in rows.items()}


def _proof(
    version: ScorecardVersion, rows: dict[str, Any], asked: Asked, people: Sequence[UUID], industries: Sequence[str]
) -> dict[str, Any]:
    tested = _tested(rows, asked, industries)
    labels, told = tested.labels, tested.told[SCORE]
    draws = metrics.Draws.of(rows["customer"], draws=_DRAWS)
    described = details.describe(tested, capacity=asked.capacity, main=SCORE)
    churned = len(np.unique(rows["customer"][labels > 0]))
    document = {
        "key": str(version.pk),
        "scorecard": version.scorecard.name,
        "version": version.version,
        "published_at": version.published_at.isoformat(),
        "n": len(labels),
        "churned": int(labels.sum()),
        "churned_customers": churned,
        "first": date.fromordinal(int(rows["day"].min())).isoformat(),
        "last": date.fromordinal(int(rows["day"].max())).isoformat(),
        "verdict": "told" if churned >= FEWEST_TESTED else "not_enough_data",
        "beside": {name: _beside(draws, labels, theirs) for name, theirs in tested.told.items()},
        "score_less": {name: _less(draws, labels, told, tested.told[name]) for name in (RULES, RENEWAL)},
        "bands": [_band(band, rows["band"] == code, labels) for band, code in _BANDS],
    }
    told_now: dict[str, Any] = metrics.rounded(document)
    return {**told_now, "details": proof_segments.named(described, people)}


def _tested(rows: dict[str, Any], asked: Asked, industries: Sequence[str]) -> details.Tested:
    ends: Ints = rows["ends"]
    inputs = np.column_stack([rows[name] for name in INPUTS])
    by_rules = risk.assess(inputs, np.ones(len(inputs), dtype=np.bool_), asked.horizon).risk / 10_000
    near: Floats = rows["days_to_renewal"]
    arr, who = rows["arr"], rows["customer"].tolist()
    return details.Tested(
        ((ends > 0) & (ends <= rows["day"] + asked.horizon)).astype(np.float64),
        rows["customer"],
        rows["day"],
        ends,
        arr,
        # Without a day of renewal nothing is near.
        {SCORE: 1 - rows["points"] / 10_000, RULES: by_rules, RENEWAL: np.where(np.isnan(near), -1e6, -near)},
        proof_segments.of_rows(arr, rows["tenure_days"], [industries[place] for place in who]),
        asked.grace,
        asked.through.toordinal(),
    )


def _beside(draws: metrics.Draws, labels: Floats, told: Floats) -> dict[str, Any]:
    """What one ranking is worth."""
    hits, size = metrics.caught(labels, told, 0.1)
    return {
        "roc_auc": metrics.roc_auc(labels, told),
        "roc_auc_ci": draws.auc_interval(labels, told),
        "lift_top_decile": (hits / size) / labels.mean() if labels.any() else None,
    }


def _less(draws: metrics.Draws, labels: Floats, score: Floats, theirs: Floats) -> dict[str, Any]:
    """The score's ROC AUC less that of another ranking, on the same resamples of customers."""
    aucs = [metrics.roc_auc(labels, each) for each in (score, theirs)]
    return {
        "roc_auc": None if aucs[0] is None or aucs[1] is None else aucs[0] - aucs[1],
        "roc_auc_ci": metrics.interval(draws.auc_differences(labels, score, theirs)),
    }


def _band(band: str, rows: Any, labels: Floats) -> dict[str, Any]:
    return {"band": band, "n": int(rows.sum()), "churned": int(labels[rows].sum())}
