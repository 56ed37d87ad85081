"""What search engines may read: public survey pages, and nothing else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_RULES = "User-agent: *\nAllow: /s/\nAllow: /static/\nDisallow: /\n"


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """/robots.txt"""
    return HttpResponse(_RULES, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=86400"})
