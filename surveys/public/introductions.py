"""The page behind an introduction's mail: agree or decline. Its token is the key; a visit alone decides nothing."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys.mail import challenge_of
from surveys.models import Survey
from surveys.public.pages import page, public
from surveys.services import introductions


# Exempt because the link works with cookies off: its token, which nobody else has, takes the place of the CSRF cookie.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def introduction(request: HttpRequest, survey: Survey, token: str) -> HttpResponse:
    """Who asks and why; both buttons post, because mail scanners follow links."""
    guest = introductions.guest_of(survey_id=survey.pk, token=token)
    if guest is None:
        raise Http404(_("This link is not valid, or its introduction was withdrawn."))
    if request.method == "POST":
        agrees = request.POST.get("answer") == "agree"
        introductions.answer(guest_id=guest.pk, agrees=agrees, now=timezone.now())
        return HttpResponseRedirect(request.get_full_path())
    language = translation.get_language() or survey.languages[0]
    return page(
        request,
        "surveys/public/introduction.html",
        survey,
        guest=guest,
        introduction=guest.introduction,
        challenge=challenge_of(guest.introduction, language),
        others=guest.introduction.guests.count() - 1,
    )
