"""What one may do with a receipt code: look at one's answer, change it until closing, erase it at any time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys import receipts
from surveys.models import OTHER, Response, Status, Survey, pick
from surveys.public import checks, tokens
from surveys.public.answer import COOKIE
from surveys.public.form_page import form_page, raw_answer
from surveys.public.pages import page, public
from surveys.public.tokens import FormToken
from surveys.public.words import moment
from surveys.selectors.public import Asked, asked_by
from surveys.services import answering


# Exempt because the code, which only the respondent has, is what a CSRF cookie would stand for.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def receipt(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Ask for the code, and do with the answer what its author wants."""
    if request.method != "POST":
        return _ask(request, survey, code=_own_code(request, survey))
    now = timezone.now()
    if wait := checks.seconds_to_look(request, survey, now):
        note = ngettext("Too many tries. Wait %(n)d second.", "Too many tries. Wait %(n)d seconds.", wait) % {"n": wait}
        refused = _ask(request, survey, error=note, status=429)
        refused["Retry-After"] = str(wait)
        return refused
    typed = request.POST.get("code", "")
    found = answering.find(survey=survey, receipt_code=typed)
    if found is None:
        return _ask(request, survey, code=typed[:40], error=_not_found(typed), status=404)
    action = {"change": _change, "erase": _erase}.get(request.POST.get("action", ""), _look)
    return action(request, survey, found, receipts.normal(typed) or "")


def _own_code(request: HttpRequest, survey: Survey) -> str:
    """The code of the answer this device gave, where its cookie says so."""
    key = tokens.read_cookie(request.COOKIES.get(COOKIE, ""), survey.pk)
    return receipts.make(settings.SECRET_KEY, str(survey.pk), key) if key else ""


def _not_found(typed: str) -> str:
    if receipts.normal(typed) is None:
        return _(
            "This is not a whole code: twelve letters and digits, such as XXXX-XXXX-XXXX. Look for a typing error."
        )
    return _("No answer has this code. It may be erased, or belong to another survey.")


def _ask(request: HttpRequest, survey: Survey, *, code: str = "", error: str = "", status: int = 200) -> HttpResponse:
    return page(request, "surveys/public/receipt.html", survey, code=code, error=error, status=status)


def _look(request: HttpRequest, survey: Survey, found: Response, code: str, *, note: str = "") -> HttpResponse:
    language = translation.get_language() or survey.languages[0]
    return page(
        request,
        "surveys/public/receipt.html",
        survey,
        code=code,
        answer=in_words(found, survey, asked_by(survey), language),
        given=moment(found.occurred_at),
        changed=moment(found.changed_at),
        is_removed=bool(found.removed_at),
        is_waiting=found.status == Status.WAITING,
        may_change=found.is_test or answering.is_open(survey, timezone.now()),
        note=note,
    )


def _change(request: HttpRequest, survey: Survey, found: Response, code: str) -> HttpResponse:
    """First the form with the answer in it, then, when that comes back, the change."""
    now = timezone.now()
    asked = asked_by(survey)
    token = FormToken.fresh(survey.pk, found.shown_order, now)
    if "token" not in request.POST:
        if not found.is_test and not answering.is_open(survey, now):
            return _look(request, survey, found, code, note=_("The survey is closed, so answers stay as they are."))
        return form_page(request, survey, asked, token, raw=answering.as_raw(found), changing=code)
    raw = raw_answer(request.POST, asked)
    try:
        changed = answering.change(survey=survey, receipt_code=code, raw=raw, now=now)
    except answering.SurveyClosedError:
        note = _("The survey closed before your change arrived, so your answer stays as it was.")
        return _look(request, survey, found, code, note=note)
    except answering.BallotRefusedError as refused:
        errors = refused.message_dict
        return form_page(request, survey, asked, token, raw=refused.kept, errors=errors, changing=code, status=422)
    return _look(request, survey, changed, code, note=_("Your answer is changed."))


def _erase(request: HttpRequest, survey: Survey, found: Response, code: str) -> HttpResponse:
    answering.erase(survey=survey, receipt_code=code, now=timezone.now())
    erased = page(request, "surveys/public/receipt.html", survey, erased=True)
    erased.delete_cookie(COOKIE, path=f"/s/{survey.slug}/", samesite="Lax")
    return erased


def in_words(found: Response, survey: Survey, asked: Asked, language: str) -> dict[str, Any]:
    """An answer as its author reads it: labels, not keys."""

    def said(texts: dict[str, str]) -> str:
        return pick(texts, language, survey.languages)

    choices = [
        _("In your own words: %(text)s") % {"text": found.other_text} if n == OTHER else said(asked.options[n].label)
        for n in found.choices
    ]
    questions = []
    for question in asked.questions:
        value = (found.segments if question.is_segment else found.answers).get(question.key)
        if value is not None:
            labels = {choice["key"]: said(choice.get("label", {})) for choice in question.choices}
            told = [labels.get(str(each), str(each)) for each in (value if isinstance(value, list) else [value])]
            questions.append({"label": said(question.label), "value": ", ".join(told)})
    beside = found.other_text if OTHER not in found.choices else ""
    return {"choices": choices, "score": found.score, "questions": questions, "beside": beside}
