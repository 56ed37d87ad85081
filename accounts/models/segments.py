"""Saved segments: a named filter over customers, in the language of ``accounts.segments``."""

from __future__ import annotations

from typing import Any

from django.db import models

from csplatform.core.tenancy import TenantModel


class SavedSegment(TenantModel):
    """``definition``: the filter in canonical form. ``sort``: how its list is ordered; empty: as usual."""

    name = models.CharField(max_length=120)
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    sort = models.CharField(max_length=20, blank=True, default="")
    owner = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "owner", "name"], name="segment_name_once")]

    def __str__(self) -> str:
        return self.name
