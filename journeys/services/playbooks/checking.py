"""Whether a definition can be kept, and whether a playbook may run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import extensions, segments
from accounts.models import WebhookEndpoint
from accounts.roles import Department
from accounts.webhooks import catalogue
from journeys import playbook_words
from journeys.models import Playbook, PlaybookState
from journeys.playbooks import cycles, whom
from journeys.playbooks import definition as rules
from journeys.playbooks.definition import SURVEY, Definition, DefinitionError, Known
from journeys.selectors import journey
from journeys.services.playbooks import starting


def checked(data: object) -> tuple[dict[str, Any], Definition]:
    """A definition in the form it is kept, and as it is run; raises ``ValidationError`` (``definition``)."""
    may_name = known()
    data = whom.filled_in(data, kind=SURVEY, events=may_name.events, addressees=may_name.addressees)
    try:
        definition = rules.parse(data, may_name)
    except DefinitionError as error:
        raise ValidationError({"definition": playbook_words.told(error.faults)}) from error
    assert isinstance(data, dict)
    kept, wrong = {**data}, []
    for path, holder in [("filter", kept), *((f"steps.{n}.only_if", step) for n, step in enumerate(data["steps"]))]:
        name = path.rpartition(".")[2]
        if holder.get(name):
            try:
                found = segments.parse(holder[name])
            except segments.SegmentError as error:
                wrong += [f"{path}.{where}: {why}" if where else f"{path}: {why}" for where, why in error.problems]
                continue
            problems = segments.problems(found)
            wrong += [f"{path}.{where}: {why}" if where else f"{path}: {why}" for where, why in problems]
    if wrong:
        raise ValidationError({"definition": wrong})
    return kept, definition


def known() -> Known:
    """What definitions of the active workspace may name."""
    return Known(
        events={event.name: tuple(field.name for field in event.fields) for event in catalogue.all_events()},
        stages=tuple(stage.key for stage in journey.stages()),
        departments=tuple(Department.values),
        webhooks=tuple(str(pk) for pk in WebhookEndpoint.objects.values_list("pk", flat=True)),
        surveys=tuple(key for sender in extensions.survey_senders for key in sender.names()),
        addressees=tuple(key for sender in extensions.survey_senders for key in sender.addressees()),
    )


def refuse_what_must_not_run(playbook: Playbook, definition: Definition, now: datetime) -> None:
    """Raise ``ValidationError`` for a cycle of playbooks, and for more tasks at once than may be."""
    others = Playbook.objects.filter(state=PlaybookState.ACTIVE).exclude(pk=playbook.pk).select_related("present")
    active = {other.name: rules.read(other.says.definition) for other in others}
    way = cycles.cycle({**active, playbook.name: definition}, playbook.name)
    if way:
        message = _("It would start itself for ever: %(way)s. Narrow a trigger down, or leave a step out.")
        raise ValidationError({"definition": [message % {"way": " → ".join(way)}]})
    if definition.schedule is not None:
        try:
            starting.refuse_too_many(definition, starting.count(definition, Q(), now))
        except ValidationError as error:
            raise ValidationError({"definition": error.messages}) from error
