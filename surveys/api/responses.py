"""``/api/v1/responses/``, and ``/api/v1/surveys/{id}/responses/``, which takes an answer"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response as Answer

from accounts.api.access import Need
from accounts.api.base import RecordViewSet
from accounts.models import Contact, Customer
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.idempotency import HEADER
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import Problem, invalid
from surveys.api.access import READ, WRITE
from surveys.api.shapes import KEYED, OBJECT, json_field
from surveys.models import OTHER, Channel, Response, Status, Survey
from surveys.services import answering

_FORM_FIELD = re.compile(r"choice_[1-9][0-9]?|segment_.+|answer_.+")
_KEYS = {"type": "array", "items": {"type": "string"}, "examples": [["low-adoption", "other"]]}


class ResponseSerializer(serializers.Serializer[Any]):
    """An answer. `choices`: option keys, the biggest first, “other” for own words. `flagged` ones count, too;
    `waiting` ones do not."""

    id = serializers.UUIDField(read_only=True)
    survey_id = serializers.UUIDField(read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    is_test = serializers.BooleanField(read_only=True)
    choices = serializers.SerializerMethodField()
    other = serializers.CharField(source="other_text", read_only=True)
    may_quote = serializers.BooleanField(read_only=True)
    segments = json_field(KEYED, read_only=True)
    answers = json_field(OBJECT, read_only=True)
    score = serializers.IntegerField(read_only=True, allow_null=True)
    language = serializers.CharField(read_only=True)
    channel = serializers.ChoiceField(choices=Channel.choices, read_only=True)
    flags = serializers.ListField(child=serializers.CharField(), read_only=True)
    customer_id = serializers.UUIDField(read_only=True, allow_null=True)
    customer_external_id = serializers.CharField(
        source="customer.external_id", read_only=True, allow_null=True, default=None
    )
    contact_id = serializers.UUIDField(read_only=True, allow_null=True)
    contact_external_id = serializers.CharField(
        source="contact.external_id", read_only=True, allow_null=True, default=None
    )
    occurred_at = Instant(read_only=True)
    known_at = Instant(read_only=True)
    changed_at = Instant(read_only=True, allow_null=True)
    removed_at = Instant(read_only=True, allow_null=True)
    removal_reason = serializers.CharField(read_only=True)

    @extend_schema_field(_KEYS)
    def get_choices(self, row: Response) -> list[str]:
        keys = {option.number: option.key for option in row.survey.options.all()}
        return ["other" if number == OTHER else keys[number] for number in row.choices]


class SubmittedSerializer(ResponseSerializer):
    """`receipt_code`: with it, whoever gave the answer can look at it, change it until closing, or erase it."""

    receipt_code = serializers.CharField(read_only=True)


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer: `choices`, `segments` and `answers`, or one by one as the form names them (`choice_1` …)."""

    choices = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, help_text="One to three option keys, or “other”."
    )
    other = serializers.CharField(required=False, allow_blank=True, help_text="In one's own words.")
    may_quote = serializers.BooleanField(required=False)
    segments = json_field(KEYED, required=False)
    answers = json_field(OBJECT, required=False)
    score = serializers.IntegerField(required=False, allow_null=True, help_text="NPS 0–10, CSAT 1–5, CES 1–7.")
    language = serializers.CharField(max_length=5, required=False)
    customer_external_id = serializers.CharField(max_length=200, required=False, allow_null=True)
    contact_external_id = serializers.CharField(max_length=200, required=False, allow_null=True)
    is_test = serializers.BooleanField(required=False, help_text="A test answer never counts.")
    email = serializers.CharField(
        max_length=254,
        required=False,
        help_text="Where the survey has `confirm_by_email` and nobody is named: a link is mailed to it, and the answer "
        "is `waiting`, not counted, until that is confirmed.",
    )

    def validate_segments(self, told: Any) -> Any:
        faults = {key: _("Expected one key.") for key, value in _mapping(told).items() if not isinstance(value, str)}
        if faults:
            raise serializers.ValidationError(faults)
        return told

    def validate_answers(self, told: Any) -> Any:
        return _mapping(told)


def _mapping(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise serializers.ValidationError(_("Expected a JSON object: question key → answer."))
    return told


class ResponseFilters(django_filters.FilterSet):
    survey = django_filters.UUIDFilter(field_name="survey_id", help_text="Id of the survey.")
    survey_slug = django_filters.CharFilter(field_name="survey__slug")
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="Id of the customer.")
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    contact_external_id = django_filters.CharFilter(field_name="contact__external_id")
    status = django_filters.ChoiceFilter(choices=Status.choices)
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    is_test = TrueOrFalse(help_text="true or false.")
    since = django_filters.IsoDateTimeFilter(
        field_name="known_at", lookup_expr="gte", help_text="Received at this moment or later."
    )
    until = django_filters.IsoDateTimeFilter(
        field_name="known_at", lookup_expr="lt", help_text="Received before this moment."
    )


@extend_schema_view(
    list=extend_schema(summary="List answers", description="Answers to this workspace's surveys, the oldest first."),
    retrieve=extend_schema(summary="Read an answer", description="By its id."),
    destroy=extend_schema(
        summary="Erase an answer",
        description="For good, at its author's wish. That one was erased, and the day, stays on record; results that "
        "are published change with a later version only. To take out answers that look false, hosts remove them.",
        responses={204: None},
    ),
)
class ResponseViewSet(RecordViewSet):
    model = Response
    serializer_class: type[serializers.Serializer[Any]] = ResponseSerializer
    filterset_class = ResponseFilters
    joins = ("survey", "customer", "contact")
    prefetches = ("survey__options",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "occurred_at": Order("occurred_at")}
    needs: ClassVar[dict[str, Need]] = {"list": READ, "retrieve": READ, "destroy": WRITE}

    def destroy(self, request: Request, id: str) -> Answer:
        response: Response = self.find(id)
        answering.erase_known(response_id=response.pk, actor=self.caller.actor, now=self.now)
        return Answer(status=204)


EXAMPLE = OpenApiExample(
    "A top-3 answer",
    request_only=True,
    value={"choices": ["low-adoption", "siloed-data", "other"], "other": "Languages", "segments": {"role": "csm"}},
)


class SurveyResponseViewSet(ResponseViewSet):
    """Answers of one survey."""

    needs: ClassVar[dict[str, Need]] = {"list": READ, "create": WRITE}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(survey_id=self.survey.pk)

    def get_serializer_class(self) -> type[serializers.Serializer[Any]]:
        return SubmittedSerializer if self.action == "create" else ResponseSerializer

    @extend_schema(summary="List a survey's answers", description="Answers to this survey, the oldest first.")
    def list(self, request: Request, id: str) -> Answer:  # type: ignore[override]  # the address names the parent, too
        self.survey: Survey = self.find(id, Survey.objects.all())
        return super().list(request)

    @extend_schema(
        summary="Answer a survey",
        description="Counts once per `Idempotency-Key`, however long after the first. Faults are named by field, and "
        "nothing is stored; a survey that is not open refuses (409).",
        request=AnswerSerializer,
        responses={201: SubmittedSerializer, 200: SubmittedSerializer},
        examples=[EXAMPLE],
    )
    def create(self, request: Request, id: str) -> Answer:
        self.survey = survey = self.find(id, Survey.objects.all())
        raw, told = _raw(request.data)
        language = _language(told, survey)
        contact, customer = _people(told)
        try:
            submitted = answering.submit(
                survey=survey,
                raw=raw,
                now=self.now,
                channel=Channel.API,
                submission_key=_submission_key(request),
                language=language,
                sender=None,
                contact=contact,
                customer=customer,
                is_test=told.get("is_test", False),
            )
        except answering.SurveyClosedError as error:
            detail = _("This survey takes no answers now (it is %(state)s); nothing was stored.")
            told_state = error.survey.get_state_display()
            raise Problem(409, detail % {"state": told_state}, kind="survey-closed") from error
        except ValidationError as error:
            raise invalid(_by_field_of_body(error, dict(request.data))) from error
        row = self.one(self.get_queryset(), pk=submitted.response.pk)
        row.receipt_code = submitted.receipt_code
        address = request.build_absolute_uri(reverse("api-responses-record", kwargs={"id": str(row.pk)}))
        return self.shown(row, 201 if submitted.created else 200, {"Location": address})


def _submission_key(request: Request) -> str:
    """Of the ``Idempotency-Key``, so that it holds for as long as the answer does; without one each call counts."""
    given = request.headers.get(HEADER)
    name = hashlib.sha256(given.encode()).hexdigest()[:48] if given else uuid4().hex
    return f"api-{name}"


def _raw(body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer by the form's field names, and everything the body told beside it."""
    serializer = AnswerSerializer(data=body)
    single: dict[str, Any] = {}
    if isinstance(body, dict):
        single = {name: value for name, value in body.items() if _FORM_FIELD.fullmatch(name)}
        unknown = sorted(set(body) - set(serializer.fields) - set(single))
        if unknown:
            raise invalid([(name[:60], _("There is no such field.")) for name in unknown])
    serializer.is_valid(raise_exception=True)
    told = dict(serializer.validated_data)
    raw = {
        **{f"choice_{place}": key for place, key in enumerate(told.get("choices", ()), 1)},
        **{f"segment_{key}": value for key, value in told.get("segments", {}).items()},
        **{f"answer_{key}": value for key, value in told.get("answers", {}).items()},
        **{name: told[name] for name in ("other", "may_quote", "score", "email") if name in told},
    }
    twice = sorted(set(raw) & set(single))
    if twice:
        raise invalid([(name, _("Given in two ways; give it once.")) for name in twice])
    return {**raw, **single}, told


def _language(told: Mapping[str, Any], survey: Survey) -> str:
    """The language the answer was given in: the survey's first unless told."""
    given = told.get("language")
    if given is not None and given not in survey.languages:
        known = ", ".join(survey.languages)
        raise invalid([("language", _("This survey speaks %(languages)s.") % {"languages": known})])
    return given or next(iter(survey.languages), "en")


def _people(told: Mapping[str, Any]) -> tuple[Contact | None, Customer | None]:
    """Who answers, where the body says so."""
    contact = _known(Contact, told, "contact_external_id")
    customer = _known(Customer, told, "customer_external_id") or (contact.customer if contact else None)
    if contact and customer and contact.customer_id != customer.pk:
        raise invalid([("contact_external_id", _("This contact belongs to another customer."))])
    return contact, customer


def _known(model: Any, told: Mapping[str, Any], name: str) -> Any:
    wanted = told.get(name)
    if wanted is None:
        return None
    row = model.objects.filter(external_id=wanted).first()
    if row is None:
        raise invalid([(name, _("There is none with this external id."))])
    return row


def _by_field_of_body(error: ValidationError, body: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """The faults under the names the body used: ``choice_2`` is ``choices.1`` where a list was given."""
    return [(_name_in(body, name), message) for name, messages in error.message_dict.items() for message in messages]


def _name_in(body: Mapping[str, Any], name: str) -> str:
    kind, _underscore, rest = name.partition("_")
    many = {"choice": "choices", "segment": "segments", "answer": "answers"}.get(kind, "")
    if not rest or not many or name in body:
        return name
    if kind == "choice":
        place = int(rest) - 1
        return f"{many}.{place}" if place < len(body.get(many, ())) else many
    return f"{many}.{rest}"
