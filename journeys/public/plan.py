"""The shared success plan: what a customer sees and does of its own plan, by a link, without account or cookie.

Only what is meant for the customer stands here: outcomes, KPIs, celebrated wins, its own tasks, and the words both
sides wrote. No health, no risk, no confidence, no notes, no reasons of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Workspace
from csplatform.core.ids import parse_uuid
from csplatform.core.rest import limits
from csplatform.core.senders import sender_of
from csplatform.core.tenancy import workspace_scope
from journeys import plan_links, plan_pages
from journeys.models import OutcomeKind, PlanLink, TaskState
from journeys.plan.rules import Status
from journeys.selectors import plan, wins
from journeys.selectors import sharing as reads
from journeys.services import sharing

LOOKS_PER_MINUTE = 120
DEEDS_PER_MINUTE = 20
SHOWN_WINS = 10
SHOWN_FIGURES = 60
_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


# Exempt because there is no cookie to abuse: the address alone opens the page, and who forges a request has it.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def shared_plan(request: HttpRequest, token: str) -> HttpResponse:
    """The plan, or, for any link that opens nothing, one and the same page that says so."""
    now = timezone.now()
    language = _language(request)
    with translation.override(language):
        if limited := _limited(request, now):
            return _sealed(limited)
        named = plan_links.read(token)
        with workspace_scope(named[0]) if named else nullcontext():
            link = reads.link_that_opens(named[1], day=now.date()) if named else None
            if link is None:
                return _sealed(render(request, "journeys/public/closed.html", _frame(request, language), status=404))
            if request.method == "POST":
                return _sealed(_act(request, link, language, now))
            if getattr(getattr(request, "membership", None), "workspace_id", None) != link.workspace_id:
                sharing.note_opened(link_id=link.pk, now=now)
            return _sealed(_show(request, link, language, now))


def _act(request: HttpRequest, link: PlanLink, language: str, now: datetime) -> HttpResponse:
    deed = _DEEDS.get(request.POST.get("deed", ""))
    if deed is None:
        return _show(request, link, language, now, fault=_("The page did not say what to do. Nothing was changed."))
    try:
        deed(request, link, now)
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {}
        fault = _("Nothing was saved: %(reason)s") % {"reason": _refused(told) or " ".join(error.messages)}
        return _show(request, link, language, now, fault=fault)
    except ObjectDoesNotExist:
        return _show(request, link, language, now, fault=_("That is no longer part of the plan. Nothing was changed."))
    return redirect(f"{request.path}?lang={language}&done={request.POST['deed']}")


def _refused(told: dict[str, list[str]]) -> str:
    words = {
        "name": _("your name is missing or too long."),
        "text": _("the comment is empty or longer than 4,000 characters."),
    }
    return " ".join(words[field] for field in told if field in words)


def _confirm(request: HttpRequest, link: PlanLink, now: datetime) -> None:
    number = request.POST.get("number", "")
    sharing.confirm_kpi(
        link=link,
        kpi_id=_id(request, "kpi"),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0,
        name=request.POST.get("name", ""),
        now=now,
    )


def _tick(request: HttpRequest, link: PlanLink, now: datetime) -> None:
    sharing.tick_task(link=link, task_id=_id(request, "task"), name=request.POST.get("name", ""), now=now)


def _comment(request: HttpRequest, link: PlanLink, now: datetime) -> None:
    outcome_id = _id(request, "outcome") if request.POST.get("outcome") else None
    name, text = request.POST.get("name", ""), request.POST.get("text", "")
    sharing.comment(link=link, name=name, text=text, outcome_id=outcome_id, now=now)


_DEEDS: dict[str, Callable[[HttpRequest, PlanLink, datetime], None]] = {
    "confirm": _confirm,
    "tick": _tick,
    "comment": _comment,
}


def _id(request: HttpRequest, field: str) -> UUID:
    found = parse_uuid(request.POST.get(field, ""))
    if found is None:
        raise ObjectDoesNotExist
    return found


def _show(request: HttpRequest, link: PlanLink, language: str, now: datetime, *, fault: str = "") -> HttpResponse:
    day = now.date()
    found = [
        read
        for read in plan.plan_of(link.customer_id, day=day, known_by=now)
        if read.standing.status is not Status.DROPPED
    ]
    outcomes = [read for read in found if read.outcome.kind == OutcomeKind.OUTCOME]
    own = reads.tasks_shown(link.customer_id, day=day)
    context: dict[str, Any] = {
        **_frame(request, language),
        "house": Workspace.objects.values_list("name", flat=True).get(pk=link.workspace_id),
        "customer": link.customer.name,
        "sentence": plan_pages.sentence(outcomes),
        "rows": [_row(read, day) for read in outcomes],
        "trial": [_row(read, day) for read in found if read.outcome.kind == OutcomeKind.TRIAL],
        "open_tasks": [task for task in own if task.state == TaskState.OPEN],
        "done_tasks": [task for task in own if task.state == TaskState.DONE],
        "wins": wins.celebrated(link.customer_id, most=SHOWN_WINS),
        "comments": reads.comments_of(link.customer_id),
        "day": day,
        "expires_on": link.expires_on,
        "fault": fault,
        "done": request.GET.get("done", "") if request.method != "POST" else "",
        "typed": {name: request.POST.get(name, "") for name in ("name", "text")} if fault else {"name": "", "text": ""},
    }
    return render(request, "journeys/public/plan.html", context, status=422 if fault else 200)


def _row(read: plan.OutcomeRead, day: Any) -> dict[str, Any]:
    row = plan_pages.outcome_row(read, to_customer=True)
    for kpi in row["kpis"]:
        kpi["chart"] = plan_pages.kpi_chart(kpi["read"], day)
        kpi["figures_shown"] = kpi["read"].readings[: -SHOWN_FIGURES - 1 : -1]
    return row


def _frame(request: HttpRequest, language: str) -> dict[str, Any]:
    """What every page here needs: its language, and itself in the others."""
    return {
        "language": language,
        "languages": [{"code": code, "name": name, "url": f"?lang={code}"} for code, name in settings.LANGUAGES],
    }


def _language(request: HttpRequest) -> str:
    """The language asked for, else the browser's, else English."""
    offered = dict(settings.LANGUAGES)
    browser = translation.get_language_from_request(request).split("-")[0]
    return next((code for code in (request.GET.get("lang", ""), browser) if code in offered), "en")


def _limited(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """The answer to whoever asks too often: links cannot be tried out, and nobody floods a plan with comments."""
    is_deed = request.method == "POST"
    name, most = ("plan-deed", DEEDS_PER_MINUTE) if is_deed else ("plan-look", LOOKS_PER_MINUTE)
    allowance = limits.count(f"{name}:{sender_of(request)}", limit=most, now=now)
    if not allowance.exceeded:
        return None
    context = {**_frame(request, _language(request)), "seconds": allowance.resets_in}
    answer = render(request, "journeys/public/busy.html", context, status=429)
    answer.headers["Retry-After"] = str(allowance.resets_in)
    return answer


def _sealed(response: HttpResponse) -> HttpResponse:
    """No script, no frame, no search engine, and no word of the secret address to other pages."""
    setattr(response, "_csp_replace", _POLICY)  # noqa: B010  (django-csp's own mark)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Language", translation.get_language() or "en")
    return response
