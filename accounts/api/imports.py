"""``/api/v1/imports/``"""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import IMPORT, READ_IMPORTS, Need
from accounts.api.base import RecordViewSet
from accounts.imports import kinds, mapping, readers, runs
from accounts.models import ImportRun
from csplatform.core.models import JobState
from csplatform.core.rest.fields import Instant, shaped
from csplatform.core.rest.problems import invalid

_NAMES = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"Account": "external_id"}]}
_WAITING = "waiting_for_mapping"


class ImportSerializer(serializers.Serializer[Any]):
    """A file on its way in, and what became of its rows. ``job_id`` shows the progress."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.CharField(read_only=True)
    file_name = serializers.CharField(source="original_name", read_only=True)
    format = serializers.CharField(read_only=True)
    state = serializers.SerializerMethodField(help_text="The job's; before it has one, waiting_for_mapping.")
    job_id = serializers.UUIDField(read_only=True, allow_null=True)
    through = serializers.DateField(read_only=True, allow_null=True)
    mapping = serializers.SerializerMethodField(help_text="The file's columns and what each was read as.")
    rows_read = serializers.IntegerField(read_only=True)
    rows_created = serializers.IntegerField(read_only=True)
    rows_updated = serializers.IntegerField(read_only=True)
    rows_unchanged = serializers.IntegerField(read_only=True)
    rows_rejected = serializers.IntegerField(read_only=True)
    rejects = serializers.SerializerMethodField(help_text="Address of the refused rows with their reasons, as CSV.")
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_at = Instant(read_only=True)

    @extend_schema_field({"type": "string", "enum": [_WAITING, *JobState.values]})
    def get_state(self, row: ImportRun) -> str:
        return row.job.state if row.job else _WAITING

    @extend_schema_field(_NAMES)
    def get_mapping(self, row: ImportRun) -> dict[str, str]:
        return dict(mapping.Mapping.from_json(row.mapping).pairs()) if row.mapping else {}

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_rejects(self, row: ImportRun) -> str | None:
        if not row.rejects:
            return None
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse("api-imports-rejects", kwargs={"id": str(row.pk)}))


class ImportStartSerializer(serializers.Serializer[Any]):
    """A file to import. Columns named as ours, or as other tools name them, need no mapping."""

    kind = serializers.CharField(max_length=30, help_text="customers, contacts, subscriptions or events.")
    file = serializers.FileField(help_text="CSV, CSV.gz, NDJSON or Parquet.", allow_empty_file=True)
    mapping = shaped(serializers.JSONField, _NAMES)(
        required=False, help_text="Their column → ours; “-” leaves one out."
    )
    through = serializers.DateField(required=False, allow_null=True, help_text="The facts are complete up to this day.")

    def validate_kind(self, value: str) -> kinds.ImportKind:
        kind = kinds.get(value)
        if kind is None:
            known = ", ".join(each.key for each in kinds.all_kinds())
            raise serializers.ValidationError(_("Unknown kind. Known are %(known)s.") % {"known": known})
        return kind

    def validate_mapping(self, value: Any) -> list[tuple[str, str]]:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
            raise serializers.ValidationError(_("Expected a JSON object: their column → ours."))
        return list(value.items())


class ImportFilters(django_filters.FilterSet):
    kind = django_filters.CharFilter()
    job = django_filters.UUIDFilter(field_name="job_id", help_text="Id of the job that reads it.")


@extend_schema_view(
    create=extend_schema(
        summary="Import a file",
        description="Takes the file in and queues it; the answer names the job. Rows are upserts by `external_id`: "
        "the same file again changes nothing. Bad rows are set aside with the reason, good ones kept.",
        request={"multipart/form-data": ImportStartSerializer},
        responses={201: ImportSerializer},
    ),
    list=extend_schema(summary="List imports", description="Files taken in, the newest first."),
    retrieve=extend_schema(summary="Read an import", description="State, counts and notes of one file."),
)
class ImportViewSet(RecordViewSet):
    model = ImportRun
    serializer_class = ImportSerializer
    filterset_class = ImportFilters
    parser_classes = [MultiPartParser]
    joins = ("job",)
    default_ordering = "-id"
    needs: ClassVar[dict[str, Need]] = {
        "create": IMPORT,
        "list": READ_IMPORTS,
        "retrieve": READ_IMPORTS,
        "rejects": READ_IMPORTS,
    }

    def create(self, request: Request) -> Response:
        form = ImportStartSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        told, actor = form.validated_data, self.caller.actor
        try:
            run = runs.take_in(
                kind=told["kind"],
                upload=told["file"],
                name=told["file"].name,
                through=told.get("through"),
                actor=actor,
                now=self.now,
            )
        except readers.SourceError as error:
            raise invalid([("file", str(error))]) from error
        try:
            headers = readers.open_source(runs.opener_of(run)).headers
            chosen = mapping.build(told["kind"], headers, told.get("mapping", []))
            runs.start(run=run, chosen=chosen, actor=actor, now=self.now)
        except mapping.MappingError as error:
            run.file.delete(save=False)
            raise invalid([("mapping", str(error))]) from error
        address = request.build_absolute_uri(reverse("api-imports-record", kwargs={"id": str(run.pk)}))
        return self.shown(self.one(self.get_queryset(), pk=run.pk), 201, {"Location": address})

    @extend_schema(
        summary="Download refused rows",
        description="The rows that were not taken, each with its line and the reason. 404 when there are none.",
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, description="CSV, UTF-8.")},
    )
    def rejects(self, request: Request, id: str) -> FileResponse:
        run: ImportRun = self.find(id)
        if not run.rejects:
            raise Http404
        try:
            content = run.rejects.open("rb")
        except FileNotFoundError as error:
            raise Http404 from error
        return FileResponse(content, as_attachment=True, filename=f"rejects-{run.pk}.csv", content_type="text/csv")
