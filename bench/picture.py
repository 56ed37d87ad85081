"""The boomerang page's figures at 100,000 customers with four moves each: database CPU for a page, and for a replay.

Beside it stand the same figures gathered customer by customer (a sample, taken up to all), and the least: counting the
customers by stage, one grouped scan.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Count

from accounts.models import Customer, Workspace
from accounts.services import workspaces
from bench.machine import as_owner, backend_pid, running_seconds
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import Move
from journeys.selectors import journey, picture
from journeys.selectors import standing as selectors

_CUSTOMERS = 100_000
_SAMPLE = 200
_TIMES = 9

_MAKE_CUSTOMERS = """
INSERT INTO accounts_customer (
    id, workspace_id, external_id, name, name_sort, domain, industry, country, region, lifecycle_stage, source, tags,
    created_at, known_at, updated_at, version, traits, stage_key, stage_macro, stage_since, contract_state, arr_minor)
SELECT gen_random_uuid(), %(workspace)s, 'bulk-' || n, 'Customer ' || n, 'customer ' || n, '', '', '', '', '', '',
       '{}'::varchar[], now(), now(), now(), 1, '{}'::jsonb, s.key, s.macro, %(today)s::date - n * 13 %% 700, 'active',
       (1000 + n * 37 %% 250000) * 100
FROM generate_series(1, %(count)s) AS n
JOIN journeys_stage s ON s.workspace_id = %(workspace)s AND s."order" = (n + 4) %% 8
"""
_MAKE_MOVES = """
INSERT INTO journeys_move (
    id, workspace_id, customer_id, number, from_stage_id, stage_id, kind, follows_contract, occurred_on, known_at,
    recorded_at, reason, override, passed_over, force, force_note, actor_label, begins_lap, stayed_days)
SELECT gen_random_uuid(), c.workspace_id, c.id, step, before.id, after.id,
       CASE WHEN step = 1 THEN 'placed' ELSE 'forward' END, false, day, day, day, '', false, '[]', '', '', 'bench', '',
       CASE WHEN step > 1 THEN 20 + n * 7 %% 60 END
FROM accounts_customer c
CROSS JOIN LATERAL (SELECT substr(c.external_id, 6)::int AS n) told
CROSS JOIN generate_series(1, 4) AS step
CROSS JOIN LATERAL (SELECT %(today)s::date - n * 13 %% 700 - (4 - step) * (20 + n * 7 %% 60) AS day) dated
JOIN journeys_stage after ON after.workspace_id = c.workspace_id AND after."order" = (n + step) %% 8
LEFT JOIN journeys_stage before
    ON before.workspace_id = c.workspace_id AND before."order" = (n + step - 1) %% 8 AND step > 1
WHERE c.workspace_id = %(workspace)s
ORDER BY c.id, step
"""


def run(scale: float = 1.0) -> list[Row]:
    """Medians of nine, in milliseconds of the CPU time its backend spends."""
    today = datetime.now(UTC).date()
    count = max(_SAMPLE, round(_CUSTOMERS * scale))
    workspace = _fill(count, today)
    page = _median(workspace, lambda: _page(today))
    replay = _median(workspace, lambda: picture.replay(today=today))
    naive = _median(workspace, lambda: _one_by_one(today), times=1) * count / _SAMPLE
    floor = _median(workspace, _least)
    unit = "ms of database CPU"
    return [
        Row("picture", page, unit, count, naive, floor, is_time=True),
        Row("picture_replay", replay, unit, count, naive, floor, is_time=True),
    ]


def _fill(count: int, today: date) -> Workspace:
    workspace = workspaces.create_workspace(slug="picture", name="Picture", now=datetime.now(UTC), actor=audit.SYSTEM)
    told: dict[str, str | int | date] = {"workspace": str(workspace.pk), "count": count, "today": today}
    with workspace_scope(workspace), connection.cursor() as cursor:
        cursor.execute(_MAKE_CUSTOMERS, told)
        cursor.execute(_MAKE_MOVES, told)
    with as_owner() as owner:
        owner.execute("VACUUM ANALYZE accounts_customer, journeys_move")
    return workspace


def _page(today: date) -> None:
    selectors.standing()
    picture.flows(journey.stages(), today=today)
    picture.thrown(today=today)
    picture.churned(today=today)


def _one_by_one(today: date) -> None:
    """What a page that loads every customer and its moves asks for, for a sample of them."""
    for customer in Customer.objects.all()[:_SAMPLE]:
        moves = list(Move.objects.filter(customer=customer).order_by("number"))
        sum(1 for move in moves if move.occurred_on > today - timedelta(days=picture.FLOW_DAYS))


def _least() -> None:
    list(Customer.objects.values_list("stage_key").annotate(n=Count("pk")).order_by())


def _median(workspace: Workspace, work: Callable[[], object], times: int = _TIMES) -> float:
    spent = []
    for _ in range(times):
        with workspace_scope(workspace):
            backend = backend_pid()
            before = running_seconds(backend)
            work()
            spent.append((running_seconds(backend) - before) * 1_000)
    return statistics.median(spent)
