"""Present scores: who is dirty is scored again from running state, within milliseconds of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Customer, Workspace
from accounts.services import bulk, read_model
from csplatform.core import outbox
from csplatform.core.arrays import literal, literals
from csplatform.core.tenancy import current_workspace_id, workspace_scope
from health import risk
from health.facts import live
from health.measures import take
from health.models import HealthScore
from health.risk import BaseRate
from health.services import assigning, base_rate, cards, champion
from health.services.compute import Result, card_of, compute, specs_of

BATCH = 500
# Facts that are complete to a day before that tell of the past: a nightly export is at most some days old.
_PRESENT = timedelta(days=7)


def covered_until() -> datetime:
    """A moment before which every acknowledged event is stored and part of the running state.

    Read the state after calling this. The statement's own time lies before its view of the inbox: what was
    acknowledged before either has been drained, or waits there and bounds the answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least(statement_timestamp(), min(received_at)) FROM health_inboxbatch WHERE workspace_id = %s",
            [str(current_workspace_id())],
        )
        covered: datetime = cursor.fetchone()[0]
    return covered


def refresh_dirty(*, limit: int = BATCH) -> int:
    """Score up to ``limit`` dirty customers of the active workspace; returns how many. Run it until 0.

    The dirty rows are deleted before anything is read, in the same transaction: what arrives in between waits
    for the row's lock and makes it dirty again, so no arrival is lost and a crash undoes everything.
    """
    with transaction.atomic(savepoint=False):
        covered = covered_until()
        ids = _take_dirty(limit)
        if ids:
            day = covered.astimezone(UTC).date()
            score_present(ids, day=day, computed_at=covered, base=base_rate.present(day))
        return len(ids)


def _take_dirty(limit: int) -> list[str]:
    """Lock up to ``limit`` dirty customers and delete their marks; those that somebody holds stay for later.

    Customers first, then marks, as everybody does who changes a customer and marks it: the other way round, the two
    would wait for each other. A mark whose customer is gone goes, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS MATERIALIZED (
              SELECT customer_id FROM health_dirtycustomer WHERE workspace_id = %(workspace)s
              ORDER BY since LIMIT %(limit)s),
            held AS MATERIALIZED (
              SELECT id FROM accounts_customer WHERE id = ANY(ARRAY(SELECT customer_id FROM due))
              ORDER BY id FOR NO KEY UPDATE SKIP LOCKED),
            taken AS MATERIALIZED (
              SELECT customer_id FROM health_dirtycustomer
              WHERE workspace_id = %(workspace)s AND customer_id = ANY(ARRAY(SELECT customer_id FROM due))
                AND (customer_id IN (SELECT id FROM held) OR customer_id NOT IN (
                  SELECT id FROM accounts_customer WHERE id = ANY(ARRAY(SELECT customer_id FROM due))))
              FOR UPDATE SKIP LOCKED)
            DELETE FROM health_dirtycustomer
            WHERE workspace_id = %(workspace)s AND customer_id = ANY(ARRAY(SELECT customer_id FROM taken))
            RETURNING customer_id::text
            """,
            {"workspace": str(current_workspace_id()), "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


def refresh_all(workspace_id: UUID) -> int:
    """Score the workspace's dirty customers until none is left, each batch in its own scope; returns how many."""
    total = 0
    while True:
        with workspace_scope(workspace_id):
            scored = refresh_dirty()
        if not scored:
            return total
        total += scored


def score_present(chosen: live.Chosen, *, day: date, computed_at: datetime, base: BaseRate) -> int:
    """Score customers as of ``day`` from running state and write score, read model and news of changed bands.

    The customers are locked first, in the order of their ids, as by everybody who writes to several. What is published
    while they were waited for counts.
    """
    deck, model = cards.Deck.load(), champion.on(day)
    specs = [spec for card in deck.cards_on(day) for spec in specs_of(card, model)]
    loaded = live.load(chosen, day, specs, lock=True)
    if not loaded.ids:
        return 0
    if isinstance(chosen, live.Span) and (cards.Deck.load(), champion.on(day)) != (deck, model):
        return score_present(chosen, day=day, computed_at=computed_at, base=base)
    for version, rows in assigning.assign(deck, loaded.ids, loaded.macros, day, computed_at):
        mine = loaded if rows is None else take(loaded, rows)
        result = compute(card_of(version), mine.facts, base, model)
        columns = columns_of(result)
        risen = _risen(mine, columns["churn_risk"], result)
        _write_scores(mine.ids, columns, version_id=version.pk, day=day, computed_at=computed_at)
        _write_read_model(mine, columns, day)
        _publish_changes(mine, columns["band"], risen, computed_at)
    return len(loaded.ids)


def columns_of(result: Result) -> dict[str, Any]:
    """A result as columns ready to be written: None instead of −1, plain Python numbers; rows of numbers as arrays."""

    def optional(numbers: Any) -> list[int | None]:
        return [None if number < 0 else number for number in numbers.tolist()]

    return {
        "points": optional(result.scores.total),
        "band": result.scores.band.tolist(),
        "coverage": result.scores.coverage.tolist(),
        "values": result.values,
        "risk_inputs": result.risks.inputs,
        "churn_risk": optional(result.risks.risk),
        "churn_risk_low": optional(result.risks.low),
        "churn_risk_high": optional(result.risks.high),
        "churn_is_rough": result.risks.rough.tolist(),
        "override_id": result.override_ids,
        "churn_method": result.risks.methods,
        "churn_horizon": [result.risks.horizon] * len(result.values),
        "churn_model_id": [result.model] * len(result.values),
    }


# What a score consists of, with the types its arrays are cast to; those of the last two are arrays of arrays.
SCORE_COLUMNS = {
    "points": "int",
    "band": "text",
    "coverage": "smallint",
    "churn_risk": "int",
    "churn_risk_low": "int",
    "churn_risk_high": "int",
    "churn_method": "text",
    "override_id": "uuid",
    "churn_horizon": "smallint",
    "churn_model_id": "uuid",
    "values": "float8[]",
    "risk_inputs": "float8[]",
}


def unnested(columns: dict[str, Any]) -> tuple[str, str, list[str]]:
    """For a bulk write of scores: the column list, their expressions over ``t``, and the array parameters.

    Arrays of arrays travel as arrays of texts, because ``unnest`` would flatten them.
    """
    names = ", ".join(f'"{name}"' for name in SCORE_COLUMNS)
    expressions = ", ".join(f't."{name}"::{kind}' for name, kind in SCORE_COLUMNS.items())
    params = [
        literals(columns[name]) if kind.endswith("[]") else literal(columns[name])
        for name, kind in SCORE_COLUMNS.items()
    ]
    return names, expressions, params


def array_casts() -> str:
    """The casts of ``unnested``'s parameters, in order."""
    return ", ".join(f"%s::{'text' if kind.endswith('[]') else kind}[]" for kind in SCORE_COLUMNS.values())


def _write_scores(
    ids: Sequence[str], columns: dict[str, Any], *, version_id: UUID, day: date, computed_at: datetime
) -> None:
    """Write the scores; the caller holds the customers, so that no score of theirs appears meanwhile."""
    names, expressions, params = unnested(columns)
    rows = f"unnest(%s::uuid[], {array_casts()}) AS t(id, {names})"
    workspace, version, arrays = str(current_workspace_id()), str(version_id), [literal(ids), *params]
    with bulk.joined_by_hash(len(ids)), connection.cursor() as cursor:
        # Not an upsert: that would lock each row, with a record in the log, before it writes it.
        cursor.execute(
            f"""
            UPDATE health_healthscore s SET scorecard_version_id = %s, as_of = %s, computed_at = %s,
              ({names}) = ROW({expressions})
            FROM {rows} WHERE s.customer_id = t.id AND s.customer_id = ANY(%s::uuid[])
            """,
            [version, day, computed_at, *arrays, arrays[0]],
        )
        if cursor.rowcount < len(ids):
            cursor.execute(
                f"""
                INSERT INTO health_healthscore
                  (customer_id, workspace_id, scorecard_version_id, as_of, computed_at, {names})
                SELECT t.id, %s::uuid, %s::uuid, %s::date, %s::timestamptz, {expressions} FROM {rows}
                ON CONFLICT (customer_id) DO NOTHING
                """,
                [workspace, version, day, computed_at, *arrays],
            )


def _write_read_model(loaded: live.LiveFacts, columns: dict[str, Any], day: date) -> None:
    earlier = points_before(loaded.ids, day - timedelta(days=28))
    changes = [
        None if points is None or before is None else points - before
        for points, before in zip(columns["points"], earlier, strict=True)
    ]
    read_model.write_health(
        read_model.Health(
            loaded.ids,
            columns["points"],
            columns["band"],
            changes,
            columns["coverage"],
            columns["churn_risk"],
            columns["churn_risk_low"],
            columns["churn_risk_high"],
            columns["churn_is_rough"],
            loaded.last_event_at,
        )
    )


def points_before(ids: Sequence[str], day: date) -> list[int | None]:
    """The snapshot score of each of ``ids`` on ``day``, or the last one in the week before it."""
    found: list[int | None] = [None] * len(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.n::int - 1, s.points FROM unnest(%s::uuid[]) WITH ORDINALITY AS t(id, n), LATERAL (
              SELECT points FROM health_healthsnapshot s
              WHERE s.workspace_id = %s AND s.customer_id = t.id AND s.as_of BETWEEN %s::date - 7 AND %s
                AND s.known_through < (s.as_of + 1)::timestamp AT TIME ZONE 'UTC'
              ORDER BY s.as_of DESC, s.revision DESC LIMIT 1) s
            WHERE s.points IS NOT NULL
            """,
            [literal(ids), str(current_workspace_id()), day, day],
        )
        for place, points in cursor.fetchall():
            found[place] = points
    return found


def _publish_changes(
    loaded: live.LiveFacts, bands: list[str], risen: list[dict[str, Any]], computed_at: datetime
) -> None:
    changed: list[tuple[str, dict[str, Any]]] = [
        ("health.band_changed", {"customer_id": customer_id, "from": before, "to": band})
        for customer_id, before, band in zip(loaded.ids, loaded.bands, bands, strict=True)
        if before is not None and before != band
    ]
    changed += [("churn_risk.rose", each) for each in risen]
    if changed:
        settled = _settled([told["customer_id"] for _name, told in changed], computed_at)
        news = [each for each in changed if each[1]["customer_id"] in settled]
        outbox.publish_many(workspace_id=current_workspace_id(), events=news, now=computed_at)


def _settled(ids: Sequence[str], now: datetime) -> set[str]:
    """Those of ``ids`` whose changes are news: known since before today, in a workspace whose facts reach the present.

    While a company's files come in one after the other, its scores change with every file; and where the facts are
    complete only to a day long past, nothing that changes today happened today.
    """
    through = Workspace.objects.values_list("data_through", flat=True).get(pk=current_workspace_id())
    if through is not None and through < now.date() - _PRESENT:
        return set()
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    rows = Customer.objects.filter(pk__in=ids, known_at__lt=midnight)
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def _risen(loaded: live.LiveFacts, risks: list[int | None], result: Result) -> list[dict[str, Any]]:
    """News of risks that rose, read before the new ones are written.

    A risk over more days, or told by somebody else, is another one of the same customer: it has not risen.
    """
    found = [
        {
            "customer_id": customer_id,
            "from": risk.level(before),
            "to": risk.level(now),
            "probability": f"{now / 10_000:.4f}",
            "horizon_days": result.risks.horizon,
        }
        for customer_id, before, now in zip(loaded.ids, loaded.risks, risks, strict=True)
        if before is not None and now is not None and risk.rose(before, now)
    ]
    if not found:
        return []
    rows = HealthScore.objects.filter(customer__in=[each["customer_id"] for each in found])
    alike = {"churn_horizon": result.risks.horizon, "churn_model": result.model}
    elsewhere = {str(key) for key in rows.exclude(**alike).values_list("customer_id", flat=True)}
    return [each for each in found if each["customer_id"] not in elsewhere]
