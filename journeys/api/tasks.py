"""``/api/v1/tasks/``"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import django_filters
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.access import WRITE, Need
from accounts.api.base import RecordViewSet
from accounts.api.writing import answered, refuse_unknown
from accounts.models import Membership
from accounts.roles import Department
from csplatform.core.rest import conditional
from csplatform.core.rest.fields import Instant
from csplatform.core.rest.paging import BY_ID, Order
from csplatform.core.rest.problems import Problem, invalid
from journeys.models import Task, TaskState
from journeys.services import task_deeds
from journeys.services.task_deeds import ClosedError, TakenError

_NO_DEPARTMENT = ("", "None")


class TaskSerializer(serializers.Serializer[Any]):
    """Something to do. `owner_id` null: anybody of `department`. With `draft_subject` it holds a mail to be sent by
    a person."""

    id = serializers.UUIDField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True, allow_null=True)
    customer_external_id = serializers.CharField(
        source="customer.external_id", read_only=True, allow_null=True, default=None
    )
    title = serializers.CharField(read_only=True)
    body = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=TaskState.choices, read_only=True)
    owner_id = serializers.UUIDField(read_only=True, allow_null=True, help_text="A member's id.")
    department = serializers.ChoiceField(choices=[_NO_DEPARTMENT, *Department.choices], read_only=True)
    for_customer = serializers.BooleanField(read_only=True, help_text="The customer's own, on its shared plan.")
    due_on = serializers.DateField(read_only=True, allow_null=True)
    snoozed_until = serializers.DateField(read_only=True, allow_null=True)
    snooze_reason = serializers.CharField(read_only=True)
    result = serializers.CharField(read_only=True, help_text="What came of it, or why it was cancelled.")
    draft_subject = serializers.CharField(read_only=True)
    draft_body = serializers.CharField(read_only=True)
    contact_id = serializers.UUIDField(read_only=True, allow_null=True, help_text="Whom the draft is for.")
    source = serializers.CharField(  # type: ignore[assignment]  # a field of that name hides the serializer's own
        read_only=True, help_text="`manual`, `playbook`, `churn` …"
    )
    created_at = Instant(read_only=True)
    created_by = serializers.CharField(source="created_by_label", read_only=True)
    finished_at = Instant(read_only=True, allow_null=True)
    finished_by = serializers.CharField(source="finished_by_label", read_only=True)
    version = serializers.IntegerField(read_only=True)


class TaskWriteSerializer(serializers.Serializer[Any]):
    """A task made or changed by hand. One without an owner needs a department."""

    customer_id = serializers.UUIDField(required=False, allow_null=True)
    title = serializers.CharField(max_length=task_deeds.MAX_TITLE)
    body = serializers.CharField(required=False, allow_blank=True, max_length=task_deeds.MAX_BODY)
    owner_id = serializers.UUIDField(required=False, allow_null=True)
    department = serializers.ChoiceField(choices=Department.choices, required=False, allow_blank=True)
    due_on = serializers.DateField(required=False, allow_null=True)


class TaskSnoozeSerializer(serializers.Serializer[Any]):
    until = serializers.DateField(help_text="A day after today, in the workspace's time zone.")
    reason = serializers.CharField(max_length=task_deeds.MAX_REASON)


class TaskDoneSerializer(serializers.Serializer[Any]):
    result = serializers.CharField(max_length=task_deeds.MAX_RESULT, help_text="What came of it.")


class TaskCancelSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=task_deeds.MAX_RESULT)


class TaskFilters(django_filters.FilterSet):
    customer_id = django_filters.UUIDFilter()
    customer_external_id = django_filters.CharFilter(field_name="customer__external_id")
    owner_id = django_filters.UUIDFilter()
    department = django_filters.ChoiceFilter(choices=Department.choices)
    state = django_filters.ChoiceFilter(choices=TaskState.choices)
    source = django_filters.CharFilter()
    due_before = django_filters.DateFilter(field_name="due_on", lookup_expr="lt")


def _deed(
    summary: str, request: type[serializers.Serializer[Any]] | None
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    return extend_schema(
        summary=summary,
        description="409 when the task is not open any more.",
        request=request,
        responses={200: TaskSerializer},
    )


@extend_schema_view(
    list=extend_schema(summary="List tasks", description="Open and closed ones."),
    retrieve=extend_schema(summary="Read a task", description="By its id."),
    create=extend_schema(
        summary="Add a task",
        description="For a person, or for anybody of a department.",
        request=TaskWriteSerializer,
        responses={201: TaskSerializer},
    ),
    partial_update=extend_schema(
        summary="Change an open task",
        description="What is left out keeps its value; the customer stays.",
        request=TaskWriteSerializer,
    ),
)
class TaskViewSet(RecordViewSet):
    model = Task
    serializer_class = TaskSerializer
    filterset_class = TaskFilters
    joins = ("customer",)
    orders: ClassVar[dict[str, Order]] = {**BY_ID, "due_on": Order("due_on", nullable=True)}
    needs: ClassVar[dict[str, Need]] = dict.fromkeys(
        ("create", "partial_update", "take", "snooze", "wake", "done", "cancel", "reopen"), WRITE
    )

    def create(self, request: Request) -> Response:
        told = self._told(request, partial=False)
        owner, customer_id = self._owner(told), told.pop("customer_id", None)
        made = task_deeds.add(**{**told, **owner}, customer_id=customer_id, by=self.caller.membership, **self._who())
        address = reverse("api-tasks-record", kwargs={"id": str(made.pk)})
        location = {"Location": request.build_absolute_uri(address)}
        return self.shown(self.one(self.get_queryset(), pk=made.pk), 201, location)

    def partial_update(self, request: Request, id: str) -> Response:
        row: Task = self.find(id)
        conditional.require_version(request, row.version)
        expected = row.version if "If-Match" in request.headers else None
        told = self._told(request, partial=True)
        if "customer_id" in told:
            raise invalid([("customer_id", _("A task stays with its customer."))])
        told = {**told, **self._owner(told)}
        return self._done(row, task_deeds.edit, told=told, expected_version=expected)

    @_deed("Take a task", None)
    def take(self, request: Request, id: str) -> Response:
        if self.caller.membership is None:
            raise invalid([(None, _("A key is nobody: name the owner with PATCH instead."))])
        return self._done(self.find(id), task_deeds.take, by=self.caller.membership)

    @_deed("Put a task off", TaskSnoozeSerializer)
    def snooze(self, request: Request, id: str) -> Response:
        return self._with_body(request, id, TaskSnoozeSerializer, task_deeds.snooze)

    @_deed("Show a task again now", None)
    def wake(self, request: Request, id: str) -> Response:
        return self._done(self.find(id), task_deeds.wake)

    @_deed("Finish a task", TaskDoneSerializer)
    def done(self, request: Request, id: str) -> Response:
        return self._with_body(request, id, TaskDoneSerializer, task_deeds.finish)

    @_deed("Cancel a task", TaskCancelSerializer)
    def cancel(self, request: Request, id: str) -> Response:
        return self._with_body(request, id, TaskCancelSerializer, task_deeds.cancel)

    @_deed("Open a task again", None)
    def reopen(self, request: Request, id: str) -> Response:
        return self._done(self.find(id), task_deeds.reopen)

    def _with_body(
        self, request: Request, id: str, body: type[serializers.Serializer[Any]], deed: Callable[..., Task]
    ) -> Response:
        row = self.find(id)
        serializer = body(data=request.data)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        return self._done(row, deed, **serializer.validated_data)

    def _done(self, row: Task, deed: Callable[..., Task], **told: Any) -> Response:
        try:
            with answered():
                deed(task_id=row.pk, **told, **self._who())
        except ClosedError as error:
            raise Problem(409, str(error), kind="closed") from error
        except TakenError as error:
            raise Problem(409, str(error), kind="taken") from error
        return self.shown(self.one(self.get_queryset(), pk=row.pk))

    def _who(self) -> dict[str, Any]:
        return {"actor": self.caller.actor, "now": self.now}

    def _told(self, request: Request, *, partial: bool) -> dict[str, Any]:
        serializer = TaskWriteSerializer(data=request.data, partial=partial)
        refuse_unknown(request.data, {*serializer.fields})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _owner(self, told: dict[str, Any]) -> dict[str, Membership | None]:
        """The owner named in ``told``, which loses its ``owner_id``; nothing where none is named."""
        if "owner_id" not in told:
            return {}
        owner_id = told.pop("owner_id")
        if owner_id is None:
            return {"owner": None}
        rows = Membership.objects.filter(workspace=self.caller.workspace, left_at__isnull=True)
        owner = rows.select_related("user").filter(pk=owner_id).first()
        if owner is None:
            raise invalid([("owner_id", _("There is no such member."))])
        return {"owner": owner}
