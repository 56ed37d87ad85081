"""Alerts: what happened to a customer that somebody should hear of, who hears of it where, and what is muted."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.customers import HealthBand, TeamRole
from csplatform.core.tenancy import TenantModel


class AlertKind(models.TextChoices):
    BAND_FELL = "band_fell", _("Band fell")
    RISK_ROSE = "risk_rose", _("Churn risk rose")
    WENT_SILENT = "went_silent", _("Sudden silence")
    COVERAGE_LOST = "coverage_lost", _("Coverage lost")


class AlertState(models.TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("In hand")
    MUTED = "muted", _("Muted")
    RESOLVED = "resolved", _("Over")


class AlertChannel(models.TextChoices):
    IN_APP = "in_app", _("In the app")
    EMAIL = "email", _("E-mail")
    SLACK = "slack", _("Slack")


class AlertPace(models.TextChoices):
    AT_ONCE = "at_once", _("At once")
    DIGEST = "digest", _("In the daily digest")


class AlertMute(TenantModel):
    """Alerts of a kind nobody wants to hear of until a day: of one customer, or (null) of all. Undone, not deleted."""

    customer = models.ForeignKey(
        "accounts.Customer", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=14, choices=AlertKind.choices)
    reason = models.CharField(max_length=500)
    until = models.DateField(help_text=_("The first day on which alerts are heard again."))
    made_at = models.DateTimeField()
    made_by_label = models.CharField(max_length=200)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "kind", "customer"], name="alert_mute_live", condition=Q(undone_at=None))
        ]


class Alert(TenantModel):
    """One episode of one kind at one customer. The database holds at most one that is not over.

    ``level`` grows with the gravity inside an episode (``health.alerts.rules``); ``round`` counts how often it was
    told anew because it grew. ``details``: the figures of the kind, never a person. ``arr_minor``: at stake when
    it began. ``over_at``: when it was over by itself. ``routed_round``: the last round whose deliveries were written.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=14, choices=AlertKind.choices)
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    level = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=1)
    routed_round = models.PositiveSmallIntegerField(default=0)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    arr_minor = models.BigIntegerField(default=0)
    began_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_label = models.CharField(max_length=200, blank=True, default="")
    mute = models.ForeignKey(AlertMute, null=True, on_delete=models.SET_NULL, related_name="alerts")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "customer", "kind"], name="alert_episode_once", condition=~Q(state="resolved")
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "state", "began_at", "id"], name="alert_by_time"),
            models.Index(fields=["customer", "kind", "-over_at"], name="alert_of_customer"),
            models.Index(
                fields=["workspace", "id"],
                name="alert_to_route",
                condition=Q(state="open", routed_round__lt=models.F("round")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.customer_id}"


class SlackHook(TenantModel):
    """An incoming webhook of Slack. ``url_secret``: its address, encrypted, because who has it may post.

    ``failing_since``: nothing has arrived since; ``is_enabled`` falls when Slack says that the hook is gone.
    """

    name = models.CharField(max_length=120)
    url_secret = models.TextField(editable=False)
    hint = models.CharField(max_length=20, editable=False)
    is_enabled = models.BooleanField(default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_status = models.PositiveSmallIntegerField(null=True, editable=False)
    last_error = models.CharField(max_length=20, blank=True, default="", editable=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="slack_hook_name_once")]

    def __str__(self) -> str:
        return self.name


class AlertRoute(TenantModel):
    """Which alerts go to whom. Every route that fits takes part; nobody is told twice on one channel.

    Empty lists mean "any". ``definition``: a filter over customers, as saved segments hold it. ``roles``: places in
    the account team; where none of them is taken, the managers of customer success hear of it.
    """

    name = models.CharField(max_length=120)
    kinds = ArrayField(models.CharField(max_length=14, choices=AlertKind.choices), default=list, blank=True)
    bands = ArrayField(models.CharField(max_length=14, choices=HealthBand.choices), default=list, blank=True)
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    least_arr_minor = models.BigIntegerField(null=True, blank=True)
    roles = ArrayField(models.CharField(max_length=12, choices=TeamRole.choices), default=list, blank=True)
    channels = ArrayField(models.CharField(max_length=6, choices=AlertChannel.choices), default=list, blank=True)
    pace = models.CharField(max_length=8, choices=AlertPace.choices, default=AlertPace.DIGEST)
    slack = models.ForeignKey(SlackHook, null=True, blank=True, on_delete=models.SET_NULL, related_name="routes")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="alert_route_name_once")]

    def __str__(self) -> str:
        return self.name


class AlertPreference(TenantModel):
    """How a member hears of alerts. ``email_pace`` empty: as the routes say. ``time_zone`` empty: the workspace's."""

    member = models.OneToOneField("accounts.Membership", on_delete=models.CASCADE, related_name="+")
    wants_in_app = models.BooleanField(default=True)
    wants_email = models.BooleanField(default=True)
    email_pace = models.CharField(max_length=8, choices=AlertPace.choices, blank=True, default="")
    digest_hour = models.PositiveSmallIntegerField(default=8, validators=[MaxValueValidator(23)])
    only_weekdays = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=60, blank=True, default="")


class AlertDelivery(TenantModel):
    """One alert for one receiver on one channel, once per round: a member, or a hook of Slack.

    ``due_at``: when to send; null in the app, where there is nothing to send, and once it is done. ``done_at``: sent,
    read (in the app), or no longer needed. A sender claims by moving ``due_at`` ahead, so that a killed one loses
    nothing.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    round = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=6, choices=AlertChannel.choices)
    member = models.ForeignKey(
        "accounts.Membership", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    slack = models.ForeignKey(SlackHook, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    pace = models.CharField(max_length=8, choices=AlertPace.choices)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "round", "channel", "member"],
                name="alert_delivery_once",
                condition=Q(member__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["alert", "round", "slack"], name="alert_to_slack_once", condition=Q(slack__isnull=False)
            ),
            models.CheckConstraint(
                name="alert_has_a_receiver",
                condition=Q(member__isnull=False, slack=None) | Q(member=None, slack__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "alert"], name="alert_unread", condition=Q(channel="in_app", done_at__isnull=True)
            ),
            models.Index(fields=["workspace", "due_at"], name="alert_due", condition=Q(due_at__isnull=False)),
        ]
