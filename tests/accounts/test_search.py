"""Finding customers by pieces of their name, under the app's own role."""

from __future__ import annotations

import json

import pytest

from accounts.models import Customer, CustomerTrigram, Workspace
from accounts.services import customers, search
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.database import analyze
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        _tell("Nottingham Freight", "Café Müller", "Freight & Sons", "מגדל שמש", "Sea-Lion Hotels GmbH")
    return workspace


def _tell(*names: str) -> None:
    rows = [Facts(f"acc-{number}", {"name": name}) for number, name in enumerate(names, start=1)]
    customers.upsert(rows=rows, actor=audit.SYSTEM, now=NOW)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("nott", "Nottingham Freight"),
        ("NOTTINGHAM", "Nottingham Freight"),
        ("notingham", "Nottingham Freight"),
        ("cafe mul", "Café Müller"),
        ("freight sons", "Freight & Sons"),
        ("sealion hotels", "Sea-Lion Hotels GmbH"),
        ("acc-2", "Café Müller"),
        ("שמש", "מגדל שמש"),
        ("f", "Freight & Sons"),
    ],
)
def test_pieces_and_slips_find_the_customer(workspace: Workspace, text: str, first: str) -> None:
    with workspace_scope(workspace):
        assert next(iter(search.find(text))).name == first


@pytest.mark.parametrize("text", ["", "  ", "%_", "zzzz", "🪃"])
def test_what_nobody_is_called_finds_nobody(workspace: Workspace, text: str) -> None:
    with workspace_scope(workspace):
        assert not search.find(text).exists()


def test_a_new_name_is_found_and_the_old_one_forgotten(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        customer = Customer.objects.get(external_id="acc-1")
        customers.update(customer_id=customer.pk, told={"name": "Sherwood"}, actor=audit.SYSTEM, now=NOW)
        assert [found.name for found in search.find("sherwood")] == ["Sherwood"]
        assert not search.find("nottingham").exists()
        customer.delete()
        assert not CustomerTrigram.objects.filter(customer_id=customer.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_search_uses_its_index_under_row_security(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        _tell(*(f"Company {number} of {number * 7919 % 1000}" for number in range(3_000)))
    analyze("accounts_customer", "accounts_customertrigram")
    with workspace_scope(workspace):
        plan = json.dumps(json.loads(search.find("nottingham").explain(format="json")))
    trigrams = plan.split('"Relation Name": "accounts_customertrigram"')[1:]
    assert trigrams
    assert all('"Index Cond"' in part and "trigram" in part for part in trigrams), plan
