"""Asking by mail: who was asked, when, by which link, and who must not be asked."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel
from surveys.models.surveys import Survey


class Dispatch(TenantModel):
    """One sending of a survey to a group of people. ``query`` is the customer list's filter it was addressed to."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="dispatches", db_index=False)
    query = models.CharField(max_length=2000, blank=True, default="")
    roles = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    remind_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    by_label = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")


class SendState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    ANSWERED = "answered", _("Answered")
    BOUNCED = "bounced", _("Bounced")
    HELD_BACK = "held_back", _("Held back")
    FAILED = "failed", _("Failed")


class SurveyInvitation(TenantModel):
    """A personal link, mailed. ``reason`` says why it was held back or failed. Only the token's hash is kept."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    dispatch = models.ForeignKey(Dispatch, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitations")
    contact = models.ForeignKey(
        "accounts.Contact", null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    customer = models.ForeignKey(
        "accounts.Customer", null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    email = models.EmailField()
    language = models.CharField(max_length=5, default="en")
    token_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=SendState.choices, default=SendState.WAITING)
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "token_hash"], name="survey_invitation_token_once"),
            models.UniqueConstraint(fields=["survey", "email"], name="survey_invited_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "due_at"], name="survey_mail_due", condition=models.Q(state="waiting")),
            models.Index(
                fields=["workspace", "remind_at"],
                name="survey_reminder_due",
                condition=models.Q(state="sent", remind_at__isnull=False),
            ),
            models.Index(
                fields=["workspace", "contact", "sent_at"],
                name="survey_asked_contact",
                condition=models.Q(contact__isnull=False),
            ),
        ]


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    BOUNCED = "bounced", _("Bounced")
    DO_NOT_CONTACT = "do_not_contact", _("Do not contact")


class Suppression(TenantModel):
    """An address that gets no survey mail of this workspace any more."""

    email = models.EmailField()
    reason = models.CharField(max_length=14, choices=SuppressionReason.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "email"], name="survey_suppressed_once")]
