"""A short way to the public pages: what serves signed-in people takes no part in them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, get_resolver

_ROOT = "/s"


class PublicPagesMiddleware:
    """Answers ``/s/…`` before sessions, accounts and workspaces of people are looked at.

    Host names, redirects to TLS and the security headers are still seen to; what is no public page goes on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._pages = get_resolver("surveys.public_urls")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_ROOT + "/"):
            return self.get_response(request)
        try:
            match = self._pages.resolve(request.path_info.removeprefix(_ROOT))
        except Resolver404:
            return self.get_response(request)
        request.get_host()
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
