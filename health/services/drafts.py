"""The draft of a scorecard: what the next version may come to say. It is kept as told, and scores nobody.

A draft may say what could not be published yet (weights that sum to nothing, a curve that falls back): what was
typed is kept, and ``problems_of`` names what stands in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.services.results import StaleVersionError
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from health.models import Scorecard, ScorecardDraft, ScorecardVersion
from health.services import definitions

LONGEST_WHY = 1_000
_ITEM_FIELDS = ("measure", "group", "weight", "scoring", "curve")


def draft_of(scorecard_id: UUID) -> ScorecardDraft | None:
    """The scorecard's draft, if somebody has begun one."""
    return ScorecardDraft.objects.filter(scorecard_id=scorecard_id).first()


def in_force(scorecard_id: UUID) -> ScorecardVersion | None:
    """The scorecard's newest version, if it has one."""
    return ScorecardVersion.objects.filter(scorecard_id=scorecard_id).order_by("-version").first()


def told_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """A published content in the shape of a draft: measures by their keys, so that they are taken up anew."""
    items = [{name: item[name] for name in _ITEM_FIELDS if name in item} for item in content["items"]]
    return {**{name: part for name, part in content.items() if name != "items"}, "items": items}


def as_draft(content: Mapping[str, Any]) -> definitions.Draft:
    """A draft's content as what ``definitions.publish`` and ``definitions.content_of`` take."""
    return definitions.Draft(**{"items": (), **content})


def problems_of(card: Scorecard, content: Mapping[str, Any]) -> dict[str, list[str]]:
    """Why a draft could not be published as it is, by field (``items.0.curve``); empty when it could."""
    try:
        definitions.content_of(card, as_draft(content))
    except ValidationError as error:
        return {name: list(texts) for name, texts in error.message_dict.items()}
    return {}


@transaction.atomic
def save_draft(
    *,
    scorecard_id: UUID,
    content: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> ScorecardDraft:
    """Keep ``content`` as the scorecard's one draft, whether or not it could be published.

    Parts that are left out are those of the version in force, or the default card's.
    ``expected_version`` is that of the draft; 0: there must be none.

    Raises ``Scorecard.DoesNotExist`` or ``StaleVersionError``.
    """
    card = _locked(scorecard_id)
    latest = in_force(card.pk)
    draft = draft_of(card.pk)
    _require(draft, expected_version)
    told = {name: part for name, part in content.items() if part is not None}
    base = latest or ScorecardVersion.objects.filter(scorecard__is_default=True).latest("version")
    whole = {**told_of(base.content), **told}
    if draft is None:
        draft = ScorecardDraft(
            workspace_id=current_workspace_id(),
            scorecard=card,
            based_on=latest.version if latest else None,
            version=0,
            created_at=now,
        )
    elif draft.content == whole:
        return draft
    # Somebody else's words do not vanish: they stay where those of a discarded draft do.
    theirs = draft.version > 0 and draft.updated_by_label != actor.label[:200]
    gone = {"content": draft.content, "of": draft.updated_by_label} if theirs else {}
    draft.content = whole
    draft.version += 1
    draft.updated_at = now
    draft.updated_by_label = actor.label[:200]
    draft.save()
    data: dict[str, Any] = {"scorecard": str(card.pk), "name": card.name, "draft_version": draft.version}
    if gone:
        data["overwritten"] = gone
    audit.record(actor=actor, action="scorecard.draft_saved", subject=card, data=data, now=now)
    return draft


@transaction.atomic
def discard_draft(
    *, scorecard_id: UUID, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> None:
    """Forget the draft; the version in force stays as it is.

    Raises ``Scorecard.DoesNotExist``, ``ScorecardDraft.DoesNotExist`` or ``StaleVersionError``.
    """
    card = _locked(scorecard_id)
    draft = ScorecardDraft.objects.get(scorecard=card)
    _require(draft, expected_version)
    data = {"scorecard": str(card.pk), "name": card.name, "draft_version": draft.version, "content": draft.content}
    draft.delete()
    audit.record(actor=actor, action="scorecard.draft_discarded", subject=card, data=data, now=now)


@transaction.atomic
def publish_draft(
    *, scorecard_id: UUID, why: str, actor: audit.Actor, now: datetime, expected_version: int | None = None
) -> definitions.Published:
    """Append what the draft says as a version, in force from ``now`` on, and forget the draft.

    ``expected_version`` is that of the draft. Raises what ``definitions.publish`` raises, ``StaleVersionError``,
    ``ScorecardDraft.DoesNotExist``, or ``ValidationError`` when ``why`` says nothing.
    """
    if not 0 < len(why.strip()) <= LONGEST_WHY:
        reason = _("Say why, in 1 to %(most)d characters: whoever sees a score change will read it.")
        raise ValidationError({"why": [reason % {"most": LONGEST_WHY}]})
    card = _locked(scorecard_id)
    draft = ScorecardDraft.objects.get(scorecard=card)
    _require(draft, expected_version)
    published = definitions.publish(scorecard_id=card.pk, draft=as_draft(draft.content), actor=actor, now=now, why=why)
    draft.delete()
    return published


def _locked(scorecard_id: UUID) -> Scorecard:
    locks.hold("definitions")
    return Scorecard.objects.select_for_update(of=("self",), no_key=True).get(pk=scorecard_id)


def _require(draft: ScorecardDraft | None, expected_version: int | None) -> None:
    current = draft.version if draft else 0
    if expected_version is not None and current != expected_version:
        raise StaleVersionError(current)
