"""When a workspace works: working days for due dates, as data."""

from __future__ import annotations

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models

from csplatform.core.tenancy import TenantModel


def _weekend() -> list[int]:
    return [5, 6]


class WorkCalendar(TenantModel):
    """The hours and the weekend of a workspace; without a row the defaults hold. ``weekend``: days off, Monday is 0."""

    weekend = ArrayField(models.PositiveSmallIntegerField(), default=_weekend, blank=True)
    opens = models.TimeField(default=time(9))
    closes = models.TimeField(default=time(17))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="work_calendar_once")]


class Holiday(TenantModel):
    """A day off for everybody."""

    day = models.DateField()
    name = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="holiday_once")]
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day} {self.name}".rstrip()
