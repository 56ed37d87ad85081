"""The form of a playbook: a trigger, a segment that narrows it down, and rows of steps. It makes a definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, SavedSegment, WebhookEndpoint, Workspace
from accounts.roles import Department
from accounts.selectors.members import present_members
from accounts.webhooks import catalogue
from journeys.playbooks.definition import DAILY, EMAIL, KINDS, MOVE, TASK, WAIT, WEBHOOK, WEEKLY
from journeys.selectors import journey
from journeys.services.playbooks.editing import MAX_DESCRIPTION, MAX_NAME

_WEEKDAYS = [
    (0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")), (5, _("Saturday")),
    (6, _("Sunday")),
]  # fmt: skip
KIND_NAMES = {
    TASK: _("Task"),
    EMAIL: _("Draft of a mail"),
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
    field = forms.CharField(
        label=_("and its field"), required=False, max_length=60, help_text=_("Left empty: whatever it says.")
    )
    value = forms.CharField(
        label=_("is"), required=False, max_length=200, help_text=_("One or more values, separated by commas.")
    )
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

    def definition(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        """What the form says, to be checked by the service."""
        told = self.cleaned_data
        trigger: dict[str, Any] = {}
        if told["event"]:
            values = [each.strip() for each in told["value"].split(",") if each.strip()]
            where = [{"field": told["field"], "op": "in", "value": values}] if told["field"] and values else []
            trigger = {"event": told["event"], "where": where}
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
    """A definition as the form shows it: of its conditions the first."""
    trigger, limits = definition["trigger"], definition.get("limits") or {}
    first = (trigger.get("where") or [{}])[0]
    value = first.get("value", "")
    return {
        "event": trigger.get("event", ""),
        "field": first.get("field", ""),
        "value": ", ".join(map(str, value)) if isinstance(value, list) else value,
        **(trigger.get("schedule") or {}),
        "segment": "kept" if definition.get("filter") else "",
        **limits,
    }


def shows_all(definition: Mapping[str, Any]) -> bool:
    """Whether the form can show it: conditions written over REST may say more than it has fields for."""
    where = definition["trigger"].get("where") or []
    return len(where) <= 1 and all(each["op"] in ("eq", "in") for each in where)


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
    }


def steps_told(told: Mapping[str, str]) -> list[dict[str, Any]]:
    """The steps of a posted form in their order; rows without a kind are left out."""
    steps, number = [], 0
    while f"kind-{number}" in told:
        row = {name: told.get(f"{name}-{number}", "").strip() for name in _ROW}
        if row["kind"]:
            steps.append(_step(row))
        number += 1
    return steps


_ROW = ("kind", "title", "body", "owner", "days", "stage", "webhook", "event")


def _step(row: Mapping[str, str]) -> dict[str, Any]:
    kind, days = row["kind"], int(row["days"]) if row["days"].isdigit() and len(row["days"]) < 6 else 0
    by_kind: dict[str, dict[str, Any]] = {
        TASK: {"title": row["title"], "body": row["body"], "owner": row["owner"], "due_days": days},
        EMAIL: {"subject": row["title"], "body": row["body"], "owner": row["owner"], "due_days": days},
        WAIT: {"days": days},
        MOVE: {"stage": row["stage"], "reason": row["title"]},
        WEBHOOK: {"webhook": row["webhook"], "event": row["event"]},
    }
    return {"kind": kind, **by_kind.get(kind, {})}


def rows_of(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps as the rows of the form, with some left for more."""
    rows = [
        {**step, "title": step.get("title") or step.get("subject") or step.get("reason", ""),
         "days": step.get("days", step.get("due_days", ""))}
        for step in steps
    ]  # fmt: skip
    spare: list[dict[str, Any]] = [{} for _row in range(SPARE_STEPS)]
    return [{**row, "number": number} for number, row in enumerate([*rows, *spare])]
