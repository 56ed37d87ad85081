"""The public list of editions: what can be answered now, and what has been published."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from csplatform.core import formats
from surveys.public.pages import framed, language_links, language_of
from surveys.selectors.public import Edition, editions


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every listed survey that is open, and every published result."""
    offered = [code for code, _ in settings.LANGUAGES]
    language = language_of(request, offered)
    with translation.override(language):
        found = editions(timezone.now())
        shown = render(
            request,
            "surveys/public/index.html",
            {
                "language": language,
                "languages": language_links(request, offered),
                "open": [_line(edition, language) for edition in found if edition.is_open],
                "published": [_line(edition, language) for edition in found if not edition.is_open],
            },
        )
        shown.headers["Content-Language"] = language
        return framed(shown)


def _line(edition: Edition, language: str) -> dict[str, str]:
    shown = language if language in edition.languages else (edition.languages or [language])[0]
    at = edition.closes_at if edition.is_open else edition.published_at
    return {
        "title": edition.title(language),
        "language": shown,
        "wave": edition.wave,
        "hosts": ", ".join(host.get("name", "") for host in edition.hosts if host.get("name")),
        "url": f"/s/{edition.slug}/{'' if edition.is_open else 'results/'}?lang={shown}",
        "day": formats.day(at, language, "written") if at else "",
    }
