"""The page behind a mailed link on which the owner of a mailbox confirms what was asked for with its address.

Mail scanners open every link of a mail, and some run scripts: looking records nothing, one button posts.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Workspace
from surveys import links, mail
from surveys.models import OptInRequest, Survey
from surveys.public.pages import page, public
from surveys.services import confirming, opt_ins


# Exempt because the link works with cookies off: its signed token takes the place of the CSRF cookie.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def wishes(request: HttpRequest, survey: Survey, token: str) -> HttpResponse:
    """What was asked for, with one button that confirms it and one that says it was somebody else."""
    read = links.read_confirm("confirm", token)
    if read is None:
        raise Http404(_("This link is not whole. Use the one in the mail."))
    request_id, last_day = read
    now = timezone.now()
    found = opt_ins.request_of(survey=survey, request_id=request_id, today=now.date())
    if found is None:
        return page(request, "surveys/public/confirm.html", survey, status=410, state="gone", last_day=last_day)
    if request.method == "POST":
        act = opt_ins.decline if request.POST.get("answer") == "decline" else opt_ins.confirm
        act(request_id=found.pk, now=now)
        return HttpResponseRedirect(request.get_full_path())
    return page(request, "surveys/public/confirm.html", survey, **_told(found), last_day=last_day)


def _told(found: OptInRequest) -> dict[str, Any]:
    language = translation.get_language() or found.survey.languages[0]
    house = Workspace.objects.values_list("name", flat=True).get(pk=found.workspace_id)
    state = found.state if found.state in ("confirmed", "declined") else "asked"
    return {"state": state, "asked": found, "wishes": mail.wishes_in_words(found, language), "house": house}


# Exempt for the same reason.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def own_answer(request: HttpRequest, survey: Survey, token: str) -> HttpResponse:
    """One button that lets an answer count, where the survey counts one for each confirmed address."""
    read = links.read_confirm("confirm-answer", token)
    if read is None:
        raise Http404(_("This link is not whole. Use the one in the mail."))
    confirmation_id, last_day = read
    now = timezone.now()
    found = confirming.link_of(survey=survey, confirmation_id=confirmation_id, now=now)
    if found is None:
        return page(request, "surveys/public/confirm_answer.html", survey, status=410, state="gone", last_day=last_day)
    if request.method == "POST":
        confirming.confirm(confirmation_id=found.pk, now=now)
        return HttpResponseRedirect(request.get_full_path())
    state = confirming.standing(found).value
    return page(request, "surveys/public/confirm_answer.html", survey, state=state, last_day=last_day)
