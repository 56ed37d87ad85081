"""The page on which people answer. It needs no cookie, no script and no account; each makes it more comfortable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from csplatform.core.senders import sender_of
from surveys import ballots, links, receipts
from surveys.models import Channel, Response, Survey, SurveyInvitation
from surveys.public import checks, skeletons, tokens
from surveys.public.form_page import form_page, quick_page, random_order, raw_answer
from surveys.public.pages import PublicView, framed, page, public
from surveys.public.standing import closed_page, uninvited_page
from surveys.public.tokens import FormToken
from surveys.selectors.public import Asked, asked_by, invitation_of
from surveys.services import answering

COOKIE = "answered"
_COOKIE_SECONDS = 400 * 86_400


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to the form, and what its address says of it."""

    request: HttpRequest
    survey: Survey
    asked: Asked
    now: datetime
    channel: str
    is_test: bool
    invitation: SurveyInvitation | None

    def form(self, token: FormToken, **context: Any) -> HttpResponse:
        invited = None if self.is_test else self.invitation
        return form_page(
            self.request,
            self.survey,
            self.asked,
            token,
            is_test=self.is_test,
            is_invited=invited is not None,
            is_identified=invited is not None and invited.contact_id is not None,
            **context,
        )

    def fresh(self) -> FormToken:
        again = "again" in self.request.GET
        return FormToken.fresh(self.survey.pk, random_order(self.asked), self.now, again=again)


def from_memory(channel: str) -> Callable[[PublicView[[]]], PublicView[[]]]:
    """Answer for a view from memory where the address asks for nothing but the form, on a device that is new here."""

    def decorate(view: PublicView[[]]) -> PublicView[[]]:
        @wraps(view)
        def quick(request: HttpRequest, slug: str) -> HttpResponse:
            if request.method != "GET" or COOKIE in request.COOKIES or set(request.GET) - {"lang"}:
                response = view(request, slug)
            else:
                now = timezone.now()
                known = skeletons.known(slug)
                if known is None or not _is_for_everybody(known.survey, now):
                    return view(request, slug)
                response = framed(quick_page(request, known, now, channel), anywhere=channel == Channel.EMBED)
            response.headers["Cache-Control"] = "private, no-cache"
            return response

        return quick

    return decorate


# Exempt because the form works with cookies off: its own signed token takes the place of the CSRF cookie.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@from_memory(Channel.LINK)
@public
def answer(request: HttpRequest, survey: Survey) -> HttpResponse:
    """Show the form, or take the answer it brings."""
    return _serve(request, survey, Channel.LINK)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@from_memory(Channel.EMBED)
@public
def embed(request: HttpRequest, survey: Survey) -> HttpResponse:
    """The same inside a page of another site."""
    return framed(_serve(request, survey, Channel.EMBED), anywhere=True)


def _is_for_everybody(survey: Survey, now: datetime) -> bool:
    return answering.is_open(survey, now) and not answering.is_for_the_invited(survey)


def _serve(request: HttpRequest, survey: Survey, channel: str) -> HttpResponse:
    token = request.GET.get("i", "")
    visit = Visit(
        request=request,
        survey=survey,
        asked=asked_by(survey),
        now=timezone.now(),
        channel=channel,
        is_test=tokens.is_test_token(request.GET.get("test", ""), survey.pk),
        invitation=invitation_of(survey, token) if token else None,
    )
    if request.method == "POST":
        return _receive(visit)
    if visit.is_test:
        return visit.form(visit.fresh())
    if not answering.is_open(survey, visit.now):
        return closed_page(request, survey, visit.now)
    if visit.invitation is not None:
        return _invited_form(visit)
    if "again" not in request.GET and _earlier(visit) is not None:
        return page(request, "surveys/public/already.html", survey)
    if answering.is_for_the_invited(survey):
        return uninvited_page(request, survey)
    return visit.form(visit.fresh())


def _invited_form(visit: Visit) -> HttpResponse:
    """The form of a personal link, with what it answered before and the score that was clicked in the mail.

    Programs follow every link of a mail before people do, so that looking records nothing: the page's script sends a
    clicked score at the first sign of a person, and without script the button does.
    """
    before = _earlier(visit)
    raw = answering.as_raw(before) if before else {}
    clicked = visit.request.GET.get("score", "")
    ends = ballots.SCORES.get(visit.survey.kind)
    has_clicked = ends is not None and clicked in {str(n) for n in range(ends[0], ends[1] + 1)}
    if has_clicked:
        raw["score"] = clicked
    return visit.form(visit.fresh(), raw=raw, clicked=clicked if has_clicked else "")


def _earlier(visit: Visit) -> Response | None:
    """The answer of this invitation, or the one this device gave before, where it still exists."""
    if visit.invitation is not None:
        mine = links.submission_key(visit.invitation.pk)
        return answering.earlier(survey=visit.survey, submission_key=mine)
    key = tokens.read_cookie(visit.request.COOKIES.get(COOKIE, ""), visit.survey.pk)
    return answering.earlier(survey=visit.survey, submission_key=key) if key else None


def _receive(visit: Visit) -> HttpResponse:
    request, survey = visit.request, visit.survey
    raw = raw_answer(request.POST, visit.asked)
    token = FormToken.read(request.POST.get("token", ""), survey.pk)
    if token is None:
        note = _("This form was not recognised, so nothing was sent. Your choices are kept: please send them again.")
        return visit.form(visit.fresh(), raw=raw, note=note, status=400)
    sender = sender_of(request)
    rate = checks.rate(survey, sender, visit.now)
    if rate is not None and rate.exceeded:
        return _too_many(visit, token, raw, rate.resets_in)
    try:
        response, was_changed = _store(visit, token, raw, sender, rate.used if rate else 0)
    except answering.SurveyClosedError:
        return closed_page(request, survey, visit.now, status=409)
    except answering.NotInvitedError:
        return uninvited_page(request, survey)
    except answering.BallotRefusedError as refused:
        return visit.form(token, raw=refused.kept, errors=refused.message_dict, status=422)
    return _thank(visit, response.submission_key, was_changed)


def _store(visit: Visit, token: FormToken, raw: Mapping[str, Any], sender: str, sent: int) -> tuple[Response, bool]:
    """The answer, and whether it took the place of an earlier one: of this form, this device or this invitation.

    ``sent``: how many answers came from ``sender`` in the present window.
    """
    earlier = None if token.again or visit.is_test else _earlier(visit)
    if earlier is None:
        invited = visit.invitation
        submitted = answering.submit(
            survey=visit.survey,
            raw=raw,
            now=visit.now,
            channel=Channel.MAIL if invited else visit.channel,
            submission_key=links.submission_key(invited.pk) if invited else token.key,
            language=translation.get_language() or visit.survey.languages[0],
            sender=None if invited else sender,
            flags=[] if invited else checks.suspicions(visit.request, visit.survey, token, sent, visit.now),
            shown_order=token.order,
            invitation=invited,
            is_test=visit.is_test,
        )
        if submitted.created:
            return submitted.response, False
        earlier = submitted.response
    code = receipts.make(settings.SECRET_KEY, str(visit.survey.pk), earlier.submission_key)
    before = earlier.changed_at
    response = answering.change(survey=visit.survey, receipt_code=code, raw=raw, now=visit.now)
    return response, response.changed_at != before


def _thank(visit: Visit, key: str, was_changed: bool) -> HttpResponse:
    query = {"t": tokens.ticket(visit.survey.pk, key)}
    if "lang" in visit.request.GET:
        query["lang"] = translation.get_language() or ""
    if was_changed:
        query["changed"] = "1"
    if visit.channel == Channel.EMBED:
        query["embed"] = "1"
    answered = HttpResponseRedirect(f"/s/{visit.survey.slug}/thanks/?{urlencode(query)}")
    if not visit.is_test:
        answered.set_cookie(
            COOKIE,
            tokens.cookie(visit.survey.pk, key),
            max_age=_COOKIE_SECONDS,
            path=f"/s/{visit.survey.slug}/",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answered


def _too_many(visit: Visit, token: FormToken, raw: Mapping[str, Any], wait: int) -> HttpResponse:
    note = ngettext(
        "Too many answers arrive from your network. Yours is kept below: please send it again in %(n)d second.",
        "Too many answers arrive from your network. Yours is kept below: please send it again in %(n)d seconds.",
        wait,
    ) % {"n": wait}
    refused = visit.form(token, raw=raw, note=note, status=429)
    refused["Retry-After"] = str(wait)
    return refused
