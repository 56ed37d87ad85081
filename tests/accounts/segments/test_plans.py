"""How filters are answered in a large workspace: by indexes, and never row by row through another table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import segments
from accounts.models import Contact, Workspace
from accounts.segments import Relation, fields
from accounts.selectors import customers as selectors
from csplatform.core.tenancy import workspace_scope
from tests import database, factories, volume
from tests.accounts.test_customer_list import plan_of

pytestmark = pytest.mark.django_db

_CONTACTS = """
INSERT INTO accounts_contact (id, workspace_id, external_id, customer_id, email, name, role, title, is_sponsor,
    is_champion, traits, created_at, known_at, updated_at, version)
SELECT gen_random_uuid(), workspace_id, external_id || '-' || n, id, '', '', '', '', n = 1, false, '{}',
    now() - (substr(external_id, 6)::int * 13 + n) %% 120 * interval '1 day', now(), now(), 1
FROM accounts_customer, generate_series(1, 3) AS n
WHERE workspace_id = %s AND substr(external_id, 6)::int %% 3 > 0
"""

NONE_LATELY = {"field": "met", "op": "none", "value": {"days": 30}}
OFTEN = {"field": "met", "op": "at_least", "value": {"count": 3, "days": 90}}
RARE = {"field": "country", "op": "in", "value": ["MT"]}
LARGE = {"field": "arr", "op": "gte", "value": 200_000}


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[Workspace]:
    with django_db_blocker.unblock():
        ours = factories.make_workspace("large")
        with workspace_scope(ours):
            volume.fill_customers(20_000)
            with connection.cursor() as cursor:
                cursor.execute(_CONTACTS, [str(ours.pk)])
        database.analyze("accounts_customer", "accounts_customerhealth", "accounts_customerfacet", "accounts_contact")
        fields.register(Relation("met", "Meeting", lambda: Contact.objects.all(), at_column="created_at"))
        yield ours
        del fields.registered["met"]
        database.flush()


FILTERS: dict[str, Any] = {
    "none lately": NONE_LATELY,
    "not none lately": {"not": NONE_LATELY},
    "often": OFTEN,
    "not often": {"not": OFTEN},
    "either": {"any": [NONE_LATELY, LARGE, RARE]},
    "neither": {"not": {"any": [OFTEN, LARGE, RARE]}},
    "measure": {"any": [{"field": "measures.active_users", "op": "lt", "value": 5}, LARGE]},
    "answer": {"any": [{"field": "nps", "op": "lte", "value": 6}, {"not": RARE}]},
}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def run_for_each_row(plan: str) -> Iterator[str]:
    """The parts of a plan that run once for every customer: subplans that are not hashed."""
    lines = plan.splitlines()
    each = set(re.findall(r"(?<!hashed )SubPlan (\d+)\)", plan))
    for place, line in enumerate(lines):
        header = re.fullmatch(r"(\s*)SubPlan (\d+)", line)
        if header and header[2] in each:
            yield "\n".join(_below(lines[place:]))


def _below(lines: list[str]) -> Iterator[str]:
    """The lines that follow the first and are indented deeper."""
    for line in lines[1:]:
        if _indent(line) <= _indent(lines[0]):
            return
        yield line


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_other_tables_are_joined_hashed_or_looked_up_by_customer(large: Workspace, name: str) -> None:
    with workspace_scope(large):
        wanted = segments.condition(segments.parse(FILTERS[name]), now=timezone.now())
        plans = [
            plan_of(lambda: selectors.summary(wanted)),
            plan_of(lambda: selectors.customer_page(wanted, selectors.SORTS["arr"])),
        ]
    for plan in plans:
        for part in run_for_each_row(plan):
            assert "Seq Scan" not in part, plan


@pytest.mark.parametrize("said", [LARGE, RARE, {"all": [RARE, NONE_LATELY]}, {"all": [LARGE, {"not": OFTEN}]}])
def test_a_narrow_condition_is_read_from_its_index(large: Workspace, said: Any) -> None:
    with workspace_scope(large):
        wanted = segments.condition(segments.parse(said), now=timezone.now())
        plan = plan_of(lambda: selectors.summary(wanted))
    assert "Seq Scan on accounts_customer " not in plan, plan
    assert "Index" in plan, plan
