"""What own customers say: identified answers to NPS, CSAT, CES and top-3 surveys. Test and removed answers are none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, NullIf, TruncMonth

from accounts.models import Customer, Subscription
from surveys.models import Kind, Option, Response, Status, pick
from surveys.stats import scores

SCORED = (Kind.NPS, Kind.CSAT, Kind.CES)
FRESH = timedelta(days=365)
"""How long an answer speaks for its author."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a customer's people say by one kind of question, each by the latest answer."""

    score: scores.Score
    last_at: datetime


def score_of(kind: str, answers: Iterable[int]) -> scores.Score:
    """The figure of ``kind`` (nps, csat, ces) for raw answers."""
    return {"nps": scores.nps, "csat": scores.csat, "ces": scores.ces}[kind](list(answers))


def identified() -> QuerySet[Response]:
    """Counted answers of which the customer is known."""
    return Response.objects.filter(customer__isnull=False, is_test=False).exclude(status=Status.REMOVED)


def latest_scores(
    customer_ids: Iterable[UUID], *, known_by: datetime, fresh: timedelta = FRESH
) -> dict[UUID, dict[str, Heard]]:
    """Per customer and kind what its people said last, as far as it was known at ``known_by``; in one query.

    An answer speaks for ``fresh`` after it was given. A changed answer is known from its change on: what it said
    before is not kept. One removed after ``known_by`` still counted then.
    """
    rows = (
        Response.objects.filter(
            Q(removed_at__isnull=True) | Q(removed_at__gt=known_by),
            customer_id__in=list(customer_ids),
            is_test=False,
            score__isnull=False,
            survey__kind__in=SCORED,
            occurred_at__gt=known_by - fresh,
            occurred_at__lte=known_by,
        )
        .annotate(known=Greatest("known_at", Coalesce("changed_at", "known_at")), person=Coalesce("contact_id", "id"))
        .filter(known__lte=known_by)
        .order_by("-occurred_at", "-id")
        .values_list("customer_id", "survey__kind", "person", "score", "occurred_at")
    )
    latest: dict[tuple[UUID, str, UUID], tuple[int, datetime]] = {}
    for customer_id, kind, person, score, at in rows:
        if score is not None:
            latest.setdefault((customer_id, kind, person), (score, at))
    answers: dict[tuple[UUID, str], list[tuple[int, datetime]]] = defaultdict(list)
    for (customer_id, kind, _person), said in latest.items():
        answers[customer_id, kind].append(said)
    found: dict[UUID, dict[str, Heard]] = defaultdict(dict)
    for (customer_id, kind), each in answers.items():
        found[customer_id][kind] = Heard(score_of(kind, [score for score, _at in each]), max(at for _score, at in each))
    return dict(found)


def answers_of(customer: Customer, *, most: int = 100) -> list[Response]:
    """A customer's answers, the newest first, each with its survey, its questions and its author."""
    rows = identified().filter(customer=customer).select_related("survey", "contact").order_by("-occurred_at", "-id")
    return list(rows.prefetch_related("survey__questions")[:most])


def labels_of(survey_ids: Iterable[UUID], language: str) -> dict[tuple[UUID, int], str]:
    """The options of top-3 surveys: (survey, number) → label."""
    rows = Option.objects.filter(survey_id__in=list(survey_ids)).select_related("survey")
    return {(row.survey_id, row.number): pick(row.label, language, row.survey.languages) for row in rows}


GROUPINGS = ("industry", "country", "csm", "plan")


def _grouping(by: str) -> Any:
    if by == "plan":
        newest = Subscription.objects.filter(customer=OuterRef("customer_id")).order_by("-starts_on", "-id")
        return Coalesce(Subquery(newest.values("plan")[:1]), Value(""))
    if by == "csm":
        name = NullIf(F("customer__csm__user__name"), Value(""))
        return Coalesce(name, F("customer__csm__user__email"), Value(""), output_field=CharField())
    return F(f"customer__{by}")


@dataclass(frozen=True, slots=True)
class Cell:
    """How often ``score`` was given in a month (its first day) by customers of a group."""

    group: str
    month: date
    score: int
    n: int


def histogram(kind: str, by: str, since: datetime) -> list[Cell]:
    """All answers of ``kind`` since then, counted by group, month (in the active time zone) and score, in one query."""
    rows = (
        identified()
        .filter(survey__kind=kind, score__isnull=False, occurred_at__gte=since)
        .annotate(group=_grouping(by), month=TruncMonth("occurred_at"))
        .values_list("group", "month", "score")
        .annotate(n=Count("id"))
        .order_by("group", "month", "score")
    )
    return [Cell(group, month.date(), score, n) for group, month, score, n in rows]


def kinds_heard() -> dict[str, int]:
    """How many identified answers there are of each kind."""
    rows = identified().filter(survey__kind__in=SCORED).values_list("survey__kind").annotate(n=Count("id"))
    return dict(rows.order_by())


def words_of(kind: str, *, most: int = 8) -> list[Response]:
    """The newest answers of ``kind`` that say why."""
    rows = identified().filter(survey__kind=kind).exclude(answers={}).select_related("survey", "contact", "customer")
    return list(rows.prefetch_related("survey__questions").order_by("-occurred_at", "-id")[:most])
