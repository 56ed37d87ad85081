"""The events one may listen to: their names and what their ``data`` holds. The one place that describes them.

Publishing another event takes an entry here (a guard test compares). Payloads hold ids, as the REST interface shows
them, and numbers; never names, addresses or words of people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

TEST_EVENT = "webhook.tested"
_ID = "0199d3a0-7c1e-7a52-9d1c-3f0a5b6c7d8e"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event's ``data``. ``always``: it is there in every event, else only where it applies."""

    name: str
    kind: str
    description: Text
    example: Any
    always: bool = True


@dataclass(frozen=True, slots=True)
class EventType:
    name: str
    description: Text
    fields: tuple[Field, ...]

    @property
    def example(self) -> dict[str, Any]:
        return {field.name: field.example for field in self.fields}


def _id(name: str, description: Text, *, always: bool = True) -> Field:
    return Field(name, "id", description, _ID, always)


_SURVEY = _id("survey_id", _("The survey."))
_BANDS = "healthy, watch, at_risk, unknown, not_applicable"

EVENTS: tuple[EventType, ...] = (
    EventType(
        "health.band_changed",
        _("A customer's health has moved into another band."),
        (
            _id("customer_id", _("The customer.")),
            Field("from", "string", _("The band before: %(bands)s.") % {"bands": _BANDS}, "healthy"),
            Field("to", "string", _("The band now."), "watch"),
        ),
    ),
    EventType(
        "stage.entered",
        _("A customer has moved to another stage of its journey, onwards or back."),
        (
            _id("customer_id", _("The customer.")),
            _id("move_id", _("The move in the customer's history.")),
            Field("stage", "string", _("The key of the stage it is in now."), "adoption"),
            Field("from_stage", "string", _("The key of the stage before; null for the first one."), "decision"),
            Field("kind", "string", _("What sort of move it was."), "forward"),
        ),
    ),
    EventType(
        "task.created",
        _("Somebody, or a rule, has made a task."),
        (_id("task_id", _("The task.")), _id("customer_id", _("Its customer; null where it has none."))),
    ),
    EventType("survey.opened", _("A survey takes answers from now on."), (_SURVEY,)),
    EventType("survey.closed", _("A survey takes no more answers."), (_SURVEY,)),
    EventType(
        "survey.published",
        _("A version of a survey's results has become public."),
        (_SURVEY, Field("number", "integer", _("The version, from 1."), 1)),
    ),
    EventType(
        "survey.response_received",
        _("Somebody has answered a survey."),
        (
            _SURVEY,
            _id("response_id", _("The answer.")),
            _id("customer_id", _("The customer of whoever answered, where it is known."), always=False),
            Field("score", "integer", _("The score given, in surveys that ask for one."), 9, always=False),
        ),
    ),
    EventType(
        "survey.answers_removed",
        _("Answers were taken out of the count, with a reason in the survey's public log."),
        (_SURVEY, Field("count", "integer", _("How many."), 3)),
    ),
    EventType(
        "survey.answers_restored",
        _("Removed answers count again."),
        (_SURVEY, Field("count", "integer", _("How many."), 3)),
    ),
    EventType(
        TEST_EVENT,
        _("Sent by hand to try a webhook out; it comes whatever the webhook listens to."),
        (_id("webhook_id", _("The webhook.")),),
    ),
)

BY_NAME: Mapping[str, EventType] = {event.name: event for event in EVENTS}

NOUNS = tuple(dict.fromkeys(event.name.partition(".")[0] for event in EVENTS if event.name != TEST_EVENT))


def is_known(pattern: str) -> bool:
    """Whether ``pattern`` can cover an event at all; a misspelt one would stay silent for ever."""
    return pattern == "*" or pattern in BY_NAME or pattern in {f"{noun}.*" for noun in NOUNS}
