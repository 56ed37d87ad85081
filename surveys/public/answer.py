"""The page on which people answer. It needs no cookie, no script and no account; each makes it more comfortable."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys.models import Channel, Survey
from surveys.public import tokens
from surveys.public.form_page import form_page, random_order
from surveys.public.pages import public
from surveys.public.standing import closed_page
from surveys.public.tokens import FormToken
from surveys.selectors.public import Asked, asked_by
from surveys.services import answering

_LISTED = frozenset({"multiple", "ranking"})


# Exempt because the form works with cookies off: its own signed token takes the place of the CSRF cookie.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@public
def answer(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the form, or take the answer it brings."""
    is_test = tokens.is_test_token(request.GET.get("test", ""), survey.pk)
    if request.method == "POST":
        return _receive(request, survey, is_test)
    now = timezone.now()
    if not is_test and not answering.is_open(survey, now):
        return closed_page(request, survey, now)
    asked = asked_by(survey)
    return form_page(request, survey, asked, FormToken.fresh(survey.pk, random_order(asked), now), is_test=is_test)


def _receive(request: HttpRequest, survey: Survey, is_test: bool) -> HttpResponse:
    now = timezone.now()
    asked = asked_by(survey)
    raw = raw_answer(request.POST, asked)
    token = FormToken.read(request.POST.get("token", ""), survey.pk)
    if token is None:
        token = FormToken.fresh(survey.pk, random_order(asked), now)
        note = _("This form was not recognised, so nothing was sent. Your choices are kept: please send them again.")
        return form_page(request, survey, asked, token, raw=raw, note=note, is_test=is_test, status=400)
    try:
        submitted = answering.submit(
            survey=survey,
            raw=raw,
            now=now,
            channel=Channel.LINK,
            submission_key=token.key,
            language=translation.get_language() or survey.languages[0],
            sender=None,
            shown_order=token.order,
            is_test=is_test,
        )
    except answering.SurveyClosedError:
        return closed_page(request, survey, now, status=409)
    except answering.BallotRefusedError as refused:
        return form_page(
            request, survey, asked, token, raw=refused.kept, errors=refused.message_dict, is_test=is_test, status=422
        )
    query = {"t": tokens.ticket(survey.pk, token.key)}
    if "lang" in request.GET:
        query["lang"] = request.GET["lang"]
    del submitted
    return HttpResponseRedirect(f"/s/{survey.slug}/thanks/?{urlencode(query)}")


def raw_answer(sent: QueryDict, asked: Asked) -> dict[str, Any]:
    """The answer's own fields of what was sent: lists where a question takes several choices, else the last value."""
    listed = {question.field for question in asked.definition.questions if question.kind in _LISTED}
    names = [name for name in sent if name.startswith(("choice_", "segment_", "answer_"))]
    names += [name for name in ("other", "may_quote", "score") if name in sent]
    return {name: sent.getlist(name) if name in listed else sent[name] for name in names}
