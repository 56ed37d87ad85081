"""The demo's support tickets, invoices and opportunities: drawn from each customer's own id, so the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from accounts.models import Customer, Workspace
from accounts.services import dated, invoices, opportunities
from accounts.services.writing import Facts
from csplatform.core import audit
from csplatform.core.rest.fields import money
from csplatform.core.tenancy import workspace_scope
from journeys.services import tickets

ACTOR = audit.Actor(label="demo")
_QUARTER, _TO_PAY = timedelta(days=91), timedelta(days=30)
_SUBJECTS = (
    "Labels print twice", "A route is missing", "Cannot sign in", "Invoice address", "Import stops half way",
    "Wrong time zone", "Export as CSV", "A driver is shown twice", "Slow since this morning", "How do we add a depot?",
)  # fmt: skip
_PRIORITIES = ("low", "normal", "normal", "normal", "high", "urgent")
_STAGES = ("Talk", "Proposal", "Negotiation")


def load(*, workspace: Workspace, now: datetime) -> None:
    """Make what is missing, each kind in one transaction."""
    with workspace_scope(workspace):
        under_contract = Customer.objects.filter(contract_state="active", customer_since__isnull=False)
        customers = list(under_contract.select_related("health").order_by("external_id"))
    for kind, draw in ((tickets.KIND, _tickets), (invoices.KIND, _invoices), (opportunities.KIND, _opportunities)):
        with workspace_scope(workspace):
            if not kind.model.objects.exists():
                rows = [facts for customer in customers for facts in draw(customer, workspace, now)]
                dated.upsert(kind, rows=rows, actor=ACTOR, now=now, is_history=True).raise_refusals()


def _chance(seed: str) -> Random:
    return Random(seed)  # noqa: S311  (a story, and no secret)


def _trouble(customer: Customer) -> float:
    """From 0 to 1: how much goes wrong with a customer, by its score."""
    points = customer.health.points
    return 0.5 if points is None else 1 - points / 10_000


def _tickets(customer: Customer, workspace: Workspace, now: datetime) -> Iterator[Facts]:
    chance, trouble = _chance(f"tickets {customer.external_id}"), _trouble(customer)
    for number in range(chance.randint(0, 3) + round(6 * trouble)):
        opened_at = now - timedelta(days=chance.uniform(0, 360))
        reply_at = opened_at + timedelta(hours=chance.uniform(0.5, 10 + 40 * trouble))
        solved_at = reply_at + timedelta(days=chance.uniform(0.1, 3 + 12 * trouble))
        told: dict[str, object] = {
            "customer_external_id": customer.external_id,
            "subject": chance.choice(_SUBJECTS),
            "priority": chance.choice(_PRIORITIES),
            "opened_at": opened_at,
        }
        score = max(1, min(5, round(chance.gauss(4.6 - 2 * trouble, 0.8))))
        if reply_at < now:
            told["first_reply_at"] = reply_at
        if solved_at < now:
            told["solved_at"] = solved_at
            told["csat"] = score if chance.random() < 0.6 else None
        yield Facts(f"{customer.external_id}-t{number + 1}", told)


def _invoices(customer: Customer, workspace: Workspace, now: datetime) -> Iterator[Facts]:
    """One a quarter for a year; who is in trouble pays later."""
    chance, trouble, today = _chance(f"invoices {customer.external_id}"), _trouble(customer), now.date()
    amount = money(customer.arr_minor // 4, workspace.currency)
    first = today - timedelta(days=chance.randint(1, 90))
    for number in range(4):
        issued_on = first - _QUARTER * number
        late = round(chance.gauss(-8 + 30 * trouble, 8))
        paid_on = max(issued_on, issued_on + _TO_PAY + timedelta(days=late))
        if customer.arr_minor and customer.customer_since is not None and issued_on >= customer.customer_since:
            told = {
                "customer_external_id": customer.external_id,
                "issued_on": issued_on,
                "due_on": issued_on + _TO_PAY,
                "paid_on": paid_on if paid_on <= today else None,
                "amount": amount,
            }
            yield Facts(f"{customer.external_id}-i{issued_on:%y%m%d}", told)


def _opportunities(customer: Customer, workspace: Workspace, now: datetime) -> Iterator[Facts]:
    """A renewal where one comes up within a quarter, and here and there an expansion."""
    chance, today = _chance(f"opportunities {customer.external_id}"), now.date()
    base = {"customer_external_id": customer.external_id, "stage": chance.choice(_STAGES)}
    if customer.renewal_on is not None and customer.renewal_on <= today + _QUARTER:
        opened_on = min(today, customer.renewal_on - timedelta(days=120))
        told = {"kind": "renewal", "opened_on": opened_on, "amount": money(customer.arr_minor, workspace.currency)}
        closed_on = max(opened_on, customer.renewal_on)
        yield Facts(f"{customer.external_id}-o1", {**base, **told, "closed_on": closed_on})
    if chance.random() < 0.25:
        opened_on = today - timedelta(days=chance.randint(5, 300))
        closed_on = opened_on + timedelta(days=chance.randint(20, 120))
        told = {"kind": "expansion", "opened_on": opened_on, "closed_on": closed_on}
        told["amount"] = money(customer.arr_minor // 5, workspace.currency)
        if closed_on <= today:
            told |= {"won": chance.random() < 0.6, "stage": "Closed"}
        yield Facts(f"{customer.external_id}-o2", {**base, **told})
