"""Which moves take a handover, between whom, within how many working days, and with which checklist.

A change counts from the next offer on: handovers already offered keep the checklist they were offered with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.roles import Department
from csplatform.core import audit
from csplatform.core.tenancy import current_workspace_id
from journeys.models import RelayTemplate, RelayTemplateItem, Stage

MOST_DAYS = 60
MOST_ITEMS = 30
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a checklist. ``required``: a handover cannot be accepted before it is ticked."""

    text: str
    required: bool = False


@transaction.atomic
def save(
    *,
    from_stage: Stage,
    to_stage: Stage,
    giver_department: str,
    taker_department: str,
    due_working_days: int,
    items: Sequence[Line],
    actor: audit.Actor,
    now: datetime,
    template_id: UUID | None = None,
) -> RelayTemplate:
    """Make a template, or change the one with ``template_id``, its checklist replaced as told.

    Raises ``RelayTemplate.DoesNotExist``, and ``ValidationError`` by field.
    """
    lines = _checked(from_stage, to_stage, giver_department, taker_department, due_working_days, items)
    if template_id is None:
        template = RelayTemplate(workspace_id=current_workspace_id())
    else:
        template = RelayTemplate.objects.select_for_update(of=("self",)).get(pk=template_id)
    template.from_stage, template.to_stage = from_stage, to_stage
    template.giver_department, template.taker_department = giver_department, taker_department
    template.due_working_days = due_working_days
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise ValidationError({"to_stage": [_("This move has a handover already: change that one.")]}) from error
    RelayTemplateItem.objects.filter(template=template).delete()
    RelayTemplateItem.objects.bulk_create(
        RelayTemplateItem(
            workspace_id=template.workspace_id,
            template=template,
            position=position,
            text=line.text,
            required=line.required,
        )
        for position, line in enumerate(lines)
    )
    data = {
        "from_stage": from_stage.key,
        "to_stage": to_stage.key,
        "giver_department": giver_department,
        "taker_department": taker_department,
        "due_working_days": due_working_days,
        "items": [[line.text, line.required] for line in lines],
    }
    action = "relay_template.created" if template_id is None else "relay_template.changed"
    audit.record(actor=actor, action=action, subject=template, data=data, now=now)
    return template


@transaction.atomic
def remove(*, template_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """From now on the move takes no handover; those already offered go on. Raises ``RelayTemplate.DoesNotExist``."""
    rows = RelayTemplate.objects.select_for_update(of=("self",)).select_related("from_stage", "to_stage")
    template = rows.get(pk=template_id)
    data = {"from_stage": template.from_stage.key, "to_stage": template.to_stage.key}
    audit.record(actor=actor, action="relay_template.removed", subject=template, data=data, now=now)
    template.delete()


def _checked(
    from_stage: Stage, to_stage: Stage, giver: str, taker: str, due_working_days: int, items: Sequence[Line]
) -> list[Line]:
    problems: dict[str, list[str]] = {}
    for field, stage in (("from_stage", from_stage), ("to_stage", to_stage)):
        if stage.retired_at is not None:
            problems[field] = [_("This stage is no longer in use.")]
    if not problems and _place(to_stage) <= _place(from_stage):
        problems["to_stage"] = [_("A handover stands on the way forwards: choose a later stage.")]
    for field, department in (("giver_department", giver), ("taker_department", taker)):
        if department not in Department.values:
            problems[field] = [_("There is no such department.")]
    if not 0 <= due_working_days <= MOST_DAYS:
        problems["due_working_days"] = [_("From 0 to %(most)d working days.") % {"most": MOST_DAYS}]
    lines = [Line(" ".join(line.text.replace("\0", "").split()), line.required) for line in items]
    lines = [line for line in lines if line.text]
    if len(lines) > MOST_ITEMS:
        problems["items"] = [_("At most %(most)d lines.") % {"most": MOST_ITEMS}]
    elif any(len(line.text) > _LONGEST for line in lines):
        problems["items"] = [_("A line has at most %(most)d characters.") % {"most": _LONGEST}]
    elif len({line.text.casefold() for line in lines}) < len(lines):
        problems["items"] = [_("Two lines say the same.")]
    if problems:
        raise ValidationError(problems)
    return lines


def _place(stage: Stage) -> int:
    return stage.order if stage.order is not None else -1
