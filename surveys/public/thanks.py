"""After answering: the receipt code, the day of the results, and what one may ask for beside the answer."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from surveys import receipts
from surveys.models import Survey
from surveys.public import tokens
from surveys.public.pages import page, public


@never_cache
@require_http_methods(["GET", "HEAD"])
@public
def thanks(request: HttpRequest, survey: Survey) -> HttpResponse:
    """The receipt code is shown to whoever has just answered; later only the code itself opens the answer."""
    key = tokens.read_ticket(request.GET.get("t", ""), survey.pk)
    code = receipts.make(settings.SECRET_KEY, str(survey.pk), key) if key else ""
    return page(request, "surveys/public/thanks.html", survey, code=code)
