"""``/api/v1/surveys/{id}/send/``, and below ``/api/v1/surveys/`` ``bounces/`` and ``suppressions/``: asking by mail"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import segments
from accounts.api.access import Caller, Need
from accounts.api.base import RecordViewSet
from accounts.models import Customer, SavedSegment
from accounts.roles import Permission
from accounts.selectors.customers import visible_segments
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.problems import invalid
from surveys.api.access import READ as SEE_HOSTED
from surveys.api.access import WRITE
from surveys.models import Addressees, Dispatch, Suppression, SuppressionReason, Survey
from surveys.selectors.addressees import REST_DAYS, Target
from surveys.services import sending, suppressing
from surveys.services.suppressing import Report

MOST_CUSTOMERS = 1_000
CUSTOMERS = Need("write", Permission.VIEW_CUSTOMERS)
_FILTERS = {
    "bands": "band",
    "contract_states": "contract_state",
    "stages": "stage",
    "countries": "country",
    "industries": "industry",
    "tags": "tag",
}


class SendSerializer(serializers.Serializer[Any]):
    """Whom to ask: `emails`, or people at the customers that fulfil every condition given (none: all customers)."""

    emails = serializers.ListField(child=serializers.CharField(max_length=254), required=False)
    customer_external_ids = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=MOST_CUSTOMERS
    )
    bands = serializers.ListField(child=serializers.CharField(), required=False)
    contract_states = serializers.ListField(child=serializers.CharField(), required=False)
    stages = serializers.ListField(child=serializers.CharField(), required=False)
    countries = serializers.ListField(child=serializers.CharField(), required=False)
    industries = serializers.ListField(child=serializers.CharField(), required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    filter = serializers.DictField(required=False, help_text="A filter over customers, as `segments` take it.")
    segment_id = serializers.UUIDField(required=False, help_text="A saved segment.")
    addressees = serializers.ChoiceField(choices=Addressees.choices, required=False)
    roles = serializers.ListField(child=serializers.CharField(max_length=120), required=False)
    remind_after_days = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=90)
    rest_days = serializers.IntegerField(
        required=False, min_value=0, max_value=366, help_text="Who was asked within so many days is spared."
    )


class DispatchSerializer(serializers.Serializer[Any]):
    """A sending. `counts` by what became of the people; `job_id` is null where nothing is left to be done."""

    id = serializers.UUIDField(read_only=True)
    survey_id = serializers.UUIDField(read_only=True)
    addressees = serializers.ChoiceField(choices=Addressees.choices, read_only=True)
    roles = serializers.ListField(child=serializers.CharField(), read_only=True)
    remind_after_days = serializers.IntegerField(read_only=True, allow_null=True)
    rest_days = serializers.IntegerField(read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    job_id = serializers.UUIDField(read_only=True, allow_null=True)
    created_at = Instant(read_only=True)


class BounceSerializer(serializers.Serializer[Any]):
    """What a mail server reports. `hard` and `complaint` stop all further survey mail to the address."""

    email = serializers.CharField(max_length=254)
    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in Report])
    detail = serializers.CharField(max_length=200, required=False, allow_blank=True)


class BouncedSerializer(serializers.Serializer[Any]):
    invitations = serializers.IntegerField(read_only=True, help_text="Open invitations that are over by this.")


class SuppressionSerializer(serializers.Serializer[Any]):
    """An address that gets no survey mail of this workspace."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.CharField(max_length=254)
    reason = serializers.ChoiceField(
        choices=SuppressionReason.choices, required=False, help_text="do_not_contact unless told."
    )
    at = Instant(read_only=True)


class SuppressionFilters(django_filters.FilterSet):
    email = django_filters.CharFilter(lookup_expr="iexact")
    reason = django_filters.ChoiceFilter(choices=SuppressionReason.choices)


@extend_schema_view(
    list=extend_schema(summary="List addresses without survey mail", description="Unsubscribed, bounced, or named."),
    retrieve=extend_schema(summary="Read an address without survey mail", description="By its id."),
    create=extend_schema(
        summary="Stop survey mail to an address",
        description="What waits for it is held back. An address that is stopped already stays so, for the old reason.",
        request=SuppressionSerializer,
        responses={201: SuppressionSerializer},
    ),
    destroy=extend_schema(
        summary="Allow survey mail to an address again",
        description="At its owner's wish; the audit trail keeps who did it.",
        responses={204: None},
    ),
)
class SuppressionViewSet(RecordViewSet):
    model = Suppression
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilters
    needs: ClassVar[dict[str, Need]] = {"list": SEE_HOSTED, "retrieve": SEE_HOSTED, "create": WRITE, "destroy": WRITE}

    def create(self, request: Request) -> Response:
        told = _told(SuppressionSerializer(data=request.data), request)
        reason = told.get("reason", SuppressionReason.DO_NOT_CONTACT)
        row = suppressing.suppress(email=told["email"], reason=reason, actor=self.caller.actor, now=self.now)
        return self.shown(row, 201)

    def destroy(self, request: Request, id: str) -> Response:
        row: Suppression = self.find(id)
        suppressing.release(email=row.email, actor=self.caller.actor, now=self.now)
        return Response(status=204)


class SurveySendViewSet(RecordViewSet):
    """Asking by mail."""

    model = Dispatch
    serializer_class = DispatchSerializer
    needs: ClassVar[dict[str, Need]] = {"send": WRITE, "bounce": WRITE}

    @extend_schema(
        summary="Send a survey by mail",
        description="One mail with a personal link for each person; who was asked lately, has unsubscribed or bounced "
        "is spared and counted. Asking people at customers also takes the right to see customers. The survey must be "
        "open. The answer names the job that writes the invitations; the mails follow.",
        request=SendSerializer,
        responses={202: DispatchSerializer},
    )
    def send(self, request: Request, id: str) -> Response:
        survey: Survey = self.find(id, Survey.objects.all())
        told = _told(SendSerializer(data=request.data), request)
        by: dict[str, Any] = {
            "survey_id": survey.pk,
            "remind_after_days": told.get("remind_after_days"),
            "actor": self.caller.actor,
            "now": self.now,
        }
        if "emails" in told:
            mixed = sorted(set(told) - {"emails", "remind_after_days", "rest_days"})
            if mixed:
                raise invalid([(name, _("Ask either addresses or people at customers.")) for name in mixed])
            rest_days = told.get("rest_days", REST_DAYS)
            dispatch = sending.invite_addresses(emails=told["emails"], rest_days=rest_days, **by)
        else:
            self.caller.require(CUSTOMERS)
            dispatch = sending.send(target=_target(told, self.caller), label=_("by REST"), **by)
        return self.shown(dispatch, 202)

    @extend_schema(
        summary="Report a bounce",
        description="From the webhook of a mail provider. A soft bounce marks the invitation and stops nothing.",
        request=BounceSerializer,
        responses={200: BouncedSerializer},
    )
    def bounce(self, request: Request) -> Response:
        told = _told(BounceSerializer(data=request.data), request)
        count = suppressing.report_bounce(**told, actor=self.caller.actor, now=self.now)
        return Response({"invitations": count})


def _told(serializer: serializers.Serializer[Any], request: Request) -> dict[str, Any]:
    """The fields of the body; a name that is no field is refused."""
    if isinstance(request.data, dict):
        unknown = sorted(set(request.data) - set(serializer.fields))
        if unknown:
            raise invalid([(name[:60], _("There is no such field.")) for name in unknown])
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _target(told: dict[str, Any], caller: Caller) -> Target:
    wanted = segments.EVERYBODY
    for name, field in _FILTERS.items():
        if told.get(name):
            wanted &= _parsed({"field": field, "op": "in", "value": told[name]}, name)
    if "filter" in told:
        wanted &= _parsed(told["filter"], "filter")
    if "segment_id" in told:
        wanted &= _segment(told["segment_id"], caller)
    if "customer_external_ids" in told:
        wanted &= segments.where("external_id", "in", _known(told["customer_external_ids"]))
    member = caller.membership.pk if caller.membership else None
    return Target(
        customers=segments.for_reader(wanted, member),
        addressees=told.get("addressees", Addressees.EVERYBODY),
        roles=tuple(told.get("roles", ())),
        rest_days=told.get("rest_days", REST_DAYS),
    )


def _parsed(said: object, name: str) -> segments.Filter:
    try:
        return segments.parse(said)
    except segments.SegmentError as error:
        raise invalid(
            [(f"{name}.{path}" if name == "filter" and path else name, words) for path, words in error.problems]
        ) from error


def _segment(segment_id: UUID, caller: Caller) -> segments.Filter:
    found: SavedSegment | None = visible_segments(caller.membership).filter(pk=segment_id).first()
    if found is None:
        raise invalid([("segment_id", _("There is no such segment."))])
    return segments.stored(found.definition)


def _known(external_ids: list[str]) -> list[str]:
    """These ids, if every one of them is a customer's."""
    wanted = set(external_ids)
    found = set(Customer.objects.filter(external_id__in=wanted).values_list("external_id", flat=True))
    if missing := sorted(wanted - found):
        named = ", ".join(missing[:5])
        raise invalid([("customer_external_ids", _("There is none with this external id: %(ids)s") % {"ids": named})])
    return sorted(found)
