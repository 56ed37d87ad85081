"""Surveys and what is asked. Text a respondent reads is per language: ``{"en": …, "fr": …, "de": …}``."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from csplatform.core.tenancy import TenantModel

OTHER = 0
"""The number that stands for "other, in one's own words" where ballots hold option numbers."""


class Kind(models.TextChoices):
    TOP3 = "top3", _("Top 3 challenges")
    NPS = "nps", _("NPS")
    CSAT = "csat", _("CSAT")
    CES = "ces", _("CES")
    FORM = "form", _("Questionnaire")


class State(models.TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", pgettext_lazy("survey state", "Open")
    CLOSED = "closed", _("Closed")
    PUBLISHED = "published", _("Published")


class Audience(models.TextChoices):
    COMMUNITY = "community", _("Everyone with the link")
    CUSTOMERS = "customers", _("Our own customers")


class Checks(models.TextChoices):
    STANDARD = "standard", _("Proof of work, rate limit and timing")
    OFF = "off", _("None")


class Survey(TenantModel):
    """One edition. Waves of the same survey share ``series``; ``wave`` names this one ("2026").

    ``method`` is what the results will be counted with, fixed when the survey opens; ``seed`` makes every resampling of
    its results repeatable. ``results_on`` is the day respondents are promised the results for.
    """

    kind = models.CharField(max_length=4, choices=Kind.choices)
    slug = models.CharField(max_length=60, validators=[RegexValidator(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")])
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    audience = models.CharField(max_length=9, choices=Audience.choices, default=Audience.COMMUNITY)
    checks = models.CharField(max_length=8, choices=Checks.choices, default=Checks.STANDARD)
    confirm_by_email = models.BooleanField(
        default=False, help_text=_("Answers count once a mailed link was confirmed; one for each address.")
    )
    languages = ArrayField(models.CharField(max_length=5), default=list)
    title: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    intro: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    question: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    thanks: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    purpose: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    hosts: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list, blank=True)
    series = models.CharField(max_length=60, blank=True, default="")
    wave = models.CharField(max_length=40, blank=True, default="")
    allow_other = models.BooleanField(default=True)
    is_listed = models.BooleanField(default=True, help_text=_("Named in the public list of editions."))
    publish_rows = models.BooleanField(default=True, help_text=_("Anonymised answers are published with the results."))
    licence = models.CharField(max_length=60, default="CC BY 4.0")
    retention_days = models.PositiveIntegerField(
        default=730, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    publishes_at = models.DateTimeField(null=True, blank=True)
    results_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    method: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True, editable=False
    )
    seed = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="survey_slug_once")]
        indexes = [
            models.Index(fields=["workspace", "created_at", "id"], name="survey_newest"),
            models.Index(fields=["workspace", "series", "opened_at"], name="survey_wave"),
        ]

    def __str__(self) -> str:
        return self.text("title", "en") or self.slug

    def text(self, field: str, language: str) -> str:
        """``field`` in ``language``; where that is missing, in the survey's first language that has it."""
        return pick(getattr(self, field), language, self.languages)


def pick(texts: dict[str, str], language: str, languages: list[str]) -> str:
    """The text in ``language``, else in the first of ``languages`` that has one, else any, else empty."""
    for candidate in (language, *languages, *texts):
        if texts.get(candidate):
            return texts[candidate]
    return ""


class PublicSlug(models.Model):
    """Which workspace a public address belongs to: read before any workspace is known, hence no row policy.

    ``listing``: what the public list of editions shows, kept by a trigger on the survey; null for what is not listed.
    """

    slug = models.CharField(max_length=60, primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    survey_id = models.UUIDField(unique=True)
    listing: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, blank=True, default=None
    )

    class Meta:
        indexes = [models.Index(fields=["slug"], name="survey_listed", condition=models.Q(listing__isnull=False))]


class Option(TenantModel):
    """A challenge one may choose. ``number`` (from 1) is what ballots store; it is never given to another option.

    ``retired_at``: no longer offered since then; ballots that name it keep it.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="options", db_index=False)
    number = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    key = models.SlugField(max_length=60)
    label: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    help: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "key"], name="survey_option_key_once"),
            models.UniqueConstraint(fields=["survey", "number"], name="survey_option_number_once"),
            models.CheckConstraint(name="survey_option_numbered_from_1", condition=models.Q(number__gte=1)),
        ]


class QuestionKind(models.TextChoices):
    SINGLE = "single", _("One of several")
    MULTIPLE = "multiple", _("Several of several")
    SCALE = "scale", _("Scale")
    TEXT = "text", _("Free text")
    RANKING = "ranking", _("Ranking")


class Question(TenantModel):
    """A further question. ``is_segment``: its answers (of one of several) divide the respondents in the results.

    ``choices``: ``[{"key": …, "label": {lang: …}}]`` in order; a scale has its two ends, their figures and words, in
    ``scale``: ``{"min": 1, "max": 5, "min_label": {lang: …}, "max_label": {lang: …}}``.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions", db_index=False)
    key = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=QuestionKind.choices, default=QuestionKind.SINGLE)
    label: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    help: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    choices: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    scale: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    is_segment = models.BooleanField(default=False)
    is_required = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "key"], name="survey_question_key_once")]
