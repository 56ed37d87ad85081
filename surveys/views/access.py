"""Pages of survey hosts: for the permission to run surveys, with times in the workspace's own zone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import Guarded, requires
from accounts.middleware import WorkspaceRequest
from accounts.roles import Permission
from surveys.models import Survey

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], HttpResponse]
READ = ("GET", "HEAD")
WRITE = ("POST",)
BOTH = (*READ, *WRITE)


def host_page(
    methods: tuple[str, ...] = READ,
) -> Callable[[View[P]], Guarded[P]]:
    """A view for hosts that answers ``methods`` only; what it shows and reads as time is in the workspace's zone."""

    def decorate(view: View[P]) -> Guarded[P]:
        def zoned(request: WorkspaceRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            with timezone.override(ZoneInfo(request.workspace.time_zone)):
                return view(request, *args, **kwargs)

        guarded = wraps(view)(requires(Permission.HOST_SURVEYS)(zoned))
        return cast(Guarded[P], require_http_methods(list(methods))(guarded))

    return decorate


def find(pk: UUID) -> Survey:
    """The workspace's survey; 404 for anybody else's."""
    survey = Survey.objects.filter(pk=pk).first()
    if survey is None:
        raise Http404
    return survey
