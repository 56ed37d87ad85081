"""Reading advocacy: what is under way, who may be asked and why, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.models.customers import ContractState, CustomerHealth, HealthBand
from accounts.paging import Cursor, Ordering, Page, page
from journeys import advocacy_rules as rules
from journeys.advocacy_rules import Ask, Rest, Silence, Verdict, Why
from journeys.models import (
    AdvocacyAct,
    AdvocacyKind,
    AdvocacyRest,
    AdvocacySilence,
    AdvocacyState,
    Lap,
    Win,
)

PAGE = 50
MOST_CANDIDATES = 30
_LATELY = timedelta(days=180)
"""How long a promoter's answer or a win is a reason to ask."""
_READ = 400
UNDER_WAY = (AdvocacyState.SUGGESTED, AdvocacyState.ASKED, AdvocacyState.AGREED)
_NEWEST = Ordering("updated_at", descending=True)


def rest() -> Rest:
    """How long the active workspace leaves people in peace; the defaults where it has not said."""
    row = AdvocacyRest.objects.first()
    return Rest(row.customer_days, row.contact_days) if row else Rest()


@dataclass(slots=True)
class Guard:
    """What decides whether these customers may be asked, read in three queries whatever their number."""

    rest: Rest
    asks: dict[UUID, list[Ask]] = field(default_factory=dict)
    silences: dict[UUID, list[Silence]] = field(default_factory=dict)

    @classmethod
    def of(cls, customer_ids: Sequence[UUID], now: datetime) -> Guard:
        guard = cls(rest())
        days = max(guard.rest.customer_days, guard.rest.contact_days) + 1
        acts = AdvocacyAct.objects.filter(customer_id__in=customer_ids, asked_at__gte=now - timedelta(days=days))
        for customer_id, contact_id, asked_at in acts.values_list("customer_id", "contact_id", "asked_at"):
            guard.note(customer_id, contact_id, asked_at)
        silences = AdvocacySilence.objects.filter(customer_id__in=customer_ids, lifted_at__isnull=True)
        for row in silences:
            guard.silences.setdefault(row.customer_id, []).append(Silence(row.contact_id, row.until))
        return guard

    def note(self, customer_id: UUID, contact_id: UUID | None, asked_at: datetime | None) -> None:
        """An ask: it counts for those that follow in the same call."""
        if asked_at is not None:
            self.asks.setdefault(customer_id, []).append(Ask(asked_at.date(), contact_id))

    def verdict(self, customer_id: UUID, contact_id: UUID | None, today: date) -> Verdict:
        return rules.may_ask(
            today=today,
            contact=contact_id,
            asks=self.asks.get(customer_id, []),
            silences=self.silences.get(customer_id, []),
            rest=self.rest,
        )


def in_words(verdict: Verdict) -> str:
    """Why somebody is not asked now, and from when they may be."""
    words = {
        Why.SILENCE: _("does not want to be asked"),
        Why.CUSTOMER_RESTS: _("this customer was asked lately"),
        Why.CONTACT_RESTS: _("this person was asked lately"),
    }
    if verdict.why is None:
        return ""
    if verdict.until is None:
        return words[verdict.why]
    told = {"why": words[verdict.why], "day": verdict.until.isoformat()}
    return _("%(why)s; ask again from %(day)s") % told


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that may be asked, and why it may like to."""

    customer: Customer
    reasons: Sequence[str]


def candidates(now: datetime) -> list[Candidate]:
    """Who may be asked: promoters, those with a win lately and the healthiest, best reasons and most ARR first.

    Left out: who rests or does not want to be asked, who is asked for something already, and who is leaving.
    """
    since = now - _LATELY
    promoters = _promoters(since)
    wins = _wins(since.date())
    healthy = dict(
        CustomerHealth.objects.filter(band=HealthBand.HEALTHY)
        .order_by("-points", "-customer_id")
        .values_list("customer_id", "points")[:_READ]
    )
    ids = list({*promoters, *wins, *healthy})
    leaving = (ContractState.CHURNED, ContractState.NOTICE_GIVEN, ContractState.IN_GRACE)
    open_acts = AdvocacyAct.objects.filter(customer_id__in=ids, state__in=UNDER_WAY, withdrawn_at__isnull=True)
    rows = Customer.objects.filter(pk__in=ids).exclude(contract_state__in=leaving).select_related("health")
    rows = rows.exclude(health__band=HealthBand.AT_RISK).exclude(pk__in=open_acts.values("customer"))
    guard, today = Guard.of(ids, now), now.date()
    found = []
    for customer in rows:
        if not guard.verdict(customer.pk, None, today).is_allowed:
            continue
        reasons = [promoters.get(customer.pk), wins.get(customer.pk)]
        if customer.health.band == HealthBand.HEALTHY:
            reasons.append(_("healthy"))
        found.append(Candidate(customer, [reason for reason in reasons if reason]))
    found.sort(key=lambda each: (-len(each.reasons), -each.customer.arr_minor, str(each.customer.pk)))
    return found[:MOST_CANDIDATES]


def _promoters(since: datetime) -> dict[UUID, str]:
    rows = AdvocacyAct.objects.filter(kind=AdvocacyKind.PROMOTER, done_at__gte=since, withdrawn_at__isnull=True)
    found = rows.order_by("-done_at", "-id").values_list("customer_id", flat=True)[:_READ]
    return dict.fromkeys(found, _("promoter in a survey"))


def _wins(since: date) -> dict[UUID, str]:
    rows = Win.objects.filter(happened_on__gte=since).order_by("-happened_on", "-id")
    return {row.customer_id: _("win: %(title)s") % {"title": row.title[:80]} for row in reversed(rows[:_READ])}


def joined() -> QuerySet[AdvocacyAct]:
    return AdvocacyAct.objects.filter(withdrawn_at__isnull=True).select_related("customer", "contact", "referred")


def board(group: str, *, after: Cursor | None = None, before: Cursor | None = None) -> Page[AdvocacyAct]:
    """Acts under way ("open"), done and not thanked yet ("thank"), or all ("all"); the latest change first."""
    rows = joined()
    if group == "open":
        rows = rows.filter(state__in=UNDER_WAY)
    elif group == "thank":
        rows = rows.filter(state=AdvocacyState.DONE).exclude(kind=AdvocacyKind.PROMOTER)
    return page(rows, _NEWEST, size=PAGE, after=after, before=before)


def counts(since: datetime) -> dict[str, int]:
    """How many acts are under way, wait for thanks, and were done since then."""
    thank = Q(state=AdvocacyState.DONE) & ~Q(kind=AdvocacyKind.PROMOTER)
    told: dict[str, int] = AdvocacyAct.objects.filter(withdrawn_at__isnull=True).aggregate(
        open=Count("pk", filter=Q(state__in=UNDER_WAY)),
        thank=Count("pk", filter=thank),
        done=Count("pk", filter=Q(done_at__gte=since) & ~Q(kind=AdvocacyKind.PROMOTER)),
        asked=Count("pk", filter=Q(asked_at__gte=since)),
    )
    return told


@dataclass(frozen=True, slots=True)
class Brought:
    """What a referred customer has brought: its laps, and the ARR they added together."""

    customer: Customer
    laps: Sequence[Lap]

    @property
    def gained_minor(self) -> int:
        return sum(lap.gained_arr_minor for lap in self.laps if lap.sold_on is not None)


@dataclass(frozen=True, slots=True)
class CameBack:
    """The value that came back: ``arr_minor`` in force, ``expected_minor`` to be won."""

    customers: int
    arr_minor: int
    expected_minor: int


def came_back() -> CameBack:
    """Of all customers that somebody referred."""
    rows = Customer.objects.filter(referred_by__isnull=False)
    before = Q(contract_state=ContractState.NONE)
    told = rows.aggregate(n=Count("pk"), arr=Sum("arr_minor"), expected=Sum("expected_arr_minor", filter=before))
    return CameBack(told["n"], told["arr"] or 0, told["expected"] or 0)


def top_referrers(most: int = 10) -> list[dict[str, Any]]:
    """Whose referrals brought the most ARR: ``referred_by``, its name, how many, and their ARR."""
    rows = Customer.objects.filter(referred_by__isnull=False).values("referred_by", "referred_by__name")
    counted = rows.annotate(n=Count("pk"), arr=Sum("arr_minor")).order_by("-arr", "-n", "referred_by")
    return [
        {"id": row["referred_by"], "name": row["referred_by__name"], "n": row["n"], "arr_minor": row["arr"]}
        for row in counted[:most]
    ]


def brought(customer_ids: Sequence[UUID]) -> list[Brought]:
    """These customers with their laps, the most ARR first."""
    laps: dict[UUID, list[Lap]] = {}
    for lap in Lap.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "number"):
        laps.setdefault(lap.customer_id, []).append(lap)
    rows = Customer.objects.filter(pk__in=customer_ids).order_by("-arr_minor", "name_sort", "pk")
    return [Brought(customer, laps.get(customer.pk, [])) for customer in rows]


def referred_by(customer_id: UUID, most: int = 50) -> list[Brought]:
    """Who came through this customer, and what each has brought."""
    rows = Customer.objects.filter(referred_by_id=customer_id).order_by("-arr_minor", "pk")
    return brought(list(rows.values_list("pk", flat=True)[:most]))


def of_customer(customer_id: UUID, most: int = 12) -> list[AdvocacyAct]:
    """A customer's acts, the newest first."""
    return list(joined().filter(customer_id=customer_id).order_by("-id")[:most])


def silences_of(customer_id: UUID) -> list[AdvocacySilence]:
    rows = AdvocacySilence.objects.filter(customer_id=customer_id, lifted_at__isnull=True).select_related("contact")
    return list(rows.order_by("since", "id"))


def count_for_deletion(customer_id: UUID) -> list[tuple[str, int]]:
    """What the preview of a deletion says of advocacy."""
    return [(_("Acts of advocacy"), AdvocacyAct.objects.filter(customer_id=customer_id).count())]
