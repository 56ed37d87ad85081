"""Looking through answers: which were flagged and why, which came together, and what was removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from csplatform.core.ids import parse_uuid
from surveys import host_words
from surveys.models import OTHER, Option, RemovalReason, Response, Survey, pick, reason_word
from surveys.selectors import moderation as reads
from surveys.services import moderation
from surveys.views import frame
from surveys.views.access import BOTH, find, host_page

_PAGE = 50
SHOWN = ("flagged", "counted", "removed", "waiting")


@host_page(BOTH)
def answers(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    """The answers, flagged ones first; those that are ticked are removed for a reason, or put back."""
    survey = find(pk)
    show = request.GET.get("show", "flagged")
    show = show if show in SHOWN else "flagged"
    like = parse_uuid(request.GET.get("like"))
    if request.method == "POST":
        return _act(request, survey, show)
    page = Paginator(reads.answers_of(survey, show, like=like), _PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    here = reverse("survey_answers", args=[pk])
    scope = f"?show={show}" + (f"&like={like}" if like else "")
    context = {
        **frame.context(survey, "survey_answers"),
        "show": show,
        "like": like,
        "views": [
            {"url": f"{here}?show={name}", "label": label, "current": name == show}
            for name, label in zip(SHOWN, (_("Flagged"), _("Counted"), _("Removed"), _("Not confirmed")), strict=True)
            if name != "waiting" or survey.confirm_by_email
        ],
        "rows": _rows(survey, rows),
        "clusters": reads.clusters_of(survey),
        "log": [_line(entry) for entry in reads.log_of(survey)],
        "reasons": RemovalReason.choices,
        "previous_url": f"{scope}&page={page.previous_page_number()}" if page.has_previous() else None,
        "next_url": f"{scope}&page={page.next_page_number()}" if page.has_next() else None,
        "shown": _("%(first)d to %(last)d of %(all)d")
        % {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count},
    }
    return render(request, "surveys/host/answers.html", context)


def _act(request: WorkspaceRequest, survey: Survey, show: str) -> HttpResponse:
    asked = [found for text in request.POST.getlist("answer") if (found := parse_uuid(text))]
    # A tick on another survey's page must not reach here.
    ids = list(Response.objects.filter(survey=survey, pk__in=asked).values_list("pk", flat=True))
    actor, now = actor_of(request), timezone.now()
    try:
        if request.POST.get("action") == "restore":
            n = moderation.restore(response_ids=ids, actor=actor, now=now)
            done = ngettext("%(n)d answer counts again.", "%(n)d answers count again.", n)
        else:
            n = moderation.remove(response_ids=ids, reason=request.POST.get("reason", ""), actor=actor, now=now)
            done = ngettext(
                "%(n)d answer was removed; the public log says so.",
                "%(n)d answers were removed; the public log says so.",
                n,
            )
    except ValidationError as error:
        for problem in error.messages:
            messages.error(request, problem)
    else:
        if n:
            messages.success(request, done % {"n": n})
        else:
            messages.warning(request, _("Nothing was ticked, so nothing changed."))
    return redirect(f"{reverse('survey_answers', args=[survey.pk])}?show={show}")


def _rows(survey: Survey, rows: Sequence[Response]) -> list[dict[str, Any]]:
    labels = {
        option.number: pick(option.label, get_language() or "en", survey.languages)
        for option in Option.objects.filter(survey=survey)
    }
    labels[OTHER] = _("in own words")
    sizes = reads.sizes_of(survey, [row.sender_hash for row in rows])
    return [
        {
            "answer": row,
            "choices": [labels.get(number, str(number)) for number in row.choices],
            "flags": [host_words.flag(name) for name in row.flags],
            "same_sender": sizes.get(row.sender_hash, 0),
            "reason": reason_word(row.removal_reason),
            "when": host_words.moment(row.occurred_at),
        }
        for row in rows
    ]


def _line(entry: Any) -> dict[str, str]:
    text = (
        ngettext("%(n)d answer removed: %(reason)s", "%(n)d answers removed: %(reason)s", entry.count)
        if entry.count > 0
        else ngettext("%(n)d answer put back: %(reason)s", "%(n)d answers put back: %(reason)s", -entry.count)
    )
    said = text % {"n": abs(entry.count), "reason": reason_word(entry.reason)}
    return {"when": host_words.moment(entry.at), "text": said, "by": entry.by_label}
