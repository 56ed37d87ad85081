"""What became of a survey's sendings."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from surveys.models import Dispatch, SendState, Survey, SurveyInvitation

_MOST_DISPATCHES = 20


def dispatches_of(survey: Survey) -> list[Dispatch]:
    """The newest sendings, each with its job."""
    rows = Dispatch.objects.filter(survey=survey).select_related("job").order_by("-created_at", "-id")
    return list(rows[:_MOST_DISPATCHES])


def states_of(survey: Survey) -> dict[SendState, int]:
    """How many invitations are in each state."""
    rows = SurveyInvitation.objects.filter(survey=survey).values_list("state").annotate(n=Count("id"))
    return {SendState(state): n for state, n in rows.order_by()}


def invitations_of(survey: Survey, state: str = "") -> QuerySet[SurveyInvitation]:
    """The invitations, those in ``state`` where one is named, the newest first, each with its customer."""
    rows = SurveyInvitation.objects.filter(survey=survey).select_related("customer")
    return (rows.filter(state=state) if state else rows).order_by("-id")
