"""Imports: the file, its mapping, the job that reads it, and what became of every row."""

from __future__ import annotations

from django.db import models
from django_scopes import ScopedManager

from csplatform.core.models import Job
from csplatform.core.tenancy import TenantModel


class ImportRun(TenantModel):
    """One file on its way in, from upload through mapping and preview to its result, which stays.

    ``resume_at``: positions committed so far over all passes; a killed worker's successor goes on from there.
    ``survey``: what one look over the whole file found (``accounts.imports.survey``). ``mapping``: as in
    ``accounts.imports.mapping``. The files are kept for 30 days.
    """

    kind = models.CharField(max_length=30)
    file = models.FileField(upload_to="imports/%Y/%m/", max_length=300, blank=True)
    original_name = models.CharField(max_length=300)
    format = models.CharField(max_length=10)
    mapping = models.JSONField(default=dict)
    survey = models.JSONField(default=dict)
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


class ImportReject(models.Model):
    """A refused row of a run still going, written in the transaction of its chunk; at the end it goes into the file."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    reason = models.TextField()
    cells = models.JSONField()

    objects = ScopedManager(workspace="workspace_id")
