"""``/api/v1/playbooks/`` and ``/api/v1/playbook-runs/``"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import django_filters
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import segments
from accounts.api.access import CONFIGURE, WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import Membership
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant, shaped
from csplatform.core.rest.problems import Problem, invalid
from journeys.models import PausedBecause, Playbook, PlaybookRun, PlaybookState, RunState, StepState
from journeys.playbooks import definition as rules
from journeys.selectors import playbook_dry_run
from journeys.services.playbooks import control, editing, starting
from journeys.services.playbooks.control import RunEndedError

F = TypeVar("F", bound=Callable[..., Any])
_OBJECT = {"type": "object", "additionalProperties": True}


class PlaybookSerializer(serializers.Serializer[Any]):
    """What happens by itself when an event comes or a time comes round. `definition` is described in the manual."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=editing.MAX_NAME)
    description = serializers.CharField(max_length=editing.MAX_DESCRIPTION, required=False, allow_blank=True)
    definition = shaped(serializers.JSONField, _OBJECT)(source="present.definition")
    definition_version = serializers.IntegerField(source="present.number", read_only=True)
    state = serializers.ChoiceField(choices=PlaybookState.choices, read_only=True)
    paused_because = serializers.ChoiceField(choices=[("", ""), *PausedBecause.choices], read_only=True)
    paused_note = serializers.CharField(read_only=True)
    owner_id = serializers.UUIDField(required=False, allow_null=True, help_text="Who is told when it pauses itself.")
    next_slot_at = Instant(read_only=True, allow_null=True)
    created_at = Instant(read_only=True)
    version = serializers.IntegerField(read_only=True)


class RunStepSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True, help_text="From 0.")
    kind = serializers.ChoiceField(choices=[(kind, kind) for kind in rules.KINDS], read_only=True)
    state = serializers.ChoiceField(choices=StepState.choices, read_only=True)
    made = shaped(serializers.JSONField, _OBJECT)(read_only=True, help_text="Ids of what it made.")
    note = serializers.CharField(read_only=True)
    at = Instant(read_only=True)


class PlaybookRunSerializer(serializers.Serializer[Any]):
    """One customer's way through a playbook. The same trigger begins one, ever."""

    id = serializers.UUIDField(read_only=True)
    playbook_id = serializers.UUIDField(read_only=True)
    definition_version = serializers.IntegerField(source="of_version.number", read_only=True)
    customer_id = serializers.UUIDField(read_only=True)
    customer_external_id = serializers.CharField(source="customer.external_id", read_only=True)
    trigger = serializers.CharField(read_only=True)
    trigger_key = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=RunState.choices, read_only=True)
    step = serializers.IntegerField(read_only=True, help_text="How many steps lie behind.")
    due_at = Instant(read_only=True, allow_null=True)
    note = serializers.CharField(read_only=True)
    started_at = Instant(read_only=True)
    finished_at = Instant(read_only=True, allow_null=True)
    steps = RunStepSerializer(many=True, read_only=True)


class HitsSerializer(serializers.Serializer[Any]):
    events = serializers.IntegerField()
    runs = serializers.IntegerField()
    customers = serializers.IntegerField()
    tasks = serializers.IntegerField()
    customer_ids = serializers.SerializerMethodField(help_text="The first twenty, the largest first.")

    def get_customer_ids(self, hits: Any) -> list[str]:
        return [str(customer.pk) for customer in hits.shown]


class DryRunSerializer(serializers.Serializer[Any]):
    """Whom it would reach; nothing was started. `past` null: cannot be known, `notes` say why."""

    today = HitsSerializer()
    past = HitsSerializer(allow_null=True)
    known_from = serializers.DateField()
    notes = serializers.ListField(child=serializers.CharField())


class StartSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=60, help_text="The same key starts it once per customer.")
    filter = shaped(serializers.JSONField, _OBJECT)(help_text="Which customers, in the filter language.")


class StartedSerializer(serializers.Serializer[Any]):
    runs = serializers.IntegerField()


class PlaybookFilters(django_filters.FilterSet):
    name = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=PlaybookState.choices)


class PlaybookRunFilters(django_filters.FilterSet):
    playbook_id = django_filters.UUIDFilter()
    customer_id = django_filters.UUIDFilter()
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    state = django_filters.ChoiceFilter(choices=RunState.choices)


def _switch(summary: str, description: str) -> Callable[[F], F]:
    return extend_schema(summary=summary, description=description, request=None, responses={200: PlaybookSerializer})


@extend_schema_view(
    list=extend_schema(summary="List playbooks", description="With what each says now."),
    retrieve=extend_schema(summary="Read a playbook", description="By its id."),
    create=extend_schema(summary="Write a playbook", description="As a draft: it does nothing until activated."),
    partial_update=extend_schema(
        summary="Change a playbook", description="A new definition is a new version; runs keep theirs."
    ),
)
class PlaybookViewSet(RecordViewSet):
    model = Playbook
    serializer_class = PlaybookSerializer
    filterset_class = PlaybookFilters
    joins = ("present",)
    needs: ClassVar[dict[str, Need]] = dict.fromkeys(
        ("create", "partial_update", "activate", "pause", "retire", "start"), CONFIGURE
    )

    def create(self, request: Request) -> Response:
        made = editing.create(**self._told(request, partial=False), **self._who())
        address = reverse("api-playbooks-record", kwargs={"id": str(made.pk)})
        return self.shown(made, 201, {"Location": request.build_absolute_uri(address)})

    def partial_update(self, request: Request, id: str) -> Response:
        row: Playbook = self.find(id)
        conditional.require_version(request, row.version)
        expected = row.version if "If-Match" in request.headers else None
        told = self._told(request, partial=True)
        with answered():
            changed = editing.change(playbook_id=row.pk, told=told, expected_version=expected, **self._who())
        return self.shown(changed)

    @_switch("Activate or resume a playbook", "400 when it would start itself for ever, or make too many tasks.")
    def activate(self, request: Request, id: str) -> Response:
        return self._switched(id, control.activate)

    @_switch("Pause a playbook", "No run begins, and those begun wait.")
    def pause(self, request: Request, id: str) -> Response:
        return self._switched(id, control.pause)

    @_switch("Retire a playbook", "For good: what waits is cancelled, its log stays.")
    def retire(self, request: Request, id: str) -> Response:
        return self._switched(id, control.retire)

    @extend_schema(
        summary="Try a playbook out",
        description="Whom it would reach today, and would have reached over the last 90 days. Nothing is started.",
        responses={200: DryRunSerializer},
    )
    def dry_run(self, request: Request, id: str) -> Response:
        row: Playbook = self.find(id)
        found = playbook_dry_run.dry_run(rules.read(row.says.definition), now=self.now)
        return Response(DryRunSerializer(found).data)

    @extend_schema(
        summary="Start a playbook for chosen customers",
        description="Its own filter counts as well. 400 with the number when it would make too many tasks at once.",
        request=StartSerializer,
        responses={202: StartedSerializer},
    )
    def start(self, request: Request, id: str) -> Response:
        row: Playbook = self.find(id)
        serializer = StartSerializer(data=request.data)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        told = serializer.validated_data
        try:
            chosen = segments.condition(segments.parse(told["filter"]), now=self.now)
        except segments.SegmentError as error:
            raise invalid(
                [(f"filter.{path}" if path else "filter", words) for path, words in error.problems]
            ) from error
        runs = starting.start_for(playbook_id=row.pk, customers=chosen, key=told["key"], **self._who())
        return Response({"runs": runs}, 202)

    def _switched(self, id: str, switch: Callable[..., Playbook]) -> Response:
        with answered():
            switch(playbook_id=self.find(id).pk, **self._who())
        return self.shown(self.find(id))

    def _who(self) -> dict[str, Any]:
        return {"actor": self.caller.actor, "now": self.now}

    def _told(self, request: Request, *, partial: bool) -> dict[str, Any]:
        serializer = PlaybookSerializer(data=request.data, partial=partial)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        if "present" in told:
            told["definition"] = told.pop("present")["definition"]
        if "owner_id" in told:
            told["owner"] = self._owner(told.pop("owner_id"))
        elif not partial:
            told["owner"] = self.caller.membership
        return told

    def _owner(self, owner_id: Any) -> Membership | None:
        if owner_id is None:
            return None
        rows = Membership.objects.filter(workspace=self.caller.workspace, left_at__isnull=True)
        owner = rows.filter(pk=owner_id).first()
        if owner is None:
            raise invalid([("owner_id", _("There is no such member."))])
        return owner


def _ended(summary: str) -> Callable[[F], F]:
    return extend_schema(
        summary=summary, description="409 when it is over.", request=None, responses={200: PlaybookRunSerializer}
    )


@extend_schema_view(
    list=extend_schema(summary="List runs of playbooks", description="With what each step did."),
    retrieve=extend_schema(summary="Read a run", description="By its id."),
)
class PlaybookRunViewSet(RecordViewSet):
    model = PlaybookRun
    serializer_class = PlaybookRunSerializer
    filterset_class = PlaybookRunFilters
    joins = ("customer", "of_version")
    prefetches = ("steps",)
    default_ordering = "-id"
    needs: ClassVar[dict[str, Need]] = {"cancel": WRITE, "retry": WRITE}

    @_ended("Cancel a run")
    def cancel(self, request: Request, id: str) -> Response:
        return self._done(id, control.cancel_run)

    @_ended("Try a run again that a fault has stopped")
    def retry(self, request: Request, id: str) -> Response:
        return self._done(id, control.retry_run)

    def _done(self, id: str, deed: Callable[..., PlaybookRun]) -> Response:
        try:
            deed(run_id=self.find(id).pk, actor=self.caller.actor, now=self.now)
        except (RunEndedError, ValidationError) as error:
            raise Problem(409, str(error), kind="ended") from error
        return self.shown(self.find(id))
