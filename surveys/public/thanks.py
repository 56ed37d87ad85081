"""After answering: the receipt code, the day of the results, and what one may ask for beside the answer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys import links, receipts
from surveys.models import Channel, State, Status, Survey
from surveys.public import checks, tokens
from surveys.public.pages import framed, page, public
from surveys.public.words import moment
from surveys.services import answering, confirming, opt_ins

WISHES = ("wants_results", "wants_next", "wants_peers")


# Exempt because it works with cookies off: the signed ticket of an answer just given takes the CSRF cookie's place.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def thanks(request: HttpRequest, survey: Survey) -> HttpResponse:
    """The receipt code is shown to whoever has just answered; later only the code itself opens the answer."""
    key = tokens.read_ticket(request.GET.get("t", ""), survey.pk)
    context: dict[str, Any] = {
        "code": receipts.make(settings.SECRET_KEY, str(survey.pk), key) if key else "",
        "was_changed": "changed" in request.GET,
        "until": moment(survey.closes_at),
        "has_results_day": survey.results_on is not None and survey.state != State.PUBLISHED,
        "share_url": f"{settings.PUBLIC_URL}/s/{survey.slug}/",
        "wishes": {},
    }
    if survey.confirm_by_email and key:
        context |= _waiting(survey, key)
    status = 200
    if request.method == "POST" and request.POST.get("action") == "again":
        status, told = _mail_again(request, survey, key)
        context |= told
    elif request.method == "POST":
        status, told = _keep_wishes(request, survey, key)
        context |= told
    answered = page(request, "surveys/public/thanks.html", survey, status=status, **context)
    if "wait" in context:
        answered["Retry-After"] = str(context["wait"])
    return framed(answered, anywhere="embed" in request.GET)


def _keep_wishes(request: HttpRequest, survey: Survey, key: str | None) -> tuple[int, dict[str, Any]]:
    """The status, and what the page says: that a mail is on its way, or what is wrong beside what was typed."""
    wishes = {wish: wish in request.POST for wish in WISHES}
    email = request.POST.get("email", "")[:300]
    typed: dict[str, Any] = {"wishes": wishes, "email": email}
    given = answering.earlier(survey=survey, submission_key=key) if key else None
    if given is None:
        gone = _("This page is too old to save anything. Your answer counts; nothing else was kept.")
        return 400, {**typed, "errors": {"email": [gone]}}
    if given.is_test:
        return 200, {"is_tried": True}
    now = timezone.now()
    if wait := checks.seconds_to_ask(request, survey, now):
        return 429, {**typed, "errors": {"email": [_too_many(wait)]}, "wait": wait}
    try:
        opt_ins.ask(
            survey=survey,
            email=email,
            challenge=given.choices[0] if given.choices else None,
            language=translation.get_language() or survey.languages[0],
            now=now,
            **wishes,
        )
    except ValidationError as error:
        return 422, {**typed, "errors": error.message_dict}
    return 200, {"is_mailed": True, "email": email.strip(), "last_day": now.date() + links.CONFIRM_WITHIN}


def _waiting(survey: Survey, key: str) -> dict[str, Any]:
    """Whether the answer waits to be confirmed; an invited one that waits is a second one with its address."""
    given = answering.earlier(survey=survey, submission_key=key)
    is_waiting = given is not None and given.status == Status.WAITING
    return {"is_waiting": is_waiting, "is_second": is_waiting and given is not None and given.channel == Channel.MAIL}


def _mail_again(request: HttpRequest, survey: Survey, key: str | None) -> tuple[int, dict[str, Any]]:
    """The link once more, to the address typed now."""
    typed = {"again": request.POST.get("email", "")[:300]}
    now = timezone.now()
    if key is None:
        return 400, {**typed, "again_fault": _("This page is too old to send a mail. Your answer is stored.")}
    if wait := checks.seconds_to_ask(request, survey, now):
        return 429, {**typed, "again_fault": _too_many(wait), "wait": wait}
    language = translation.get_language() or survey.languages[0]
    try:
        confirming.ask_again(survey=survey, submission_key=key, email=typed["again"], language=language, now=now)
    except ValidationError as error:
        return 422, {**typed, "again_fault": " ".join(error.messages)}
    return 200, {**typed, "was_mailed_again": True}


def _too_many(wait: int) -> str:
    told = ngettext(
        "Too many addresses come from your network. Yours is kept here: please try again in %(n)d minute.",
        "Too many addresses come from your network. Yours is kept here: please try again in %(n)d minutes.",
        minutes := -(-wait // 60),
    )
    return told % {"n": minutes}
