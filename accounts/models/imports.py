"""Imports: the file, its mapping, the job that reads it, and what became of every row."""

from __future__ import annotations

from django.db import models

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel


class ImportRun(TenantModel):
    """One file on its way in, from upload through mapping and preview to its result, which stays."""

    kind = models.CharField(max_length=30)
    file = models.FileField(upload_to="imports/%Y/%m/", max_length=300, blank=True)
    original_name = models.CharField(max_length=300)
    format = models.CharField(max_length=10)
    mapping = models.JSONField(default=dict)
    through = models.DateField(null=True, blank=True)
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="import_run")
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_created = models.PositiveBigIntegerField(default=0)
    rows_updated = models.PositiveBigIntegerField(default=0)
    rows_unchanged = models.PositiveBigIntegerField(default=0)
    rows_rejected = models.PositiveBigIntegerField(default=0)
    resume_at = models.PositiveBigIntegerField(default=0)
    rejects = models.FileField(upload_to="rejects/%Y/%m/", max_length=300, blank=True)
    notes = models.JSONField(default=list)
    created_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="import_newest")]
