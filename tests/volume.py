"""Many customers at once, made by the database: what a large workspace looks like to a list."""

from __future__ import annotations

from django.db import connection

from csplatform.core.tenancy import current_workspace_id

# Deterministic, and spread as in a real book: a third before the contract, few at risk, many small accounts.
_CUSTOMERS = """
INSERT INTO accounts_customer (
    id, workspace_id, external_id, name, name_sort, domain, industry, country, region, employees, lifecycle_stage,
    source, tags, created_at, known_at, updated_at, version, traits, stage_key, stage_macro, stage_since,
    contract_state, churned_on, arr_minor, seats, renewal_on, notice_deadline, csm_id)
SELECT
    gen_random_uuid(), %(workspace)s, 'bulk-' || n, 'Customer ' || lpad((n * 7919 %% %(count)s)::text, 7, '0'),
    'customer ' || lpad((n * 7919 %% %(count)s)::text, 7, '0'), '',
    CASE n %% 89 WHEN 0 THEN 'Forestry' ELSE 'Industry ' || n %% 24 END,
    CASE n %% 97 WHEN 0 THEN 'MT' ELSE (ARRAY['FR','DE','GB','NL','SE','IT','ES','PL','BE','AT'])[1 + n %% 10] END,
    '', 10 + n %% 5000, '', '',
    CASE n %% 25 WHEN 0 THEN '{key-account}'::varchar[] WHEN 1 THEN '{pilot,hospitality}'::varchar[]
        ELSE '{}'::varchar[] END,
    now(), now(), now(), 1, '{}'::jsonb, stage, stage, current_date - n %% 400,
    state, CASE state WHEN 'churned' THEN current_date - n %% 300 END,
    CASE WHEN state IN ('none', 'churned') THEN 0 ELSE (1000 + n * 37 %% 250000) * 100 END, 5 + n %% 300,
    CASE WHEN state IN ('active', 'notice_given') THEN current_date + n %% 365 END,
    CASE WHEN state = 'active' AND n %% 3 > 0 THEN current_date + n %% 300 END,
    CASE WHEN cardinality(%(csms)s::uuid[]) > 0 THEN (%(csms)s::uuid[])[1 + n %% cardinality(%(csms)s::uuid[])] END
FROM generate_series(1, %(count)s) AS n
CROSS JOIN LATERAL (SELECT CASE n %% 20 WHEN 0 THEN 'churned' WHEN 1 THEN 'notice_given' WHEN 2 THEN 'in_grace'
    ELSE CASE WHEN n %% 3 = 0 THEN 'none' ELSE 'active' END END AS state) AS contract
CROSS JOIN LATERAL (SELECT CASE state WHEN 'churned' THEN ''
    WHEN 'none' THEN (ARRAY['awareness','consideration','trial','decision'])[1 + n %% 4]
    ELSE (ARRAY['adoption','performance','transformation','advocacy'])[1 + n %% 4] END AS stage) AS place
"""

_HEALTH = """
UPDATE accounts_customerhealth h SET points = told.points,
    band = CASE WHEN state IN ('none', 'churned') THEN 'not_applicable' WHEN told.points IS NULL THEN 'unknown'
        WHEN told.points < 4500 THEN 'at_risk' WHEN told.points < 7000 THEN 'watch' ELSE 'healthy' END,
    change = CASE WHEN told.points IS NOT NULL THEN n * 13 %% 3000 - 1500 END,
    coverage = CASE WHEN told.points IS NOT NULL THEN 60 + n %% 41 END,
    churn_risk = risk, churn_risk_low = greatest(risk - 500, 0), churn_risk_high = least(risk + 700, 10000),
    last_event_at = CASE WHEN told.points IS NOT NULL THEN now() - n %% 90 * interval '1 day' END
FROM (SELECT id, contract_state AS state, substr(external_id, 6)::int AS n FROM accounts_customer
      WHERE workspace_id = %(workspace)s AND external_id LIKE 'bulk-%%') AS made
CROSS JOIN LATERAL (SELECT CASE WHEN state IN ('none', 'churned') OR n %% 17 = 0 THEN NULL
    ELSE n * 7907 %% 10001 END AS points,
    CASE WHEN state IN ('none', 'churned') THEN NULL ELSE n * 31 %% 6000 END AS risk) AS told
WHERE h.customer_id = made.id
"""


def fill_customers(count: int, csm_ids: list[str] | None = None) -> None:
    """Insert ``count`` customers into the active workspace, shared out among the memberships ``csm_ids``."""
    with connection.cursor() as cursor:
        values: dict[str, str | int | list[str]] = {
            "workspace": str(current_workspace_id()),
            "count": count,
            "csms": list(csm_ids or []),
        }
        cursor.execute(_CUSTOMERS, values)
        cursor.execute(_HEALTH, values)
