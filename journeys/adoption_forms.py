"""Forms of adoption. They check shape; the rules stand in ``journeys.adoption`` and the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.views.customers.record_forms import RecordForm, date_field
from journeys import adoption_words
from journeys.adoption.rules import ALL_OF, ANY_OF, MOST_DAYS, Rules, RulesError, as_json, parse
from journeys.models import AdoptionGroup, AdoptionPlan, IndicatorKind, PersonState, StepHeight

_LINES = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


def _days(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=MOST_DAYS, help_text=help_text)


_FIELD_OF = {
    "activation.events": "events",
    "activation.match": "match",
    "activation.within_days": "within_days",
    "habit.days": "habit_days",
    "habit.window_days": "window_days",
    "habit.events": "habit_events",
    "lapse_days": "lapse_days",
}


class RulesForm(forms.Form):
    """The rules as people write them; ``definition`` is what the service takes."""

    events = forms.CharField(
        label=gettext_lazy("Activated: what somebody has to do"),
        widget=_LINES,
        max_length=10_000,
        help_text=gettext_lazy(
            "One a line: how often, then the name of the event, as in 3 report.sent. * is any event."
        ),
    )
    match = forms.ChoiceField(
        label=gettext_lazy("Of these lines"),
        choices=[(ALL_OF, gettext_lazy("all must be done")), (ANY_OF, gettext_lazy("one is enough"))],
    )
    within_days = _days(
        gettext_lazy("Within so many days"),
        gettext_lazy("Days in a row, whenever they begin: people start when they start."),
    )
    habit_days = _days(gettext_lazy("Habitual: active on so many days"))
    window_days = _days(gettext_lazy("of the last so many days"))
    habit_events = forms.CharField(
        label=gettext_lazy("Counting only these events"),
        widget=_LINES,
        required=False,
        max_length=10_000,
        help_text=gettext_lazy("One name a line; empty: any event."),
    )
    lapse_days = _days(
        gettext_lazy("Lapsed: nothing for so many days"),
        gettext_lazy("Only who was activated can lapse. Using the product again ends it."),
    )
    effective_on = date_field(
        gettext_lazy("Counts from"),
        help_text=gettext_lazy("Empty: today. An earlier day rewrites the history from that day on."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def initial_of(rules: Rules, number: int) -> dict[str, Any]:
        return {
            "events": "\n".join(f"{each.count} {each.name}" for each in rules.activation),
            "match": ALL_OF if rules.needs_all else ANY_OF,
            "within_days": rules.within_days,
            "habit_days": rules.habit_days,
            "window_days": rules.window_days,
            "habit_events": "\n".join(sorted(rules.habit_events)),
            "lapse_days": rules.lapse_days,
            "version": number,
        }

    def clean_events(self) -> list[dict[str, Any]]:
        """Each line as a count and a name; lines that cannot be read are named by their number."""
        found, problems = [], []
        for number, line in enumerate(self.cleaned_data["events"].splitlines(), 1):
            count, _space, name = line.strip().partition(" ")
            if not line.strip():
                continue
            if not count.isascii() or not count.isdigit() or len(count) > 9 or not name.strip():
                told = {"number": number, "text": line.strip()[:60]}
                problems.append(
                    _("Line %(number)d: “%(text)s” is not a number and a name, as in 3 report.sent.") % told
                )
                continue
            found.append({"name": name.strip(), "count": int(count)})
        if problems:
            raise forms.ValidationError(problems[:10])
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        said = {
            "activation": {name: data[name] for name in ("match", "within_days", "events")},
            "habit": {
                "days": data["habit_days"],
                "window_days": data["window_days"],
                "events": [line.strip() for line in data["habit_events"].splitlines() if line.strip()],
            },
            "lapse_days": data["lapse_days"],
        }
        try:
            data["definition"] = as_json(parse(said))
        except RulesError as error:
            for fault in error.faults:
                names = [name for path, name in _FIELD_OF.items() if fault.path.startswith(path)]
                self.add_error(names[0] if names else None, adoption_words.message(fault))
        return data


class PlanForm(RecordForm):
    """A plan; its targets come as lines of a day and a percentage."""

    baseline_on = date_field(gettext_lazy("Begins on"), help_text=gettext_lazy("Empty: today."))
    baseline_percent = forms.IntegerField(
        label=gettext_lazy("In habit on that day, in %"), min_value=0, max_value=100,
        help_text=gettext_lazy("The share of people for whom using the product is a habit."),
    )  # fmt: skip
    targets = forms.CharField(
        label=gettext_lazy("Targets"),
        widget=_LINES,
        max_length=2_000,
        help_text=gettext_lazy("One a line: the day, then the share in %, as in 2026-12-31 60."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, required=False,
        help_text=gettext_lazy("Why it changes. The earlier plan stays in the history."),
    )  # fmt: skip

    @staticmethod
    def initial_of(plan: AdoptionPlan | None, *, percent: int) -> dict[str, Any]:
        """The plan in force, or a first one that begins where the people stand."""
        if plan is None:
            return {"baseline_percent": percent, "version": 0}
        return {
            "version": plan.number,
            "baseline_on": plan.baseline_on,
            "baseline_percent": plan.baseline_percent,
            "targets": "\n".join(f"{each['on']} {each['percent']}" for each in plan.targets),
        }

    def clean_targets(self) -> list[dict[str, Any]]:
        """Lines as days and percentages, as the service takes them; what they mean is its matter."""
        lines = [line.split() for line in self.cleaned_data["targets"].splitlines() if line.strip()]
        wrong = [" ".join(words)[:60] for words in lines if len(words) != 2]
        if wrong:
            message = _("“%(text)s” is not a day and a percentage, as in 2026-12-31 60.")
            raise forms.ValidationError([message % {"text": text} for text in wrong[:5]])
        return [{"on": on, "percent": percent.removesuffix("%")} for on, percent in lines]


class GroupForm(RecordForm):
    name = forms.CharField(
        label=gettext_lazy("Whose change?"), max_length=200,
        help_text=gettext_lazy("A title or a role, as the contacts have it."),
    )  # fmt: skip
    step = forms.ChoiceField(
        label=gettext_lazy("How big is the step?"), choices=StepHeight.choices,
        help_text=gettext_lazy("Low: a new tool for the same work. High: they will work differently."),
    )  # fmt: skip
    words = forms.CharField(
        label=gettext_lazy("What changes for them"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    @staticmethod
    def initial_of(group: AdoptionGroup) -> dict[str, Any]:
        return {"name": group.name, "step": group.step, "words": group.words, "version": group.version}


class IndicatorForm(RecordForm):
    title = forms.CharField(
        label=gettext_lazy("What will show it?"), max_length=200,
        help_text=gettext_lazy("In words worth celebrating: it becomes the title of the win."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Measured as"), choices=IndicatorKind.choices)
    state = forms.ChoiceField(
        label=gettext_lazy("People who are at least"),
        choices=[(key, label) for key, label in PersonState.choices if key in ("first_use", "activated", "habitual")],
        required=False,
        help_text=gettext_lazy("For a share of people."),
    )
    event = forms.CharField(
        label=gettext_lazy("Name of the event"), max_length=200, required=False,
        help_text=gettext_lazy("For a number of events."),
    )  # fmt: skip
    threshold = forms.IntegerField(
        label=gettext_lazy("Reached at"), min_value=1, max_value=1_000_000_000,
        help_text=gettext_lazy("Percent of the people, or number of events."),
    )  # fmt: skip


class DisplayForm(forms.Form):
    people = forms.ChoiceField(
        label=gettext_lazy("Show people"),
        widget=forms.RadioSelect,
        choices=[
            ("name", gettext_lazy("By name")),
            ("pseudonym", gettext_lazy("Under a pseudonym, always the same for a person")),
            ("aggregate", gettext_lazy("In aggregate only: groups of five and more, nobody by themselves")),
        ],
        help_text=gettext_lazy("Applies to pages, REST, webhooks and the administration alike, at once."),
    )
