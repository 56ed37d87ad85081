"""Answers below ``/api/`` that no resource gives: unknown addresses, and faults of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from csplatform.core.rest import problems

_ROOT = "/api/"


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """404, or the way to the address with the slash that was left out (308 keeps method and body)."""
    if not request.path_info.endswith("/"):
        try:
            found = resolve(request.path_info + "/")
        except Resolver404:
            found = None
        if found is not None and found.func is not unknown_address:
            redirect = HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
            redirect.status_code = 308
            return redirect
    return problems.response(problems.Problem(404, _("There is nothing at this address.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path_info.startswith(_ROOT):
        return problems.response(problems.from_exception(exception) or problems.Problem(400, _("Bad request.")))
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith(_ROOT):
        detail = _("This is a fault of ours, noted with the X-Request-ID of this answer; nothing was changed.")
        return problems.response(problems.Problem(500, detail))
    return defaults.server_error(request)
