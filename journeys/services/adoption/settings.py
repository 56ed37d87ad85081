"""Setting a workspace's adoption rules, and under which name people are shown."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Workspace
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys import adoption_words
from journeys.adoption.rules import RulesError, as_json, parse
from journeys.models import AdoptionDisplay, AdoptionRules, PeopleShown

OLDEST = date(1970, 1, 1)


@transaction.atomic
def set_rules(
    *,
    definition: object,
    actor: audit.Actor,
    now: datetime,
    effective_on: date | None = None,
    reason: str = "",
    expected_number: int | None = None,
) -> AdoptionRules:
    """A new version of the rules, from ``effective_on`` (today) on; earlier days stay as they were.

    Rules that say what is in force already add nothing. Raises ``ValidationError`` by field.
    """
    errors: dict[str, list[str]] = {}
    today = now.astimezone(UTC).date()
    begins = effective_on or today
    try:
        kept = as_json(parse(definition))
    except RulesError as error:
        errors["definition"] = adoption_words.told(error.faults)
        kept = {}
    if not OLDEST <= begins <= today:
        errors["effective_on"] = [_("Choose a day up to today: nobody can be followed in the future.")]
    if len(reason) > 500:
        errors["reason"] = [_("At most %(most)s characters.") % {"most": 500}]
    if errors:
        raise ValidationError(errors)
    # One at a time: the workspace's row is what everybody waits for.
    Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    newest = AdoptionRules.objects.order_by("-number").first()
    number = newest.number if newest else 0
    if expected_number is not None and expected_number != number:
        message = _(
            "Somebody has changed the rules meanwhile (version %(number)d). Nothing was kept; look at them first."
        )
        raise ValidationError({"version": [message % {"number": number}]})
    if newest is not None and newest.definition == kept and effective_on is None:
        return newest
    rules: AdoptionRules = AdoptionRules.objects.create(
        workspace_id=current_workspace_id(),
        number=number + 1,
        definition=kept,
        effective_on=begins,
        reason=reason.strip(),
        created_at=now,
        actor_label=actor.label[:200],
    )
    told = {"number": rules.number, "definition": kept, "effective_on": begins.isoformat()}
    audit.record(actor=actor, action="adoption_rules.changed", subject=rules, data=told, now=now)
    outbox.publish(
        workspace_id=current_workspace_id(),
        name="adoption_rules.changed",
        payload={"number": rules.number, "effective_on": begins.isoformat()},
        now=now,
    )
    return rules


@transaction.atomic
def show_people(*, people: str, actor: audit.Actor, now: datetime) -> AdoptionDisplay:
    """Show people by name, under a pseudonym or in aggregate only, everywhere. Raises ``ValidationError``."""
    if people not in PeopleShown.values:
        known = ", ".join(PeopleShown.values)
        raise ValidationError({"people": [_("Expected one of: %(known)s.") % {"known": known}]})
    workspace_id: UUID = current_workspace_id()
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    display = AdoptionDisplay.objects.first()
    if display is not None and display.people == people:
        return display
    before = display.people if display else PeopleShown.NAME.value
    if display is None:
        display = AdoptionDisplay(workspace_id=workspace_id, secret=secrets.token_bytes(32))
    display.people, display.changed_at, display.changed_by_label = people, now, actor.label[:200]
    display.save()
    told = {"before": before, "people": people}
    audit.record(actor=actor, action="adoption_display.changed", subject=display, data=told, now=now)
    return display
