"""What Today reads: who asks for attention, good news, the portfolio by band, and coming deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Customer, Membership
from accounts.models.customers import ContractState
from csplatform.core.tenancy import current_workspace_id
from health.models import TodayDismissal
from health.today import BAND_RISK, NOTABLE_FALL, Candidate

UNDER_CONTRACT = (ContractState.ACTIVE, ContractState.NOTICE_GIVEN, ContractState.IN_GRACE)
BANDS = ("healthy", "watch", "at_risk", "unknown")
LOOK_BACK = timedelta(days=28)
AHEAD = timedelta(days=150)
SHOWN_RENEWALS = 40
NOTABLE_RISE = 800

# In grace nothing is paid any more: at stake is what ended. The expected loss decides who is looked at
# closely; urgency, which varies less, then orders those few hundred.
_ASKING = """
WITH asking AS MATERIALIZED (
  SELECT c.id, stake.arr_minor, h.band, h.churn_risk, h.change, notice_deadline, renewal_on,
    contract_state <> 'active' AS leaving,
    stake.arr_minor::float8 * greatest(coalesce(h.churn_risk, 0), CASE h.band
      WHEN 'at_risk' THEN %(at_risk)s WHEN 'watch' THEN %(watch)s WHEN 'unknown' THEN %(unknown)s
      ELSE %(healthy)s END) AS loss
  FROM accounts_customer c JOIN accounts_customerhealth h ON h.workspace_id = c.workspace_id AND h.customer_id = c.id
  CROSS JOIN LATERAL (SELECT CASE WHEN contract_state <> 'in_grace' THEN c.arr_minor ELSE coalesce(
      (SELECT sum(s.arr_minor)::bigint FROM accounts_subscription s
       WHERE s.workspace_id = c.workspace_id AND s.customer_id = c.id AND s.ends_on = c.renewal_on), 0)
    END AS arr_minor) AS stake
  WHERE c.workspace_id = %(workspace)s AND contract_state IN ('active', 'notice_given', 'in_grace')
    AND (h.band IN ('at_risk', 'watch', 'unknown') OR h.change <= %(fall)s OR contract_state <> 'active')
    AND (h.band <> 'unknown' OR contract_state <> 'active' OR NOT %(outage)s)
    AND (%(csm)s::uuid IS NULL OR csm_id = %(csm)s::uuid)
    AND NOT EXISTS (SELECT 1 FROM health_todaydismissal d WHERE d.workspace_id = c.workspace_id
      AND d.member_id = %(member)s::uuid AND d.customer_id = c.id AND d.until > %(today)s AND d.undone_at IS NULL)),
middle AS (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY arr_minor) AS arr FROM asking)
(SELECT asking.*, middle.arr FROM asking, middle ORDER BY loss DESC, id LIMIT 300)
UNION ALL
(SELECT asking.*, middle.arr FROM asking, middle WHERE asking.arr_minor < middle.arr ORDER BY loss DESC, id LIMIT 50)
"""


def asking(
    *, member: Membership, of: Membership | None, today: date, outage: bool = False
) -> tuple[list[Candidate], int]:
    """Who may need attention and is not put aside by ``member``, and the ARR below which an account is small.

    ``of``: only this member's portfolio. ``outage``: the sender is silent, so that a customer needs nobody for being
    unknown.
    """
    values: dict[str, Any] = {
        **BAND_RISK,
        "workspace": str(current_workspace_id()),
        "fall": NOTABLE_FALL,
        "csm": str(of.pk) if of else None,
        "member": str(member.pk),
        "today": today,
        "outage": outage,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASKING, values)
        rows = cursor.fetchall()
    return [Candidate(*row[:8]) for row in rows], rows[0][9] if rows else 0


@dataclass(frozen=True, slots=True)
class Band:
    """A band's share of a portfolio; ``value`` is ARR in minor units."""

    band: str
    customers: int
    value: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Customers under contract by band, and the ARR that changed band in four weeks."""

    bands: tuple[Band, ...]
    fell_minor: int
    rose_minor: int

    @property
    def customers(self) -> int:
        return sum(band.customers for band in self.bands)

    @property
    def arr_minor(self) -> int:
        return sum(band.value for band in self.bands)


def portfolio(of: Membership | None, thresholds: list[tuple[str, int]]) -> Portfolio:
    """The portfolio of ``of`` (None: everybody's). ``thresholds``: bands with their first hundredths, rising."""
    before = F("health__points") - F("health__change")
    fell, rose = Q(), Q()
    for _band, edge in thresholds[1:]:
        fell |= Q(before__gte=edge, health__points__lt=edge)
        rose |= Q(before__lt=edge, health__points__gte=edge)
    rows = (
        _under_contract(of)
        .annotate(before=before)
        .values("health__band")
        .annotate(
            customers=Count("pk"),
            arr=Sum("arr_minor"),
            fell=Sum("arr_minor", filter=fell),
            rose=Sum("arr_minor", filter=rose),
        )
        .order_by()
    )
    by_band: dict[str, Any] = {row["health__band"]: row for row in rows}
    bands = tuple(
        Band(band, by_band.get(band, {}).get("customers", 0), int(by_band.get(band, {}).get("arr") or 0))
        for band in BANDS
    )
    moved = [sum(int(row[name] or 0) for row in by_band.values()) for name in ("fell", "rose")]
    return Portfolio(bands, *moved)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Coming notice deadlines: the largest ones by day, and how many and how much there are in all."""

    rows: list[Customer]
    customers: int
    arr_minor: int
    until: date


def deadlines(of: Membership | None, today: date) -> Deadlines:
    """Notice deadlines from ``today`` on, some five months ahead."""
    until = today + AHEAD
    coming = _under_contract(of).filter(notice_deadline__gte=today, notice_deadline__lte=until)
    totals = coming.aggregate(customers=Count("pk"), arr=Sum("arr_minor"))
    largest = coming.select_related("health").only(
        "id", "name", "arr_minor", "health__band", "notice_deadline", "workspace_id"
    )
    rows = sorted(largest.order_by("-arr_minor", "pk")[:SHOWN_RENEWALS], key=lambda c: (c.notice_deadline, c.pk))
    return Deadlines(rows, totals["customers"], int(totals["arr"] or 0), until)


@dataclass(frozen=True, slots=True)
class GoodNews:
    """``kind``: "healthy" (back to healthy), "rose", or "expanded" (``gain_minor`` more ARR)."""

    customer: Customer
    kind: str
    gain_minor: int = 0


# A version that is worth more than the one before it, or a further subscription of somebody who had one.
_EXPANDED = """
SELECT v.customer_id, sum(v.arr_minor - coalesce(old.arr_minor, 0)) AS gain
FROM accounts_subscriptionversion v
LEFT JOIN LATERAL (
  SELECT p.arr_minor FROM accounts_subscriptionversion p
  WHERE p.workspace_id = v.workspace_id AND p.subscription_id = v.subscription_id
    AND (p.known_at, p.id) < (v.known_at, v.id)
  ORDER BY p.known_at DESC, p.id DESC LIMIT 1) AS old ON true
WHERE v.workspace_id = %(workspace)s AND v.known_at >= %(since)s
  AND (old.arr_minor IS NOT NULL OR EXISTS (
    SELECT 1 FROM accounts_subscriptionversion e WHERE e.workspace_id = v.workspace_id
      AND e.customer_id = v.customer_id AND e.subscription_id <> v.subscription_id AND e.known_at < v.known_at
      AND e.arr_minor > 0))
GROUP BY v.customer_id HAVING sum(v.arr_minor - coalesce(old.arr_minor, 0)) > 0
ORDER BY gain DESC, v.customer_id LIMIT 50
"""


def good_news(of: Membership | None, today: date, healthy_from: int, *, most: int = 4) -> list[GoodNews]:
    """Up to ``most`` wins of the last four weeks, the largest customers first within each kind, kinds mixed."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPANDED, {"workspace": str(current_workspace_id()), "since": today - LOOK_BACK})
        gains: dict[UUID, int] = {identity: int(gain) for identity, gain in cursor.fetchall()}
    mine = _under_contract(of).select_related("health")
    expanded = sorted(mine.filter(pk__in=gains), key=lambda c: (-gains[c.pk], c.pk))[:most]
    rising = list(
        mine.filter(health__change__gte=NOTABLE_RISE, health__band__in=("healthy", "watch")).order_by(
            "-health__change", "-health__pk"
        )[:50]
    )
    rising.sort(key=lambda c: (-c.arr_minor, c.pk))
    news, told = [], set()
    for customer in expanded[: most // 2]:
        news.append(GoodNews(customer, "expanded", gains[customer.pk]))
        told.add(customer.pk)
    for customer in rising:
        if customer.pk not in told and len(news) < most:
            news.append(GoodNews(customer, "healthy" if _came_back(customer, healthy_from) else "rose"))
    return news


def _came_back(customer: Customer, healthy_from: int) -> bool:
    now, change = customer.health.points or 0, customer.health.change or 0
    return now >= healthy_from > now - change


def put_aside_by(member: Membership, today: date) -> list[TodayDismissal]:
    """What a member put aside and is not back yet, the newest first."""
    rows = TodayDismissal.objects.filter(member=member, until__gt=today, undone_at=None).select_related("customer")
    return list(rows.order_by("-made_at", "-pk")[:20])


def _under_contract(of: Membership | None) -> QuerySet[Customer]:
    rows: QuerySet[Customer] = Customer.objects.filter(contract_state__in=UNDER_CONTRACT)
    return rows if of is None else rows.filter(csm=of)
