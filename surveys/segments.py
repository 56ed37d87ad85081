"""What surveys let customers be filtered by: the latest scores, and who was asked or has answered lately."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.segments import Field, Kind, Relation, Terms, register
from surveys.models import Kind as SurveyKind
from surveys.models import Response, SurveyInvitation
from surveys.selectors.voice import FRESH, identified

_GROUP = _("Surveys")


def register_all() -> None:
    """Called once, at start."""
    register(
        _score(SurveyKind.NPS, _("Latest NPS answer")),
        _score(SurveyKind.CSAT, _("Latest CSAT answer")),
        _score(SurveyKind.CES, _("Latest CES answer")),
        Relation("survey_asked", _("Survey sent"), _asked, at_column="sent_at", group=_GROUP),
        Relation("survey_answered", _("Survey answer"), identified, at_column="occurred_at", group=_GROUP),
    )


def _asked() -> QuerySet[SurveyInvitation]:
    return SurveyInvitation.objects.filter(customer__isnull=False, sent_at__isnull=False)


def _score(kind: SurveyKind, label: Any) -> Field:
    """What somebody at the customer answered last, while that is fresh."""

    def latest(terms: Terms) -> QuerySet[Response]:
        said = identified().filter(survey__kind=kind, score__isnull=False, occurred_at__gt=terms.now - FRESH)
        newest = said.order_by("customer_id", "-occurred_at", "-id").distinct("customer_id")
        return Response.objects.filter(pk__in=newest.values("pk"))

    return Field(str(kind.value), label, Kind.NUMBER, "score", rows=latest, group=_GROUP)
