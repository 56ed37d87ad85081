"""Outages of the sender, as they were found out: what scores of any day leave out follows from these rows."""

from __future__ import annotations

from django.db import models

from csplatform.core.tenancy import TenantModel


class SenderOutage(TenantModel):
    """From ``first_day`` to ``last_day`` (null: it lasts) hardly any event came from anybody.

    ``usual``: customers heard on an ordinary day before it, in the sample that was looked at. ``known_at``: the end of
    the day by which it could be told. Rows are changed twice at most: ``ended_at`` says when its end was found out,
    ``withdrawn_at`` when data that came late showed that there had been no outage.
    """

    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    usual = models.FloatField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                name="outage_lasting_once",
                condition=models.Q(last_day__isnull=True, withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["workspace", "first_day"],
                name="outage_once",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day or 'now'}"
