"""How often customers churn here: the anchor of the risk rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import connection

from accounts.models import Customer, Workspace
from accounts.terms import Contract
from csplatform.core.tenancy import current_workspace_id
from health.facts.versions import Versions
from health.models import ChurnBaseRate
from health.risk import BaseRate
from health.services import champion

_WINDOW = timedelta(days=365)


def observe(days: Sequence[date]) -> dict[date, BaseRate]:
    """The base rate to use for each of ``days``, from what was known by the end of the day before."""
    horizons = champion.horizons(days)
    return {day: BaseRate.observed(*counts, horizons[day]) for day, counts in _observe(days).items()}


def _observe(days: Sequence[date]) -> dict[date, tuple[int, int]]:
    """Churns and customer-days under contract in the year before each day."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
    versions = Versions(
        ids,
        grace_days=workspace.grace_days,
        data_through=workspace.data_through,
    )
    counted = {}
    for day in days:
        until = day - timedelta(days=1)
        contracts = versions.contracts(until)
        last = min(until, workspace.data_through) if workspace.data_through else until
        counted[day] = _count(contracts, last - _WINDOW, last)
    return counted


def _count(contracts: Sequence[Contract], after: date, last: date) -> tuple[int, int]:
    """Churns in (after, last] and the customer-days under contract in the same span."""
    churns = exposure = 0
    for contract in contracts:
        if contract.customer_since is None:
            continue
        end = contract.churned_on or last
        churns += contract.churned_on is not None and after < contract.churned_on <= last
        exposure += max(0, (min(end, last) - max(contract.customer_since, after)).days)
    return churns, exposure


def present(day: date) -> BaseRate:
    """The stored base rate of ``day`` (today, UTC); counted and stored when there is none yet."""
    row = ChurnBaseRate.objects.filter(as_of=day).first()
    return BaseRate.observed(row.churns, row.exposure_days, champion.horizon_on(day)) if row else renew(day)


def now(day: date) -> BaseRate:
    """The base rate of ``day`` (today, UTC) from the contracts as the customers' rows show them; stores nothing."""
    return BaseRate.observed(*_count_present(day), champion.horizon_on(day))


def _count_present(day: date) -> tuple[int, int]:
    """As ``_count``, in the database, over the year that ends with the day before ``day``."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    last = day - timedelta(days=1)
    if workspace.data_through:
        last = min(last, workspace.data_through)
    after = last - _WINDOW
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE churned_on > %(after)s AND churned_on <= %(last)s),
                   coalesce(sum(greatest(0, least(churned_on, %(last)s) - greatest(customer_since, %(after)s))), 0)
            FROM accounts_customer WHERE workspace_id = %(workspace)s AND customer_since IS NOT NULL
            """,
            {"after": after, "last": last, "workspace": str(workspace.pk)},
        )
        churns, exposure_days = cursor.fetchone()
    return churns, exposure_days


def renew(day: date) -> BaseRate:
    """Count again and store: every full run does, so that all its customers share one rate."""
    churns, exposure_days = _count_present(day)
    ChurnBaseRate.objects.update_or_create(
        workspace_id=current_workspace_id(),
        as_of=day,
        defaults={"churns": churns, "exposure_days": exposure_days},
    )
    return BaseRate.observed(churns, exposure_days, champion.horizon_on(day))
