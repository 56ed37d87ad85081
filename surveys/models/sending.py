"""Asking by mail: who was asked, when, by which link, and who must not be asked."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel
from surveys.models.surveys import Survey


class Addressees(models.TextChoices):
    """Whom at a customer a survey goes to."""

    EVERYBODY = "everybody", _("Everybody with an address")
    SPONSORS = "sponsors", _("Sponsors")
    CHAMPIONS = "champions", _("Champions")
    DECIDERS = "deciders", _("Sponsors and champions")


class Dispatch(TenantModel):
    """One sending of a survey to a group of people.

    ``label`` says in words which customers it was addressed to, ``conditions`` in the language of ``accounts.segments``
    (empty: a list of addresses). ``roles``: only contacts with one of these. ``rest_days``: who was mailed
    any survey within so many days is held back. ``counts``: what became of those it was addressed to. ``occasion``: the
    event that made a playbook send it; ``is_personal``: each time only to the person the event was about.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="dispatches", db_index=False)
    label = models.CharField(max_length=200, blank=True, default="")
    conditions: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    addressees = models.CharField(max_length=9, choices=Addressees.choices, default=Addressees.EVERYBODY)
    roles = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    remind_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    rest_days = models.PositiveSmallIntegerField(default=30)
    counts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, blank=True)
    occasion = models.CharField(max_length=100, blank=True, default="")
    is_personal = models.BooleanField(default=False)
    by_label = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["workspace", "survey", "created_at"], name="survey_dispatch_newest")]


class SendState(models.TextChoices):
    """``SENDING``: claimed by a worker, its mail perhaps on the way; it is never mailed from that state again."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    ANSWERED = "answered", _("Answered")
    BOUNCED = "bounced", _("Bounced")
    HELD_BACK = "held_back", _("Held back")
    FAILED = "failed", _("Failed")


class SurveyInvitation(TenantModel):
    """A personal link, mailed. ``reason`` (a ``HeldBack``, or a mail server's words): why it was not, or came back.

    Only the token's hash is kept. ``claimed_at``: when a worker took it to be mailed; ``attempts``: how often a mail
    server that could not take it was asked.
    """

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
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
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
            models.Index(
                fields=["workspace", "email", "sent_at"],
                name="survey_asked_address",
                condition=models.Q(sent_at__isnull=False),
            ),
            models.Index(
                fields=["workspace", "claimed_at"], name="survey_mail_claimed", condition=models.Q(state="sending")
            ),
            models.Index(fields=["workspace", "survey", "state", "id"], name="survey_invited_by_state"),
        ]


class HeldBack(models.TextChoices):
    """Why an invitation is held back."""

    SUPPRESSED = "suppressed", _("wants no survey mail, or the address does not work")
    ASKED_LATELY = "asked_lately", _("was asked not long ago")
    CLOSED = "closed", _("the survey closed before it was mailed")


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
