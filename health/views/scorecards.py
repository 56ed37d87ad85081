"""Scorecards: who is scored by which, the draft of the next version, and the versions there were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import actor_of, requires
from accounts.middleware import WorkspaceRequest
from accounts.models import SavedSegment
from accounts.roles import Permission, allows
from accounts.services.results import BusyError, StaleVersionError
from health import card_editor, card_form, card_history, tasks
from health.adjusting import OPERATORS
from health.card_words import differences
from health.models import Scorecard, ScorecardDraft, ScoringRun
from health.selectors_cards import listing_rows, versions_of
from health.services import drafts, scorecards
from journeys.models import Macro

DEEDS = ("discard", "up", "down", "retire", "revive", "rule", "delete")
_BAD, _CONFLICT = 422, 409


@require_safe
@requires(Permission.VIEW_CUSTOMERS)
def listing(request: WorkspaceRequest) -> HttpResponse:
    """Every scorecard in the order in which they are asked, for whom it is, and whom it scores now."""
    return render(request, "health/scorecards.html", {"rows": listing_rows(), "may_configure": _may_configure(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CONFIGURE)
def new(request: WorkspaceRequest) -> HttpResponse:
    """A scorecard for some customers, begun as a copy of the default one."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            card = scorecards.create(**_rule(request), actor=actor_of(request), now=timezone.now())
        except ValidationError as error:
            errors = error.message_dict
        else:
            return redirect(reverse("scorecard_detail", args=[card.pk]))
    context = {"errors": errors, **_rule_choices(request.POST if errors else None, None)}
    return render(request, "health/scorecard_new.html", context, status=_BAD if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def detail(request: WorkspaceRequest, scorecard_id: UUID) -> HttpResponse:
    """The draft of the next version as a form, beside what it comes to; and the versions there were."""
    card = _found(scorecard_id)
    if request.method != "POST":
        return _page(request, card, None, {})
    read = card_form.read(_typed(request))
    if read.errors:
        return _page(request, card, _typed(request), read.errors, _BAD)
    try:
        drafts.save_draft(
            scorecard_id=card.pk,
            content=read.content,
            actor=actor_of(request),
            now=timezone.now(),
            expected_version=_expected(request),
        )
    except StaleVersionError:
        found = card_editor.conflict(drafts.draft_of(card.pk), drafts.in_force(card.pk), read.content)
        return _page(request, card, _typed(request), {}, _CONFLICT, found)
    messages.success(request, _("Draft saved. It scores nobody until it is published."))
    return redirect(reverse("scorecard_detail", args=[card.pk]))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def preview(request: WorkspaceRequest, scorecard_id: UUID) -> HttpResponse:
    """What the weights as typed come to; stores nothing."""
    card = _found(scorecard_id)
    read = card_form.read(_typed(request))
    content, errors = (None, read.errors) if read.errors else card_editor.checked(card, read.content)
    context = {"previews": card_editor.previews(content, drafts.in_force(card.pk)), "problems": _flat(errors)}
    return render(request, "health/_card_live.html", context)


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def publish(request: WorkspaceRequest, scorecard_id: UUID) -> HttpResponse:
    """Publish the saved draft, with why."""
    card = _found(scorecard_id)
    try:
        published = drafts.publish_draft(
            scorecard_id=card.pk,
            why=request.POST.get("why", ""),
            actor=actor_of(request),
            now=timezone.now(),
            expected_version=_expected(request),
        )
    except (ScorecardDraft.DoesNotExist, StaleVersionError):
        messages.warning(request, _("The draft was saved or published meanwhile; nothing was published. Look again."))
    except BusyError as error:
        messages.warning(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _page(request, card, None, error.message_dict, _BAD)
    else:
        _enqueue(request, published.run)
        told = {"n": published.version.version}
        messages.success(request, _("Version %(n)d is in force. Everybody is being scored by it.") % told)
    return redirect(reverse("scorecard_detail", args=[card.pk]))


@require_POST
@requires(Permission.VIEW_CUSTOMERS, write=Permission.CONFIGURE)
def deed(request: WorkspaceRequest, scorecard_id: UUID, deed: str) -> HttpResponse:
    """Discard the draft, move the card up or down, retire it, take it back or delete it, or say anew for whom it is."""
    card = _found(scorecard_id)
    who: dict[str, Any] = {"scorecard_id": card.pk, "actor": actor_of(request), "now": timezone.now()}
    here = redirect(reverse("scorecard_detail", args=[card.pk]))
    try:
        if deed == "discard":
            drafts.discard_draft(**who, expected_version=_expected(request))
        elif deed == "delete":
            scorecards.remove(**who)
            here = redirect(reverse("scorecard_list"))
        elif deed in ("up", "down"):
            _enqueue(request, scorecards.move(**who, up=deed == "up"))
            here = redirect(reverse("scorecard_list"))
        else:
            told = {"retire": {"retired_at": who["now"]}, "revive": {"retired_at": None}}.get(deed) or _rule(request)
            _enqueue(request, scorecards.change(**who, told=told)[1])
    except (Scorecard.DoesNotExist, ScorecardDraft.DoesNotExist) as error:
        raise Http404 from error
    except StaleVersionError:
        messages.warning(request, _("Somebody else saved the draft meanwhile; nothing was discarded. Look again."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Saved."))
    return here


def _page(
    request: WorkspaceRequest,
    card: Scorecard,
    typed: Mapping[str, str] | None,
    errors: Mapping[str, list[str]],
    status: int = 200,
    conflict: card_editor.Conflict | None = None,
) -> HttpResponse:
    draft, versions = drafts.draft_of(card.pk), versions_of(card.pk)
    latest = versions[0] if versions else None
    content = draft.content if draft else drafts.told_of(latest.content) if latest else {}
    whole, problems = card_editor.checked(card, content)
    found = {**problems, **errors}
    context = {
        "card": card,
        "draft": draft,
        "latest": latest,
        "draft_version": _shown_version(typed, draft, conflict),
        "conflict": conflict,
        "is_behind": bool(draft and latest and draft.based_on != latest.version),
        "form": card_editor.rows(typed or card_form.typed_of(content), found),
        "previews": card_editor.previews(whole, latest),
        "problems": _flat(found),
        "changes": differences(latest.content, whole) if latest and whole else [],
        "history": card_history.steps(versions),
        "beside": card_history.beside(versions, request.GET.get("from", ""), request.GET.get("to", "")),
        "rule_changes": card_history.rule_changes(card),
        "operators": _operators(),
        "may_configure": _may_configure(request),
        "why": request.POST.get("why", ""),
        **_rule_choices(None, card),
    }
    return render(request, "health/scorecard.html", context, status=status)


def _shown_version(
    typed: Mapping[str, str] | None, draft: ScorecardDraft | None, conflict: card_editor.Conflict | None
) -> str:
    """The version of the draft that saving will be held against: what is shown again still rests on the one it was
    begun from, until somebody has seen what differs.
    """
    if typed is not None and conflict is None:
        return typed.get("draft_version", "")
    return str(draft.version if draft else 0)


def _operators() -> list[tuple[str, str]]:
    words = {"<": _("is under"), "<=": _("is at most"), ">": _("is over"), ">=": _("is at least"), "=": _("is")}
    return [(op, words.get(op, _("is not known"))) for op in OPERATORS]


def _flat(errors: Mapping[str, list[str]]) -> list[str]:
    return [text for texts in errors.values() for text in texts]


def _rule(request: WorkspaceRequest) -> dict[str, Any]:
    segment = request.POST.get("segment_id", "")
    try:
        segment_id = UUID(segment) if segment else None
    except ValueError as error:
        raise ValidationError({"segment_id": [_("There is no such segment.")]}) from error
    return {
        "name": request.POST.get("name", "").replace("\0", ""),
        "macros": request.POST.getlist("macros"),
        "segment_id": segment_id,
    }


def _rule_choices(typed: Any, card: Scorecard | None) -> dict[str, Any]:
    """Name, stages and segments to choose from, with what was chosen."""
    macros = typed.getlist("macros") if typed else card.macros if card else []
    chosen = typed.get("segment_id", "") if typed else str(card.segment_id or "") if card else ""
    segments = [(str(each.pk), each.name) for each in SavedSegment.objects.filter(is_shared=True).order_by("name")]
    return {
        "name": typed.get("name", "") if typed else card.name if card else "",
        "macros": [(value, label, value in macros) for value, label in Macro.choices],
        "segments": segments,
        "segment": chosen,
        "segment_is_gone": bool(chosen) and chosen not in {key for key, _name in segments},
    }


def _typed(request: WorkspaceRequest) -> dict[str, str]:
    return {name: str(value).replace("\0", "") for name, value in request.POST.items()}


def _expected(request: WorkspaceRequest) -> int | None:
    told = request.POST.get("draft_version", "")
    return int(told) if told.isdecimal() and len(told) < 9 else None


def _enqueue(request: WorkspaceRequest, run: ScoringRun | None) -> None:
    if run is not None:
        tasks.enqueue(request.workspace.pk, run.pk, shards=run.shards)


def _found(scorecard_id: UUID) -> Scorecard:
    card: Scorecard | None = Scorecard.objects.filter(pk=scorecard_id).first()
    if card is None:
        raise Http404
    return card


def _may_configure(request: WorkspaceRequest) -> bool:
    return allows(request.membership.role, Permission.CONFIGURE)
