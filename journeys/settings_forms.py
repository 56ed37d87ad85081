"""Forms of the journey's settings. They check shape; the rules stand in the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Department
from journeys.models import Holiday, RelayTemplate, Stage, WorkCalendar
from journeys.services.relay_templates import MOST_DAYS, MOST_ITEMS, Line

if TYPE_CHECKING:
    _StageChoice = forms.ModelChoiceField[Stage]
else:
    _StageChoice = forms.ModelChoiceField


class StageField(_StageChoice):
    """One of the stages in use, in journey order, by the name the reader knows."""

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, queryset=None, empty_label=gettext_lazy("Choose a stage"))

    def label_from_instance(self, obj: Stage) -> str:
        return obj.label


class RelayTemplateForm(forms.Form):
    from_stage = StageField(gettext_lazy("Moving on from"))
    to_stage = StageField(gettext_lazy("to"))
    giver_department = forms.ChoiceField(label=gettext_lazy("Given by"), choices=Department.choices)
    taker_department = forms.ChoiceField(label=gettext_lazy("Taken by"), choices=Department.choices)
    due_working_days = forms.IntegerField(
        label=gettext_lazy("Working days to accept"), min_value=0, max_value=MOST_DAYS, initial=3
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = Stage.objects.filter(retired_at__isnull=True).order_by("order")
        for name in ("from_stage", "to_stage"):
            self.fields[name].queryset = stages  # type: ignore[attr-defined]  # the types know the base field only

    @staticmethod
    def initial_of(template: RelayTemplate | None) -> dict[str, Any]:
        names = ("from_stage", "to_stage", "giver_department", "taker_department", "due_working_days")
        return {name: getattr(template, name) for name in names} if template else {}


def lines_told(data: QueryDict) -> list[Line]:
    """The lines of a checklist as the form sends them: ``text-N`` and ``required-N``, empty ones kept in place."""
    return [
        Line(data.get(f"text-{number}", ""), bool(data.get(f"required-{number}")))
        for number in range(MOST_ITEMS + 10)
        if f"text-{number}" in data
    ]


class WorkingDaysForm(forms.Form):
    """Days off come as lines of a day and a name: people paste them from a calendar."""

    weekend = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days off every week"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    opens = forms.TimeField(
        label=gettext_lazy("The working day begins"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    closes = forms.TimeField(
        label=gettext_lazy("and ends"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("What is due on a day is due when it ends."),
    )
    holidays = forms.CharField(
        label=gettext_lazy("Days off"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line: the day, then its name if you like, as in 2026-12-25 Christmas."),
    )

    @staticmethod
    def initial_of(calendar: WorkCalendar, holidays: Sequence[Holiday]) -> dict[str, Any]:
        return {
            "weekend": calendar.weekend,
            "opens": calendar.opens,
            "closes": calendar.closes,
            "holidays": "\n".join(str(each) for each in holidays),
        }

    def clean_holidays(self) -> dict[date, str]:
        """Day → name. Every line that cannot be read is named by its number."""
        found: dict[date, str] = {}
        problems = []
        for number, line in enumerate(self.cleaned_data["holidays"].splitlines(), 1):
            day, _space, name = line.strip().partition(" ")
            if not day:
                continue
            try:
                found[date.fromisoformat(day)] = name.strip()
            except ValueError:
                told = {"number": number, "text": line.strip()[:60]}
                problems.append(_("Line %(number)d: “%(text)s” does not begin with a day such as 2026-12-25.") % told)
        if problems:
            raise ValidationError(problems[:10])
        return found
