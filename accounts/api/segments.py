"""``/api/v1/segments/``: saved filters over customers, whom they hold, and trying one out"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import segments
from accounts.api.access import Need
from accounts.api.base import RecordViewSet
from accounts.api.customers import CustomerSerializer, CustomerViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import Customer, SavedSegment
from accounts.roles import Permission
from accounts.segments import Catalogue, Filter
from accounts.selectors import customers as selectors
from accounts.services import segments as services
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, Money
from csplatform.core.rest.filters import TrueOrFalse
from csplatform.core.rest.problems import invalid

# Whoever sees customers may keep filters over them.
SAVE = Need("write", Permission.VIEW_CUSTOMERS)
SAMPLE = 10


class ProblemSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Where in the filter, such as `all.0.value`.")
    message = serializers.CharField(help_text="What is wrong, and what to do.")


class SegmentSerializer(serializers.Serializer[Any]):
    """A saved filter. While `problems` says anything, the segment holds nobody."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    filter = serializers.DictField(source="definition", read_only=True)
    sort = serializers.CharField(read_only=True)
    is_shared = serializers.BooleanField(read_only=True)
    owner_id = serializers.UUIDField(read_only=True, allow_null=True)
    explanation = serializers.SerializerMethodField(help_text="The filter in words.")
    problems = serializers.SerializerMethodField()
    created_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)

    def get_explanation(self, row: SavedSegment) -> str:
        return segments.explain(segments.stored(row.definition), self.context["catalogue"])

    @extend_schema_field(ProblemSerializer(many=True))
    def get_problems(self, row: SavedSegment) -> list[dict[str, str]]:
        filter = segments.for_reader(segments.stored(row.definition), self.context["reader"])
        return _listed(segments.problems(filter, self.context["catalogue"]))


class SegmentWriteSerializer(serializers.Serializer[Any]):
    """A segment of one's own; a key's are shared with the whole workspace."""

    name = serializers.CharField(max_length=120, required=False)
    filter = serializers.DictField(required=False, help_text="Conditions, and groups of them: `all`, `any`, `not`.")
    sort = serializers.ChoiceField(
        choices=sorted([*selectors.SORTS, *(f"-{key}" for key in selectors.SORTS)]), required=False, allow_blank=True
    )
    is_shared = serializers.BooleanField(required=False, help_text="Left out: true for a key, false for a member.")


class FilterSerializer(serializers.Serializer[Any]):
    filter = serializers.DictField(help_text="As in a segment. An empty one is everybody.")


class SampleSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    external_id = serializers.CharField()
    name = serializers.CharField()


@dataclass(frozen=True)
class Preview:
    count: int
    arr_minor: int
    explanation: str
    filter: dict[str, Any]
    sample: list[Customer]


class PreviewSerializer(serializers.Serializer[Any]):
    """Whom a filter finds now, without saving it."""

    count = serializers.IntegerField()
    arr = Money("arr_minor")
    explanation = serializers.CharField()
    filter = serializers.DictField(help_text="In canonical form.")
    sample = SampleSerializer(many=True, help_text=f"The {SAMPLE} with the highest ARR.")


class SegmentFilters(django_filters.FilterSet):
    name = django_filters.CharFilter(help_text="The whole name.")
    is_shared = TrueOrFalse(help_text="true or false.")


EXAMPLE = OpenApiExample(
    "Large customers nobody has met lately",
    request_only=True,
    value={
        "name": "Large and quiet",
        "filter": {
            "all": [
                {"field": "arr", "op": "gte", "value": 50000},
                {"field": "contacts", "op": "at_least", "value": {"count": 1}},
                {"not": {"field": "band", "op": "in", "value": ["healthy"]}},
            ]
        },
        "is_shared": True,
    },
)


@extend_schema_view(
    list=extend_schema(summary="List segments", description="One's own and the shared ones."),
    retrieve=extend_schema(summary="Read a segment", description="Its filter also in words."),
)
class SegmentViewSet(RecordViewSet):
    model = SavedSegment
    serializer_class = SegmentSerializer
    filterset_class = SegmentFilters
    needs: ClassVar[Mapping[str, Need]] = {"create": SAVE, "update": SAVE, "partial_update": SAVE, "destroy": SAVE}

    def get_queryset(self) -> QuerySet[SavedSegment]:
        return selectors.visible_segments(self.caller.membership).order_by()

    def get_serializer_context(self) -> dict[str, Any]:
        caller = getattr(self, "caller", None)
        told = {"catalogue": Catalogue(caller.workspace.currency if caller else ""), "reader": self._reader()}
        return {**super().get_serializer_context(), **told}

    def _reader(self) -> Any:
        member = self.caller.membership if hasattr(self, "caller") else None
        return member.pk if member else None

    @extend_schema(
        summary="Save a segment",
        description="`name` and `filter` are required. One's own of the same name is replaced.",
        request=SegmentWriteSerializer,
        responses={201: SegmentSerializer},
        examples=[EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        told = self._told(request)
        if missing := [name for name in ("name", "definition") if name not in told]:
            raise invalid([(_outside(name), _("This field is required.")) for name in missing])
        told.setdefault("is_shared", self.caller.membership is None)
        row = services.save(**told, by=self.caller.membership, actor=self.caller.actor, now=self.now)
        return self.shown(row, 201)

    @extend_schema(
        summary="Change a segment",
        description="One's own. The fields told are changed, the others keep their value.",
        request=SegmentWriteSerializer,
        responses={200: SegmentSerializer},
    )
    def partial_update(self, request: Request, id: str) -> Response:
        row: SavedSegment = self.find(id)
        conditional.require_version(request, row.version)
        expected = row.version if "If-Match" in request.headers else None
        with answered():
            changed = services.change(
                segment_id=row.pk,
                told=self._told(request),
                by=self.caller.membership,
                actor=self.caller.actor,
                now=self.now,
                expected_version=expected,
            )
        return self.shown(changed)

    @extend_schema(
        summary="Delete a segment", description="One's own. Its customers are untouched.", responses={204: None}
    )
    def destroy(self, request: Request, id: str) -> Response:
        row: SavedSegment = self.find(id)
        conditional.require_version(request, row.version)
        with answered():
            services.remove(segment_id=row.pk, by=self.caller.membership, actor=self.caller.actor, now=self.now)
        return Response(status=204)

    @extend_schema(
        summary="Try a filter out",
        description="How many customers it finds, what it says in words, and a few of them. Nothing is saved.",
        request=FilterSerializer,
        responses={200: PreviewSerializer},
    )
    def preview(self, request: Request) -> Response:
        refuse_unknown(request.data, {"filter"})
        serializer = FilterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        catalogue = Catalogue(self.caller.workspace.currency)
        said = serializer.validated_data["filter"]
        read = segments.for_reader(segments.stored(said), self._reader())
        if wrong := segments.problems(read, catalogue):
            raise invalid([(_below("filter", path), message) for path, message in wrong])
        found = _parsed(said, catalogue)
        wanted = segments.condition(read, now=self.now, catalogue=catalogue)
        summary = selectors.summary(wanted)
        told = Preview(
            summary.customers,
            summary.arr_minor,
            segments.explain(found, catalogue),
            found.as_json(),
            list(selectors.customers(wanted).order_by("-arr_minor", "pk")[:SAMPLE]),
        )
        return Response(PreviewSerializer(told, context=self.get_serializer_context()).data)

    def _told(self, request: Request) -> dict[str, Any]:
        serializer = SegmentWriteSerializer(data=request.data)
        refuse_unknown(request.data, {*serializer.fields, *SegmentSerializer().fields})
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        if "filter" in told:
            found = _parsed(told.pop("filter"), Catalogue(self.caller.workspace.currency))
            if found.is_everybody:
                raise invalid([("filter", _("There is no condition in it. Name at least one."))])
            told["definition"] = found.as_json()
        return told


class SegmentCustomerViewSet(CustomerViewSet):
    """The customers of a segment, filtered and ordered further as ``customers`` are."""

    wanted: Q

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(self.wanted)

    @extend_schema(
        summary="List the customers of a segment",
        description='As they are now; nobody while the segment\'s `problems` say anything. "me" is the caller.',
        responses={200: CustomerSerializer(many=True)},
    )
    def list(self, request: Request, id: str) -> Response:  # type: ignore[override]  # the address names the parent, too
        member = self.caller.membership
        row: SavedSegment = self.find(id, selectors.visible_segments(member))
        filter: Filter = segments.for_reader(segments.stored(row.definition), member.pk if member else None)
        self.wanted = segments.condition(filter, now=self.now, catalogue=Catalogue(self.caller.workspace.currency))
        return super().list(request)


def _parsed(said: object, catalogue: Catalogue) -> Filter:
    try:
        return segments.parse(said, catalogue)
    except segments.SegmentError as error:
        raise invalid([(_below("filter", path), message) for path, message in error.problems]) from error


def _below(name: str, path: str) -> str:
    return f"{name}.{path}" if path else name


def _listed(problems: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"path": path, "message": message} for path, message in problems]


def _outside(name: str) -> str:
    """What callers call a field."""
    return {"definition": "filter"}.get(name, name)
