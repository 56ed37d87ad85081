"""Measures and scorecards as data. What was published is never rewritten."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from csplatform.core.tenancy import TenantModel


class Measure(TenantModel):
    """One thing looked at. ``definition`` is validated by ``health.measures.parse``; ``label`` is per language."""

    key = models.SlugField(max_length=60)
    label = models.JSONField()
    unit = models.CharField(max_length=40, blank=True, default="")
    definition = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="measure_key_once")]

    def __str__(self) -> str:
        return self.key


class Scorecard(TenantModel):
    """How measures become a score. The published versions hold the content.

    For whom: customers at a stage of ``macros`` (empty: any) who are in the saved segment ``segment_id`` (null: all).
    Of several the first by ``position`` counts; the default one is for everybody else. A segment that was deleted
    holds nobody, and a card that was retired is nobody's. ``version`` counts changes of name and rule, not of content.
    """

    name = models.CharField(max_length=120)
    is_default = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    macros = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    segment_id = models.UUIDField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], name="scorecard_default_once", condition=models.Q(is_default=True)
            )
        ]

    def __str__(self) -> str:
        return self.name


class ScorecardVersion(TenantModel):
    """Immutable once published: measures with their definitions of then, weights, curves, bands."""

    scorecard = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    published_at = models.DateTimeField()
    published_by_label = models.CharField(max_length=200)
    why = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scorecard", "version"], name="scorecard_version_once")]


class CardAssignment(TenantModel):
    """From ``known_at`` on the customer is scored by ``scorecard``, until the next row of its; before the first, by the
    default one.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="+", db_index=False)
    known_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "customer", "known_at"], name="card_of_customer")]


class ScorecardDraft(TenantModel):
    """What the next version of a scorecard may come to say; it scores nobody.

    ``content``: as told to ``health.services.definitions.Draft`` (measures by key, without their definitions). It may
    say what could not be published yet. ``based_on``: the version it was begun from, null where there was none.
    ``version`` counts its saves.
    """

    scorecard = models.OneToOneField(Scorecard, on_delete=models.CASCADE, related_name="draft")
    content = models.JSONField()
    based_on = models.PositiveIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by_label = models.CharField(max_length=200)
