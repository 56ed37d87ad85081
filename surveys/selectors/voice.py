"""What own customers say: identified answers to NPS, CSAT, CES and top-3 surveys. Test and removed answers are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Avg, CharField, Count, Exists, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf, TruncMonth

from accounts.models import Customer, Subscription
from surveys.models import COUNTING, Kind, Option, Response, SurveyInvitation, pick
from surveys.stats import scores

SCORED = (Kind.NPS, Kind.CSAT, Kind.CES)
FRESH = timedelta(days=365)
"""How long an answer speaks for its author."""
FIRST_USE = "contact.first_used"


def score_of(kind: str, answers: Iterable[int]) -> scores.Score:
    """The figure of ``kind`` (nps, csat, ces) for raw answers."""
    return {"nps": scores.nps, "csat": scores.csat, "ces": scores.ces}[kind](list(answers))


def identified() -> QuerySet[Response]:
    """Counted answers of which the customer is known."""
    return Response.objects.filter(customer__isnull=False, is_test=False).filter(status__in=COUNTING)


def answers_of(customer: Customer, *, most: int = 100) -> list[Response]:
    """A customer's answers, the newest first, each with its survey, its questions and its author."""
    rows = identified().filter(customer=customer).select_related("survey", "contact").order_by("-occurred_at", "-id")
    return list(rows.prefetch_related("survey__questions")[:most])


@dataclass(frozen=True, slots=True)
class Impression:
    """The mean of what ``people`` said, each one's newest answer, to surveys of one kind."""

    kind: str
    mean: float
    people: int


def first_impression_of(customer: Customer) -> Impression | None:
    """What its people said who were asked because they used the product for the first time; None: nobody did.

    Of answers to surveys of several kinds, those of the newest one's kind count.
    """
    asked = SurveyInvitation.objects.filter(
        survey_id=OuterRef("survey_id"),
        contact_id=OuterRef("contact_id"),
        dispatch__occasion=FIRST_USE,
        dispatch__is_personal=True,
    )
    said = identified().filter(customer=customer, survey__kind__in=SCORED, score__isnull=False).filter(Exists(asked))
    kind = said.order_by("-occurred_at", "-id").values_list("survey__kind", flat=True).first()
    if kind is None:
        return None
    newest = said.filter(survey__kind=kind).order_by("contact_id", "-occurred_at", "-id").distinct("contact_id")
    found = Response.objects.filter(pk__in=newest.values("pk")).aggregate(mean=Avg("score"), people=Count("pk"))
    return Impression(kind, float(found["mean"]), found["people"])


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


def histogram(kind: str, by: str, since: datetime, *, survey_id: UUID | None = None) -> list[Cell]:
    """All answers of ``kind`` since then, counted by group, month (in the active time zone) and score, in one query;
    those of one survey with ``survey_id``.
    """
    found = identified().filter(survey__kind=kind, score__isnull=False, occurred_at__gte=since)
    rows = (
        (found.filter(survey_id=survey_id) if survey_id else found)
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
