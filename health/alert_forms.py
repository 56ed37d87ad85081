"""Forms of alerts. They check shape; the rules stand in ``health.alerts``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, SavedSegment, Workspace
from accounts.models.customers import HealthBand, TeamRole
from csplatform.core import formats
from health.models import AlertChannel, AlertKind, AlertPace, AlertPreference, SlackHook

_BANDS = [choice for choice in HealthBand.choices if choice[0] != HealthBand.NOT_APPLICABLE]


class MuteForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=500)
    until = forms.DateField(
        label=_("Until"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The first day on which it is heard again."),
    )
    everybody = forms.BooleanField(label=_("This kind for every customer"), required=False)

    def __init__(self, *args: Any, today: date, may_mute_all: bool, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"until": today + timedelta(days=14)})
        super().__init__(*args, **kwargs)
        if not may_mute_all:
            del self.fields["everybody"]


class PreferenceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = AlertPreference
        fields = ("wants_in_app", "wants_email", "email_pace", "digest_hour", "only_weekdays", "time_zone")
        labels = {
            "wants_in_app": _("In the app: in the list, with the number of unread ones beside it"),
            "wants_email": _("By e-mail"),
            "email_pace": _("When the mail comes"),
            "digest_hour": _("Hour of the digest"),
            "only_weekdays": _("The digest comes from Monday to Friday only"),
            "time_zone": _("Time zone"),
        }

    email_pace = forms.ChoiceField(
        label=_("When the mail comes"),
        required=False,
        choices=[("", _("As the workspace's routes say")), *AlertPace.choices],
    )
    digest_hour = forms.TypedChoiceField(
        label=_("Hour of the digest"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usual = _("The workspace's: %(zone)s") % {"zone": workspace.time_zone}
        zones = [("", usual), *((zone, zone) for zone in sorted(available_timezones()))]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]  # the types know the base field only


class RouteForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    kinds = forms.MultipleChoiceField(
        label=_("Which alerts"),
        required=False,
        choices=AlertKind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all."),
    )
    bands = forms.MultipleChoiceField(
        label=_("Customers now in the band"),
        required=False,
        choices=_BANDS,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: any."),
    )
    segment: forms.ModelChoiceField[SavedSegment] = forms.ModelChoiceField(
        label=_("Customers of the segment"),
        required=False,
        queryset=SavedSegment.objects.none(),
        empty_label=_("All customers"),
    )
    least_arr = forms.DecimalField(label=_("With an ARR of at least"), required=False, min_value=0, max_digits=14)
    roles = forms.MultipleChoiceField(
        label=_("To whom in the account team"),
        choices=TeamRole.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[TeamRole.CSM],
        help_text=_("Where nobody holds the place, the managers of customer success hear of it."),
    )
    channels = forms.MultipleChoiceField(
        label=_("How"),
        choices=AlertChannel.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[AlertChannel.IN_APP, AlertChannel.EMAIL],
    )
    slack: forms.ModelChoiceField[SlackHook] = forms.ModelChoiceField(
        label=_("Hook of Slack"), required=False, queryset=SlackHook.objects.none(), empty_label=_("None")
    )
    pace = forms.ChoiceField(label=_("When"), choices=AlertPace.choices, initial=AlertPace.DIGEST)

    def __init__(self, *args: Any, member: Membership, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        readable = SavedSegment.objects.filter(Q(owner=member) | Q(is_shared=True)).order_by("name", "pk")
        self.fields["segment"].queryset = readable  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["slack"].queryset = SlackHook.objects.order_by("name")  # type: ignore[attr-defined]  # the types know the base field only
        self.fields["least_arr"].help_text = currency
        self._unit = 1 / formats.minor_to_decimal(1, currency)

    def clean_least_arr(self) -> int | None:
        """In minor units."""
        told = self.cleaned_data["least_arr"]
        if told is None:
            return None
        minor = told * self._unit
        if minor != int(minor) or minor > 2**62:
            raise ValidationError(_("Expected an amount without parts of the smallest coin."))
        return int(minor)


class HookForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("The channel's, say."))
    url = forms.CharField(
        label=_("Address of the incoming webhook"),
        max_length=2000,
        help_text=_("From Slack's page “Incoming Webhooks”. It is kept encrypted and not shown again."),
    )
