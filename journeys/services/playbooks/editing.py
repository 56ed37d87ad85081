"""Writing playbooks: every change of what one does is a new version; runs keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.results import StaleVersionError
from csplatform.core import audit, locks
from csplatform.core.tenancy import current_workspace_id
from journeys.models import Playbook, PlaybookState, PlaybookVersion
from journeys.playbooks import definition as rules
from journeys.playbooks import slots
from journeys.selectors import working
from journeys.services.playbooks import checking, pausing, starting

MOST = 200
MAX_NAME, MAX_DESCRIPTION = 120, 500


@transaction.atomic
def create(
    *,
    name: str,
    definition: object,
    actor: audit.Actor,
    now: datetime,
    description: str = "",
    owner: Membership | None = None,
) -> Playbook:
    """A new playbook, as a draft: it does nothing until it is activated.

    Raises ``ValidationError`` by field; of the definition each message begins with where it is wrong.
    """
    locks.hold("playbooks")
    if Playbook.objects.count() >= MOST:
        raise ValidationError(_("A workspace has at most %(n)d playbooks. Retire one first.") % {"n": MOST})
    kept, _read = checking.checked(definition)
    playbook = Playbook(
        workspace_id=current_workspace_id(), owner=_owner(owner), created_at=now, created_by_label=actor.label[:200]
    )
    _name(playbook, name, description)
    playbook.save()
    _new_version(playbook, kept, 1, actor, now)
    pausing.write(playbook, "created", actor=actor, now=now, data={})
    return playbook


@transaction.atomic
def change(
    *,
    playbook_id: UUID,
    told: Mapping[str, Any],
    actor: audit.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Playbook:
    """Change what ``told`` names of ``name, description, owner, definition``; a new definition is a new version.

    Raises ``Playbook.DoesNotExist``, ``StaleVersionError``, and ``ValidationError`` as ``create`` and ``activate`` do.
    """
    playbook = starting.hold(playbook_id)
    if expected_version is not None and playbook.version != expected_version:
        raise StaleVersionError(playbook.version)
    _name(playbook, told.get("name", playbook.name), told.get("description", playbook.description))
    if "owner" in told:
        playbook.owner = _owner(told["owner"])
    if "definition" in told:
        kept, definition = checking.checked(told["definition"])
        if kept != playbook.says.definition:
            if playbook.state == PlaybookState.ACTIVE:
                checking.refuse_what_must_not_run(playbook, definition, now)
            _new_version(playbook, kept, playbook.says.number + 1, actor, now)
    pausing.write(playbook, "changed", actor=actor, now=now, data={"version": playbook.says.number})
    return playbook


def _new_version(playbook: Playbook, kept: dict[str, Any], number: int, actor: audit.Actor, now: datetime) -> None:
    playbook.present = PlaybookVersion.objects.create(
        workspace_id=playbook.workspace_id,
        playbook=playbook,
        number=number,
        definition=kept,
        created_at=now,
        created_by_label=actor.label[:200],
    )
    definition = rules.read(kept)
    playbook.trigger_event = definition.event
    playbook.next_slot_at = None
    if definition.schedule is not None:
        playbook.next_slot_at = slots.next_after(definition.schedule, now, working.working_days().zone)


def _name(playbook: Playbook, name: str, description: str) -> None:
    name, description = name.strip(), description.strip()
    wrong: dict[str, list[str]] = {}
    if not name or len(name) > MAX_NAME or "\0" in name:
        wrong["name"] = [_("Give it a name of at most %(most)d characters.") % {"most": MAX_NAME}]
    elif Playbook.objects.filter(name=name).exclude(pk=playbook.pk).exists():
        wrong["name"] = [_("Another playbook has this name.")]
    if len(description) > MAX_DESCRIPTION or "\0" in description:
        wrong["description"] = [_("Expected at most %(most)d characters.") % {"most": MAX_DESCRIPTION}]
    if wrong:
        raise ValidationError(wrong)
    playbook.name, playbook.description = name, description


def _owner(owner: Membership | None) -> Membership | None:
    if owner is not None and (owner.left_at is not None or owner.workspace_id != current_workspace_id()):
        raise ValidationError({"owner": [_("This person has left. Choose somebody who is here.")]})
    return owner
