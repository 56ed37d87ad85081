"""Published results: immutable versions, and the notes that explain the difference between two of them."""

from __future__ import annotations

from typing import Any

from django.db import models

from csplatform.core.tenancy import TenantModel
from surveys.models.surveys import Survey


class Publication(TenantModel):
    """One version of the results. ``results`` is everything the page and the downloads show, already made private;
    ``rows`` the anonymised answers as CSV, empty when the hosts publish none; ``digest`` the SHA-256 of both.

    ``basis``, never published, says which answers were counted (keyed hashes of answer and ballot, and the groups): by
    it the next version knows how many answers changed. Empty where a version kept earlier figures.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="publications", db_index=False)
    number = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField()
    by_label = models.CharField(max_length=200)
    results: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    rows = models.TextField(blank=True, default="")
    digest = models.CharField(max_length=64)
    basis: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "number"], name="survey_publication_once")]


class Correction(TenantModel):
    """A note to the readers of the results: what was corrected, and with which version."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="corrections", db_index=False)
    at = models.DateTimeField()
    number = models.PositiveSmallIntegerField()
    text: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    by_label = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["workspace", "survey", "at"], name="survey_correction_log")]
