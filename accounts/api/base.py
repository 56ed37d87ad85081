"""The base of every REST resource: who calls, in which workspace, how often, and how faults are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from accounts.api.access import READ, Caller, KeyAuthentication, MemberAuthentication, Need
from csplatform.core.ids import parse_uuid
from csplatform.core.rest import conditional, idempotency, limits, problems
from csplatform.core.rest.filters import StrictFilters
from csplatform.core.rest.paging import BY_ID, KeysetPagination, Order
from csplatform.core.rest.parsing import StrictJSONParser
from csplatform.core.tenancy import workspace_scope

BY_EXTERNAL_ID = "ext:"


class PlainJSONRenderer(JSONRenderer):
    media_type = "application/json"
    charset = None


class WorkspaceViewSet(GenericViewSet[Any]):
    """One resource. The view and its rendering run in the caller's workspace scope; an error undoes all of it.

    ``needs`` maps an action to what it asks of the caller (``READ`` where it names none).
    """

    authentication_classes = [KeyAuthentication, MemberAuthentication]
    permission_classes = []
    renderer_classes = [PlainJSONRenderer]
    parser_classes = [StrictJSONParser]
    content_negotiation_class = DefaultContentNegotiation
    pagination_class: type[KeysetPagination] | None = KeysetPagination
    filter_backends = [StrictFilters]

    needs: ClassVar[Mapping[str, Need]] = {}
    orders: ClassVar[Mapping[str, Order]] = BY_ID
    default_ordering: ClassVar[str] = "id"

    now: datetime
    caller: Caller
    allowance: limits.Allowance | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs = args, kwargs
        self.headers, self.format_kwarg = self.default_response_headers, None
        self.now = timezone.now()
        self.allowance = None
        self.request = asked = self.initialize_request(request, *args, **kwargs)
        try:
            self._admit(asked)
            with workspace_scope(self.caller.workspace):
                response = self._answer(asked)
        except Exception as error:
            response = self._refuse(asked, error)
        self._say_what_is_left(response)
        return response

    def _say_what_is_left(self, response: HttpResponseBase) -> None:
        if self.allowance is not None:
            for name, value in self.allowance.headers.items():
                response[name] = value

    def _admit(self, request: Request) -> None:
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.perform_authentication(request)
        if not isinstance(request.auth, Caller):
            raise exceptions.NotAuthenticated
        self.caller = request.auth
        self.allowance = limits.count(self.caller.rate_name, limit=settings.API_RATE_PER_MINUTE, now=self.now)
        if self.allowance.exceeded:
            wait = str(self.allowance.resets_in)
            detail = _("More than %(limit)d requests in a minute.") % {"limit": self.allowance.limit}
            raise problems.Problem(429, detail, kind="rate-limited", headers={"Retry-After": wait})

    def _answer(self, request: Request) -> Any:
        handler = getattr(self, str(request.method).lower(), None)
        if handler is None or self.action is None:
            raise exceptions.MethodNotAllowed(str(request.method))
        self.caller.require(self.needs.get(self.action, READ))
        if request.method == "POST":
            response = idempotency.once(request, lambda: self._handled(request, handler), now=self.now)
        else:
            response = self._handled(request, handler)
        return self._rendered(request, response)

    def _rendered(self, request: Request, response: Any) -> Any:
        """Rendered here, while the scope lasts; files have no rendering."""
        response = self.finalize_response(request, response, *self.args, **self.kwargs)
        return response.render() if hasattr(response, "render") else response

    def _handled(self, request: Request, handler: Any) -> Response:
        response = handler(request, *self.args, **self.kwargs)
        return self.finalize_response(request, response, *self.args, **self.kwargs)

    def _refuse(self, request: Request, error: Exception) -> Response:
        problem = problems.from_exception(error)
        if problem is None:
            raise error
        if problem.status_code == 401:
            problem.headers["WWW-Authenticate"] = self.get_authenticate_header(request)
        if isinstance(error, exceptions.MethodNotAllowed):
            problem.headers["Allow"] = ", ".join(self.allowed_methods)
        request.accepted_renderer, request.accepted_media_type = self.renderer_classes[0](), problems.MEDIA_TYPE
        response = Response(
            problem.body, problem.status_code, headers=problem.headers, content_type=problems.MEDIA_TYPE
        )
        rendered: Response = self._rendered(request, response)
        return rendered

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        caller = getattr(self, "caller", None)
        return {**context, "workspace": caller.workspace if caller else None, "now": getattr(self, "now", None)}


class RecordViewSet(WorkspaceViewSet):
    """A resource of records: lists and single records, found by id or, where there is one, ``ext:{external_id}``.

    Subclasses name ``model`` rather than a queryset, because a query can only be made inside a scope.
    ``joins`` and ``prefetches`` keep the number of queries the same whatever the page holds.
    """

    model: ClassVar[type[Model]]
    joins: ClassVar[tuple[str, ...]] = ()
    prefetches: ClassVar[tuple[Any, ...]] = ()
    has_external_id: ClassVar[bool] = False
    lookup_field = "id"

    def get_queryset(self) -> QuerySet[Any]:
        queryset: QuerySet[Any] = self.model.objects.all()  # type: ignore[attr-defined]  # managers are made at run time
        return queryset.select_related(*self.joins) if self.joins else queryset

    def find(self, reference: str, queryset: QuerySet[Any] | None = None) -> Any:
        """The record at ``reference`` (an id, or ``ext:`` and an external id); anything else is not found."""
        rows = self.get_queryset() if queryset is None else queryset
        if self.has_external_id and reference.startswith(BY_EXTERNAL_ID):
            wanted: dict[str, Any] = {"external_id": reference.removeprefix(BY_EXTERNAL_ID)}
        else:
            wanted = {"pk": parse_uuid(reference)}
        if None in wanted.values() or "\0" in reference:
            raise Http404
        return self.one(rows, **wanted)

    @staticmethod
    def one(rows: QuerySet[Any], **wanted: Any) -> Any:
        """The one row that is ``wanted``; 404 where there is none."""
        row = rows.filter(**wanted).first()
        if row is None:
            raise Http404
        return row

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        prefetch_related_objects(rows, *self.prefetches)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:
        return self.shown(self.find(id))

    def shown(self, row: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """``row`` as the answer, with its tag where records have versions; 304 when the caller has it already."""
        prefetch_related_objects([row], *self.prefetches)
        serializer: BaseSerializer[Any] = self.get_serializer(row)
        response = Response(serializer.data, status, headers=dict(headers or {}))
        version = getattr(row, "version", None)
        if version is not None:
            tag = conditional.etag(version, PlainJSONRenderer().render(serializer.data))
            if self.request.method == "GET" and conditional.is_unchanged(self.request, tag):
                response = Response(status=304)
            response["ETag"] = tag
        return response
