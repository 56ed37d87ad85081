"""Answers, and what is kept beside them but apart."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from csplatform.core.tenancy import TenantModel
from surveys.models.surveys import Option, Survey


class Status(models.TextChoices):
    COUNTED = "counted", _("Counted")
    FLAGGED = "flagged", _("Flagged, counted")
    REMOVED = "removed", _("Removed")
    WAITING = "waiting", _("Not confirmed, not counted")


COUNTING = (Status.COUNTED, Status.FLAGGED)
"""The statuses of answers that count."""


class Channel(models.TextChoices):
    LINK = "link", _("Link")
    EMBED = "embed", _("Embedded")
    MAIL = "mail", _("Mail")
    API = "api", _("REST")


class RemovalReason(models.TextChoices):
    """Why hosts remove an answer; the public log says it in the reader's language."""

    AUTOMATED = "automated", _("sent by a program")
    DUPLICATE = "duplicate", _("one person more than once")
    NOT_SERIOUS = "not_serious", _("not meant seriously")
    OUTSIDE = "outside", _("not one of those asked")
    TRIAL = "trial", _("a trial by the hosts")
    PERSONAL = "personal", _("names a person")


def reason_word(code: str) -> str:
    """Why an answer was removed, in words; a reason of another origin as it was told."""
    return str(RemovalReason(code).label) if code in RemovalReason.values else code


class Response(TenantModel):
    """One person's answer. A flagged one counts until a host removes it; a test answer never counts; one that waits for
    its author to confirm an address does not count yet.

    ``choices``: one to three option numbers, the biggest first, 0 for "other"; ``shown_order``: option numbers in the
    order this person saw. ``segments``: question key → choice key; ``answers``: the other questions'. ``score``: the
    figure of NPS (0–10), CSAT (1–5) and CES (1–7). ``receipt_hash`` is of the code only the respondent has.
    ``other_option``: the option a host has merged the own words into; ``sender_hash``: a keyed hash of the address,
    gone a week after closing. ``restored_at``: when a host last put a removed answer back.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="responses", db_index=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.COUNTED)
    is_test = models.BooleanField(default=False)
    choices = ArrayField(models.PositiveSmallIntegerField(), default=list)
    shown_order = ArrayField(models.PositiveSmallIntegerField(), default=list)
    other_text = models.CharField(max_length=500, blank=True, default="")
    may_quote = models.BooleanField(default=False)
    other_option = models.ForeignKey(Option, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    segments: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    answers: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    language = models.CharField(max_length=5, default="en")
    channel = models.CharField(max_length=5, choices=Channel.choices, default=Channel.LINK)
    flags = ArrayField(models.CharField(max_length=20), default=list)
    customer = models.ForeignKey(
        "accounts.Customer", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    contact = models.ForeignKey(
        "accounts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    submission_key = models.CharField(max_length=64)
    receipt_hash = models.CharField(max_length=64)
    sender_hash = models.CharField(max_length=64, blank=True, default="")
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removal_reason = models.CharField(max_length=40, blank=True, default="")
    restored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "submission_key"], name="survey_submission_once"),
            models.UniqueConstraint(fields=["survey", "receipt_hash"], name="survey_receipt_once"),
            models.CheckConstraint(
                name="survey_removal_is_dated_and_reasoned",
                condition=models.Q(status="removed", removed_at__isnull=False) & ~models.Q(removal_reason="")
                | ~models.Q(status="removed") & models.Q(removed_at__isnull=True, removal_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "survey", "occurred_at", "id"], name="survey_answer_newest"),
            models.Index(
                fields=["workspace", "customer", "occurred_at"],
                name="survey_answer_of_customer",
                condition=models.Q(customer__isnull=False),
            ),
            models.Index(
                fields=["workspace", "contact", "occurred_at"],
                name="survey_answer_of_contact",
                condition=models.Q(contact__isnull=False),
            ),
        ]


class ScoreVersion(models.Model):
    """What was known of a customer's score (NPS, CSAT, CES), from when: written by a trigger, so no path can forget it.

    ``score`` is null while a host has removed the answer. ``person``: the contact, also after the contact is gone, or
    the answer itself where nobody is named; ``occurred_at``: when the answer was given, also if it was changed since.
    Versions are never changed; they go with the answer that is erased or expired, and with the customer.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="score_versions")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.UUIDField()
    kind = models.CharField(max_length=4)
    score = models.PositiveSmallIntegerField(null=True)
    occurred_at = models.DateTimeField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "customer", "kind", "occurred_at"], name="survey_score_of_customer"),
        ]


class AnswerConfirmation(TenantModel):
    """An address an answer was given with, in a survey that asks to confirm it: as a keyed hash, one answer for each.

    ``email``: blank from the moment its mail has left. Deleted a week after asking unless confirmed, and a week after
    the survey closed in any case.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="answer_confirmations", db_index=False)
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="confirmations")
    email = models.EmailField(blank=True)
    address_hash = models.CharField(max_length=64)
    language = models.CharField(max_length=5, default="en")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "address_hash"],
                name="survey_one_answer_an_address",
                condition=models.Q(confirmed_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["survey", "address_hash"], name="survey_answer_address"),
            models.Index(fields=["workspace"], name="survey_answer_to_mail", condition=~models.Q(email="")),
        ]


class Removal(TenantModel):
    """A line of the public log: how many answers were removed, or put back (negative), when and why; none is named."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="removals", db_index=False)
    at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    count = models.IntegerField()
    by_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "survey", "at"], name="survey_removal_log")]


class Erasure(TenantModel):
    """That an answer was erased by its author, and on which day: the answer itself is gone."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="erasures", db_index=False)
    on = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "survey", "on"], name="survey_erasure_log")]


class OptIn(models.Model):
    """An address and what it may be used for, apart from the answer: random id and a day only, so that neither order
    nor time tells whose answer it was. ``challenge`` (an option number) is kept only with ``wants_peers``.

    ``confirmed_on``: when the mailbox's owner last confirmed a wish; None where it was given before confirming was
    asked for, which stays valid.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="opt_ins", db_index=False)
    email = models.EmailField()
    language = models.CharField(max_length=5, default="en")
    wants_results = models.BooleanField(default=False)
    wants_next = models.BooleanField(default=False)
    wants_peers = models.BooleanField(default=False)
    challenge = models.PositiveSmallIntegerField(null=True, blank=True)
    given_on = models.DateField()
    confirmed_on = models.DateField(null=True, blank=True)
    results_sent_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "email"], name="survey_opt_in_once")]


class RequestState(models.TextChoices):
    WAITING = "waiting", _("To be mailed")
    MAILED = "mailed", _("Mailed")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Not asked for by the owner")


class OptInRequest(models.Model):
    """Wishes somebody typed an address for, without effect until the mailbox's owner confirms them.

    As apart from the answer as ``OptIn``, into which a confirmed one is merged; address and wishes are blank from then
    on. It is never changed otherwise, so that what is confirmed is what was shown. Deleted a week after ``asked_on``.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="opt_in_requests", db_index=False)
    state = models.CharField(max_length=9, choices=RequestState.choices, default=RequestState.WAITING)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, default="en")
    wants_results = models.BooleanField(default=False)
    wants_next = models.BooleanField(default=False)
    wants_peers = models.BooleanField(default=False)
    challenge = models.PositiveSmallIntegerField(null=True, blank=True)
    asked_on = models.DateField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "email"], name="survey_request_of_address"),
            models.Index(fields=["workspace", "asked_on"], name="survey_request_age"),
            models.Index(fields=["workspace"], name="survey_request_to_mail", condition=models.Q(state="waiting")),
            models.Index(fields=["survey"], name="survey_request_of_survey"),
        ]


class Introduction(TenantModel):
    """A host brings together people with the same challenge; each must agree before anybody gets an address."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="introductions", db_index=False)
    challenge = models.PositiveSmallIntegerField()
    note = models.TextField(blank=True, default="")
    by_label = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)


class Consent(models.TextChoices):
    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed")
    DECLINED = "declined", _("Declined")


class IntroductionGuest(TenantModel):
    introduction = models.ForeignKey(Introduction, on_delete=models.CASCADE, related_name="guests")
    opt_in = models.ForeignKey(OptIn, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64)
    consent = models.CharField(max_length=8, choices=Consent.choices, default=Consent.ASKED)
    mailed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["introduction", "opt_in"], name="survey_guest_once"),
            models.UniqueConstraint(fields=["workspace", "token_hash"], name="survey_guest_token_once"),
        ]


class Theme(TenantModel):
    """What several people said in their own words."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="themes", db_index=False)
    label: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()


class Coding(TenantModel):
    """That an own-words answer belongs to a theme. One text may hold several."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="codings")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="codings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "theme"], name="survey_coding_once")]


class CodingStep(TenantModel):
    """A line of the coding ledger: what a host did with how many texts, its effect on ranks, and whether it was undone.

    ``before``: what each text was coded as, by response id, so that the step can be undone; ``effect``: places of
    options that changed, ``[{"option", "from", "to"}]``.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="coding_steps", db_index=False)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    theme = models.ForeignKey(Theme, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    option = models.ForeignKey(Option, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    count = models.PositiveIntegerField()
    before: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    effect: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "survey", "at"], name="survey_coding_ledger")]
