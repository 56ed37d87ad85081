"""``/api/v1/surveys/`` and its life cycle"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import Need
from accounts.api.base import RecordViewSet
from csplatform.core.rest import conditional
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import Problem, invalid
from surveys.api.access import READ, WRITE
from surveys.api.serializers import SurveySerializer, SurveyWriteSerializer, TallySerializer
from surveys.models import Audience, Kind, State, Survey
from surveys.selectors import counting, figures
from surveys.services import building, editing, lifecycle, publishing


class SurveyFilters(django_filters.FilterSet):
    slug = django_filters.CharFilter()
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    state = django_filters.ChoiceFilter(choices=State.choices)
    audience = django_filters.ChoiceFilter(choices=Audience.choices)
    series = django_filters.CharFilter()
    wave = django_filters.CharFilter()
    updated_at_from = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_at_to = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="lte")


EXAMPLE = OpenApiExample(
    "A top-3 survey",
    request_only=True,
    value={
        "kind": "top3",
        "slug": "top3-2026",
        "title": {"en": "Your top 3 challenges", "de": "Ihre 3 größten Herausforderungen"},
        "options": [
            {"key": "low-adoption", "label": {"en": "Low product adoption", "de": "Geringe Nutzung des Produkts"}},
            {"key": "siloed-data", "label": {"en": "Siloed customer data", "de": "Kundendaten in Silos"}},
        ],
        "checks": "standard",
    },
)


@extend_schema_view(
    create=extend_schema(
        summary="Create a survey",
        description="A draft, in the languages of its title unless `languages` says otherwise. Refused (400) when the "
        "slug is taken: public addresses are shared by all workspaces.",
        request=SurveyWriteSerializer,
        responses={201: SurveySerializer},
        examples=[EXAMPLE],
    ),
    partial_update=extend_schema(
        summary="Change a survey",
        description="The fields told are changed; `options` and `questions` are told whole. A draft changes freely. "
        "What people have answered to stays: options can then only be retired (`is_retired`) and brought back.",
        request=SurveyWriteSerializer,
        responses=SurveySerializer,
    ),
    list=extend_schema(summary="List surveys", description="Surveys of this workspace, the newest first."),
    retrieve=extend_schema(summary="Read a survey", description="By its id; `?slug=` on the list finds it by name."),
)
class SurveyViewSet(RecordViewSet):
    model = Survey
    serializer_class = SurveySerializer
    filterset_class = SurveyFilters
    prefetches = ("options", "questions")
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "created_at": Order("created_at")}
    default_ordering = "-created_at"
    needs: ClassVar[dict[str, Need]] = {
        "list": READ,
        "retrieve": READ,
        "create": WRITE,
        "partial_update": WRITE,
        "open": WRITE,
        "close": WRITE,
        "publish": WRITE,
        "tally": READ,
    }

    def create(self, request: Request) -> Response:
        told = self._told(request)
        missing = [(name, _("This field is required.")) for name in ("kind", "slug", "title") if name not in told]
        if missing:
            raise invalid(missing)
        survey = building.create_survey(actor=self.caller.actor, now=self.now, **told)
        address = reverse("api-surveys-record", kwargs={"id": str(survey.pk)})
        return self.shown(survey, 201, {"Location": request.build_absolute_uri(address)})

    def partial_update(self, request: Request, id: str) -> Response:
        told = self._told(request)
        survey: Survey = self.find(id, Survey.objects.select_for_update(of=("self",), no_key=True))
        conditional.require_version(request, survey.version)
        parts: dict[str, Callable[..., Any]] = {"options": editing.set_options, "questions": editing.set_questions}
        lists = {name: told.pop(name) for name in parts if name in told}
        # What cannot be changed may be sent back as it was read.
        told = {
            name: value for name, value in told.items() if name in editing.EDITABLE or value != getattr(survey, name)
        }
        by: dict[str, Any] = {"survey_id": survey.pk, "actor": self.caller.actor, "now": self.now}
        if told:
            editing.update_survey(told=told, **by)
        for name, rows in lists.items():
            parts[name](**{name: rows}, **by)
        return self.shown(self.one(self.get_queryset(), pk=survey.pk))

    @extend_schema(
        summary="Open a survey",
        description="Lets people answer from now on and fixes the counting method. Opening an open survey changes "
        "nothing; a published one stays closed (409).",
        request=None,
        responses=SurveySerializer,
    )
    def open(self, request: Request, id: str) -> Response:
        return self._moved(id, lifecycle.open_survey)

    @extend_schema(
        summary="Close a survey",
        description="Takes no more answers. Closing a closed survey changes nothing; a draft cannot be closed (409).",
        request=None,
        responses=SurveySerializer,
    )
    def close(self, request: Request, id: str) -> Response:
        return self._moved(id, lifecycle.close_survey)

    @extend_schema(
        summary="Publish the results",
        description="Makes the next version of the results public, for good; closes the survey first if it is open. "
        "A draft has nothing to publish (409).",
        request=None,
        responses=SurveySerializer,
    )
    def publish(self, request: Request, id: str) -> Response:
        return self._moved(id, publishing.publish)

    @extend_schema(
        summary="Count a survey",
        description="As it stands now, test answers left out and flagged ones in, whether published or not; options "
        "by % in top 3. NPS, CSAT and CES tell `score` with `interval` and `distribution` instead, questionnaires the "
        "figures of each question.",
        responses=TallySerializer,
    )
    def tally(self, request: Request, id: str) -> Response:
        survey: Survey = self.find(id)
        count = counting.tally_of if survey.kind == Kind.TOP3 else figures.tally_of
        return Response(count(survey, language=get_language() or "en"))

    def _moved(self, reference: str, move: Callable[..., Any]) -> Response:
        """The survey after ``move``; 409 where its state does not allow it."""
        survey: Survey = self.find(reference)
        try:
            move(survey_id=survey.pk, actor=self.caller.actor, now=self.now)
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                raise
            raise Problem(409, " ".join(error.messages), kind="survey-state") from error
        return self.shown(self.one(self.get_queryset(), pk=survey.pk))

    def _told(self, request: Request) -> dict[str, Any]:
        """The fields of the body; a name that is no field at all is refused, one that is computed is ignored."""
        serializer = SurveyWriteSerializer(data=request.data, context=self.get_serializer_context())
        if isinstance(request.data, dict):
            known = set(serializer.fields) | set(SurveySerializer().fields)
            unknown = sorted(set(request.data) - known)
            if unknown:
                raise invalid([(name[:60], _("There is no such field.")) for name in unknown])
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
