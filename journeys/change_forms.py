"""Forms about signals, cadences and shocks. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, SavedSegment, Workspace
from accounts.selectors.members import present_members
from journeys.models import Direction, SignalKind
from journeys.services.shocks import MAX_NAME, MAX_TEXT
from journeys.services.signals import MAX_ANSWER, MAX_NOTE

_DAY = forms.DateInput(attrs={"type": "date"})


class SignalForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is changing"), choices=SignalKind.choices)
    summary = forms.CharField(label=_("In one sentence"), max_length=300)
    note = forms.CharField(
        label=_("More"), required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("What was done"), max_length=MAX_ANSWER)


class _OnSegment(forms.Form):
    """Whose customers: a saved segment of the reader's own, or a shared one."""

    segment: forms.ModelChoiceField[SavedSegment] = forms.ModelChoiceField(
        label=_("Whom"), queryset=SavedSegment.objects.none(), empty_label=_("Choose a segment")
    )

    def __init__(self, *args: Any, member: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        readable = SavedSegment.objects.filter(Q(owner=member) | Q(is_shared=True)).order_by("name", "pk")
        self.fields["segment"].queryset = readable  # type: ignore[attr-defined]  # the types know the base field only


class CadenceForm(_OnSegment):
    name = forms.CharField(label=_("Name"), max_length=120)
    every_days = forms.IntegerField(label=_("At least every so many days"), min_value=1, max_value=730, initial=30)
    direction = forms.ChoiceField(
        label=_("Who to whom"), choices=[("", _("Any direction")), *Direction.choices], required=False
    )
    field_order = ("name", "segment", "every_days", "direction")


class ShockForm(_OnSegment):
    name = forms.CharField(label=_("What happened"), max_length=MAX_NAME)
    struck_on = forms.DateField(label=_("Since when"), required=False, widget=_DAY)
    note = forms.CharField(
        label=_("What is known"), required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("name", "segment", "struck_on", "note")


class ShockMemberForm(forms.Form):
    member: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("Who"), queryset=Membership.objects.none()
    )
    part = forms.CharField(label=_("For what"), max_length=120, required=False)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"].queryset = present_members(workspace)  # type: ignore[attr-defined]  # the types know the base field only


class ShockTaskForm(forms.Form):
    title = forms.CharField(label=_("Task for each of them"), max_length=200)
    due_on = forms.DateField(label=_("Due"), required=False, widget=_DAY)


class ShockCloseForm(forms.Form):
    lesson = forms.CharField(label=_("What was learnt"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3}))
