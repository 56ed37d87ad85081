"""A short way for ingest: no session, language, CSRF, CSP or workspace of a person takes part in it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from health.ingest.views import ROUTES


class IngestMiddleware:
    """Answers ``/v1/*`` before the middleware that serves people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = ROUTES.get(request.path_info.removesuffix("/"))
        return view(request) if view is not None else self.get_response(request)
