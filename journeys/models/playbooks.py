"""Playbooks: what is to happen by itself when something happens or a time comes, and every run of one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from csplatform.core.tenancy import TenantModel


class PlaybookState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    RETIRED = "retired", _("Retired")


class PausedBecause(models.TextChoices):
    BY_HAND = "by_hand", _("Paused by hand")
    TOO_MANY_RUNS = "too_many_runs", _("Too many runs in an hour")
    TOO_MANY_TASKS = "too_many_tasks", _("Too many tasks at once")


class Playbook(TenantModel):
    """A playbook; what it does stands in its versions. ``owner`` is told when it pauses itself.

    ``trigger_event`` and ``next_slot_at`` repeat what the present version says, for those who look for what to start:
    an event's name ("" for a schedule), and when the schedule comes round next. What happened before ``listens_from``,
    when it was activated or resumed by hand, starts nothing, however late it is delivered. ``counted_from``: runs
    before it do not count towards the hourly limit any more (somebody looked and resumed). While ``holds_back``
    (paused by itself) triggers are still taken as runs, which wait; paused by hand it takes none.
    """

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=8, choices=PlaybookState.choices, default=PlaybookState.DRAFT)
    paused_because = models.CharField(max_length=16, choices=PausedBecause.choices, blank=True, default="")
    paused_note = models.CharField(max_length=500, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    listens_from = models.DateTimeField(null=True, blank=True)
    counted_from = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    present = models.ForeignKey("PlaybookVersion", null=True, on_delete=models.PROTECT, related_name="+")
    trigger_event = models.CharField(max_length=100, blank=True, default="")
    next_slot_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by_label = models.CharField(max_length=200)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="playbook_name_once")]
        indexes = [models.Index(fields=["workspace", "trigger_event"], name="playbook_of_event")]

    def __str__(self) -> str:
        return self.name

    @property
    def says(self) -> PlaybookVersion:
        """Its present version; there is one from its making on."""
        assert self.present is not None
        return self.present

    @property
    def holds_back(self) -> bool:
        return self.state == PlaybookState.PAUSED and self.paused_because != PausedBecause.BY_HAND


class PlaybookVersion(TenantModel):
    """What a playbook said from a moment on. Never changed: a run keeps the version it began with."""

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    created_at = models.DateTimeField()
    created_by_label = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["playbook", "number"], name="playbook_version_once")]


class RunState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Stopped by a fault")
    CANCELLED = "cancelled", _("Cancelled")
    SKIPPED = "skipped", _("Not begun")


class PlaybookRun(TenantModel):
    """One customer's way through a playbook. ``trigger_key`` names what started it: the same starts it once, ever.

    ``step``: how many steps lie behind. ``due_at``: when the next may be taken. ``chain``: the playbooks whose runs
    led to the event that started this one, the nearest last. ``attempts``: of the present step, after faults.
    """

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="runs", db_index=False)
    of_version = models.ForeignKey(PlaybookVersion, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="playbook_runs", db_index=False
    )
    trigger_key = models.CharField(max_length=120)
    trigger = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    chain = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    step = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["playbook", "trigger_key"], name="playbook_run_once")]
        indexes = [
            models.Index(fields=["workspace", "due_at", "id"], name="run_due", condition=Q(state="running")),
            models.Index(fields=["playbook", "-started_at"], name="run_newest"),
            models.Index(fields=["workspace", "customer", "playbook", "-started_at"], name="run_of_customer"),
        ]


class StepState(models.TextChoices):
    DONE = "done", _("Done")
    PASSED = "passed", _("Left out")
    FAILED = "failed", _("Failed")


class RunStep(TenantModel):
    """What a step of a run did. ``made`` holds ids: of the task, the move, the handover, the delivery."""

    run = models.ForeignKey(PlaybookRun, on_delete=models.CASCADE, related_name="steps", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=8, choices=StepState.choices)
    made = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="run_step_once")]
