"""Saved segments: a named filter over customers, kept as the query its address holds."""

from __future__ import annotations

from django.db import models

from csplatform.core.tenancy import TenantModel


class SavedSegment(TenantModel):
    name = models.CharField(max_length=120)
    query = models.CharField(max_length=2000, help_text="The list's query string, without the leading question mark.")
    owner = models.ForeignKey("accounts.Membership", null=True, on_delete=models.SET_NULL, related_name="+")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "owner", "name"], name="segment_name_once")]

    def __str__(self) -> str:
        return self.name
