"""The form of a playbook: a trigger, a segment that narrows it down, and rows of steps. It makes a definition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import extensions
from accounts import segments as accounts_segments
from accounts.models import Membership, SavedSegment, WebhookEndpoint, Workspace
from accounts.models.customers import HealthBand
from accounts.roles import Department
from accounts.selectors.members import present_members
from accounts.webhooks import catalogue
from journeys.playbooks import definition, whom
from journeys.playbooks.definition import DAILY, EMAIL, KINDS, MOVE, SURVEY, TASK, WAIT, WEBHOOK, WEEKLY
from journeys.selectors import journey
from journeys.services.playbooks.editing import MAX_DESCRIPTION, MAX_NAME

_WEEKDAYS = [
    (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")), (5, _("Saturday")),
    (6, _("Sunday")),
]  # fmt: skip
KIND_NAMES = {
    TASK: _("Task"),
    EMAIL: _("Draft of a mail"),
    SURVEY: _("Send a survey"),
    WAIT: _("Wait"),
    MOVE: _("Move to a stage"),
    WEBHOOK: _("Webhook"),
}
SPARE_STEPS = 2


class PlaybookForm(forms.Form):
    """Everything but the steps. ``segment``: its filter is copied; later changes of the segment change nothing here."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    description = forms.CharField(label=_("What it is for"), required=False, max_length=MAX_DESCRIPTION)
    owner: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("Who is told when it pauses itself"), queryset=Membership.objects.none(), required=False
    )
    event = forms.ChoiceField(label=_("When this happens"), required=False)
    every = forms.ChoiceField(
        label=_("Or by the clock"),
        required=False,
        choices=[("", _("Never")), (DAILY, _("Every day")), (WEEKLY, _("Every week"))],
    )
    weekday = forms.TypedChoiceField(label=_("on"), required=False, choices=_WEEKDAYS, coerce=int)
    at = forms.TimeField(label=_("at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    segment = forms.ChoiceField(label=_("Only for customers of"), required=False)
    runs_an_hour = forms.IntegerField(label=_("Runs an hour at most"), min_value=1)
    tasks_at_once = forms.IntegerField(label=_("Tasks at once at most"), min_value=1)
    again_after_days = forms.IntegerField(
        label=_("Days before it may run again for a customer"), min_value=0, help_text=_("0: whenever it is triggered.")
    )

    def __init__(
        self, *args: Any, workspace: Workspace, member: Membership, kept_filter: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        self.kept_filter = kept_filter
        fields["owner"].queryset = present_members(workspace)
        usable = [
            event for event in catalogue.all_events() if any(field.name == "customer_id" for field in event.fields)
        ]
        fields["event"].choices = [("", _("No event")), *((event.name, _named(event)) for event in usable)]
        mine = SavedSegment.objects.filter(Q(owner=member) | Q(is_shared=True)).order_by("name", "pk")
        self.segments = {str(row.pk): row for row in mine}
        kept = [("kept", _("the filter it has"))] if kept_filter else []
        choices = [(pk, row.name) for pk, row in self.segments.items()]
        fields["segment"].choices = [("", _("all customers")), *kept, *choices]

    def definition(self, steps: list[dict[str, Any]], where: list[dict[str, Any]]) -> dict[str, Any]:
        """What the form says, with the rows beside it, to be checked by the service."""
        told = self.cleaned_data
        trigger: dict[str, Any] = {}
        if told["event"]:
            trigger = {"event": told["event"], "where": where}
        elif where:
            trigger = {"where": where}
        if told["every"]:
            at = told["at"].strftime("%H:%M") if told["at"] else ""
            trigger["schedule"] = {"every": told["every"], "weekday": told["weekday"] or 0, "at": at}
        limits = {name: told[name] for name in ("runs_an_hour", "tasks_at_once", "again_after_days")}
        return {"trigger": trigger, "filter": self._filter(), "steps": steps, "limits": limits}

    def _filter(self) -> Mapping[str, Any]:
        chosen = self.cleaned_data["segment"]
        if chosen == "kept":
            return self.kept_filter
        return dict(self.segments[chosen].definition) if chosen else {}


def _named(event: catalogue.EventType) -> str:
    return f"{event.description} ({event.name})"


def initial_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition as the form shows it, rows of conditions and steps apart."""
    trigger, limits = definition["trigger"], definition.get("limits") or {}
    return {
        "event": trigger.get("event", ""),
        **(trigger.get("schedule") or {}),
        "segment": "kept" if definition.get("filter") else "",
        **limits,
    }


OPERATORS = (
    ("in", _("is")),
    ("ne", _("is not")),
    ("gt", _("is more than")),
    ("lt", _("is less than")),
)
SPARE_CONDITIONS = 1


def where_told(told: Mapping[str, str]) -> list[dict[str, Any]]:
    """The conditions of a posted form; rows without a field are left out."""
    where, number = [], 0
    while f"where_field-{number}" in told:
        field, op, value = (told.get(f"where_{name}-{number}", "").strip() for name in ("field", "op", "value"))
        if field:
            several = [each.strip() for each in value.split(",") if each.strip()]
            where.append({"field": field, "op": op, "value": several if op == "in" else value})
        number += 1
    return where


def where_rows(where: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conditions as rows of the form, with one left for more. One written as "eq" reads as "is"."""
    rows = []
    for each in where[: definition.MAX_WHERE]:
        value = each["value"]
        shown = ", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value)
        rows.append({"field": each["field"], "op": "in" if each["op"] == "eq" else each["op"], "value": shown})
    spare: list[dict[str, Any]] = [{"op": "in"} for _row in range(SPARE_CONDITIONS)]
    return [{**row, "number": number} for number, row in enumerate([*rows, *spare])]


def where_in_words(event: str, where: list[dict[str, Any]]) -> list[str]:
    """Each condition with what its field holds: "The band now is At risk"; the field's bare name where nothing does."""
    words = dict(OPERATORS)
    declared = catalogue.find(event)
    fields = {field.name: _first_words(str(field.description)) for field in declared.fields} if declared else {}
    return [
        f"{fields.get(each['field'], each['field'])} {words[row['op']]} {_values_in_words(each['value']) or _('empty')}"
        for each, row in zip(where, where_rows(where), strict=False)
    ]


def _values_in_words(value: object) -> str:
    values = [_shown(each) for each in (value if isinstance(value, list) else [value])]
    bands = dict(HealthBand.choices)
    return ", ".join(str(bands.get(each, each)) for each in values)


def _first_words(description: str) -> str:
    """What a field holds, without the examples after a colon or semicolon."""
    return re.split(r"\s*[:;]|\.$", description, maxsplit=1)[0]


def _shown(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def event_fields() -> list[tuple[str, str]]:
    """Field of an event → what it holds, of every event that can start a playbook."""
    usable = [event for event in catalogue.all_events() if any(field.name == "customer_id" for field in event.fields)]
    return sorted({field.name: str(field.description) for event in usable for field in event.fields}.items())


def choices() -> dict[str, Any]:
    """What the rows of steps offer."""
    return {
        "kinds": [(kind, KIND_NAMES[kind]) for kind in KINDS],
        "departments": Department.choices,
        "stages": [(stage.key, stage.label) for stage in journey.stages()],
        "webhooks": [
            (str(each.pk), each.description or each.url)
            for each in WebhookEndpoint.objects.order_by("created_at", "pk")
        ],
        "surveys": [pair for sender in extensions.survey_senders for pair in sender.names().items()],
        "addressees": [
            ("", _("The person the event is about, else everybody")),
            (whom.PERSON, _("The person it happened to")),
            *(pair for sender in extensions.survey_senders for pair in sender.addressees().items()),
        ],
        "operators": OPERATORS,
        "event_fields": event_fields(),
    }


def steps_told(
    told: Mapping[str, str], present: Sequence[Mapping[str, Any]], segments: Mapping[str, SavedSegment]
) -> list[dict[str, Any]]:
    """The steps of a posted form in their order; rows without a kind are left out.

    ``only_if`` of a row names the segment whose filter is copied, or "kept": what the step of ``present`` in its place
    had.
    """
    steps, number = [], 0
    while f"kind-{number}" in told:
        row = {name: told.get(f"{name}-{number}", "").strip() for name in _ROW}
        if row["kind"]:
            chosen = row["only_if"]
            kept = present[number].get("only_if") if chosen == "kept" and number < len(present) else None
            only_if = dict(segments[chosen].definition) if chosen in segments else kept
            steps.append({**_step(row), **({"only_if": only_if} if only_if else {})})
        number += 1
    return steps


_ROW = ("kind", "title", "body", "owner", "days", "stage", "webhook", "event", "survey", "addressees", "only_if")


def _step(row: Mapping[str, str]) -> dict[str, Any]:
    kind, days = row["kind"], int(row["days"]) if row["days"].isdigit() and len(row["days"]) < 6 else 0
    by_kind: dict[str, dict[str, Any]] = {
        TASK: {"title": row["title"], "body": row["body"], "owner": row["owner"], "due_days": days},
        EMAIL: {"subject": row["title"], "body": row["body"], "owner": row["owner"], "due_days": days},
        WAIT: {"days": days},
        MOVE: {"stage": row["stage"], "reason": row["title"]},
        WEBHOOK: {"webhook": row["webhook"], "event": row["event"]},
        SURVEY: {"survey": row["survey"], "addressees": row["addressees"]},
    }
    return {"kind": kind, **by_kind.get(kind, {})}


def _in_words(only_if: Any) -> str:
    return accounts_segments.explain(accounts_segments.stored(only_if)) if only_if else ""


def rows_of(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps as the rows of the form, with some left for more."""
    rows = [
        {**step, "title": step.get("title") or step.get("subject") or step.get("reason", ""),
         "days": step.get("days", step.get("due_days", "")),
         "only_if_words": _in_words(step.get("only_if"))}
        for step in steps
    ]  # fmt: skip
    spare: list[dict[str, Any]] = [{} for _row in range(SPARE_STEPS)]
    return [{**row, "number": number} for number, row in enumerate([*rows, *spare])]


def steps_in_words(told: definition.Definition) -> list[dict[str, Any]]:
    """Steps as the page of a playbook lists them."""
    has_survey = any(step.kind == SURVEY for step in told.steps)
    surveys = {key: name for sender in extensions.survey_senders if has_survey for key, name in sender.names().items()}
    return [
        {
            "step": step,
            "name": KIND_NAMES[step.kind],
            "survey": surveys.get(step.survey, _("a survey that is not open any more")),
            "only_if": _in_words(step.only_if),
        }
        for step in told.steps
    ]
