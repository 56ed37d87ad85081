"""Forms of the task pages. They check shape; the rules stand in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Workspace
from accounts.roles import Department
from accounts.selectors.members import present_members
from journeys.services.task_deeds import MAX_BODY, MAX_REASON, MAX_RESULT, MAX_TITLE

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FinishForm(forms.Form):
    result = forms.CharField(label=_("What came of it"), max_length=MAX_RESULT)


class SnoozeForm(forms.Form):
    until = forms.DateField(label=_("Show it again on"), widget=_DAY)
    reason = forms.CharField(label=_("Why it can wait"), max_length=MAX_REASON)


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("Why it is no longer needed"), max_length=MAX_RESULT)


class TaskForm(forms.Form):
    """A task made or changed by hand; ``owner`` empty: anybody of the department."""

    title = forms.CharField(label=_("What is to be done"), max_length=MAX_TITLE)
    body = forms.CharField(
        label=_("More about it"), required=False, max_length=MAX_BODY, widget=forms.Textarea(attrs={"rows": 4})
    )
    due_on = forms.DateField(label=_("Due"), required=False, widget=_DAY)
    owner: forms.ModelChoiceField[Membership] = forms.ModelChoiceField(
        label=_("Who does it"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("Anybody of the department"),
    )
    department = forms.ChoiceField(
        label=_("Department"), required=False, choices=[("", _("As the person's")), *Department.choices]
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = present_members(workspace)  # type: ignore[attr-defined]  # the types know the base field only
