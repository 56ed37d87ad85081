"""What surrounds the form: the proof of work to solve, the day of the results for a calendar, the link as a QR code."""

from __future__ import annotations

import io
from functools import lru_cache
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from surveys.calendar import day_event
from surveys.models import Survey
from surveys.public import checks
from surveys.public.pages import public


@never_cache
@require_safe
@public
def proof(request: HttpRequest, survey: Survey) -> HttpResponse:
    """A challenge that the page's script solves while one reads."""
    return JsonResponse(checks.challenge(survey))


@require_safe
@public
def calendar(request: HttpRequest, survey: Survey) -> HttpResponse:
    """The day of the results as a calendar file; 404 where none is promised."""
    if survey.results_on is None:
        raise Http404(_("This survey promises no day for its results."))
    name = survey.text("title", translation.get_language() or "en")
    url = f"{settings.PUBLIC_URL}/s/{survey.slug}/results/"
    text = day_event(
        uid=f"{survey.slug}-results@{urlsplit(settings.PUBLIC_URL).hostname}",
        day=survey.results_on,
        title=_("Results: %(survey)s") % {"survey": name},
        url=url,
        stamp=timezone.now(),
    )
    answered = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answered["Content-Disposition"] = f'attachment; filename="{survey.slug}.ics"'
    return answered


@require_safe
@public
def qr(request: HttpRequest, survey: Survey) -> HttpResponse:
    """The link as a QR code, to print or to show on a slide."""
    answered = HttpResponse(_qr(f"{settings.PUBLIC_URL}/s/{survey.slug}/"), content_type="image/svg+xml")
    answered["Cache-Control"] = "public, max-age=86400"
    return answered


@lru_cache(maxsize=256)
def _qr(url: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(url, error="m", micro=False).save(drawn, kind="svg", scale=8, border=4, light="#fff", title=url)
    return drawn.getvalue()
