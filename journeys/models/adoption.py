"""Adoption: the rules a workspace sets, where each person stands and stood, and what is planned for a customer.

States are computed from product events by ``journeys.adoption``; nobody types them. Days are UTC dates.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from csplatform.core.tenancy import TenantModel
from journeys.models.plan import Win


class AdoptionRules(TenantModel):
    """What counts as activated, habitual and lapsed from ``effective_on`` on. Append-only; the definition is that of
    ``journeys.adoption.rules``. Days before stay as they were under the rules of then."""

    number = models.PositiveIntegerField()
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    effective_on = models.DateField()
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)

    class Meta:
        ordering = ("number",)
        verbose_name_plural = "adoption rules"
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="adoption_rules_once")]

    def __str__(self) -> str:
        return str(self.number)


class PeopleShown(models.TextChoices):
    NAME = "name", _("By name")
    PSEUDONYM = "pseudonym", _("Under a pseudonym")
    AGGREGATE = "aggregate", _("In aggregate only")


class AdoptionDisplay(TenantModel):
    """Under which name a workspace shows people beside their adoption. ``secret``: what pseudonyms are made with."""

    people = models.CharField(max_length=9, choices=PeopleShown.choices, default=PeopleShown.NAME)
    secret = models.BinaryField()
    changed_at = models.DateTimeField()
    changed_by_label = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="adoption_display_once")]

    def __str__(self) -> str:
        return self.get_people_display()


class PersonState(models.TextChoices):
    INVITED = "invited", _("Invited")
    FIRST_USE = "first_use", _("First use")
    ACTIVATED = "activated", _("Activated")
    HABITUAL = "habitual", _("Habitual")
    LAPSED = "lapsed", _("Lapsed")


class AdoptionState(TenantModel):
    """Where a person stands now. ``due_on``: the day on which silence alone changes that, empty where it does not.

    Kept by the computation over events; people without an invitation and without any use have no row.
    """

    contact = models.OneToOneField("accounts.Contact", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=9, choices=PersonState.choices)
    since = models.DateField()
    invited_on = models.DateField(null=True, blank=True)
    first_use_on = models.DateField(null=True, blank=True)
    activated_on = models.DateField(null=True, blank=True)
    last_use_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "customer", "state", "id"], name="adoption_of_customer"),
            models.Index(fields=["workspace", "due_on"], name="adoption_due", condition=models.Q(due_on__isnull=False)),
        ]


class AdoptionChange(TenantModel):
    """A person came into ``state`` on a day; ``before`` is empty for the first one. At most one a day and person.

    ``known_on``: the day on which that could first be known, empty where it is the day itself. What late use or other
    rules have put right is a change no more, and stays as an ``AdoptionVersion``.
    """

    contact = models.ForeignKey("accounts.Contact", on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    state = models.CharField(max_length=9, choices=PersonState.choices)
    before = models.CharField(max_length=9, choices=PersonState.choices, blank=True, default="")
    known_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "day"], name="adoption_change_once")]
        indexes = [models.Index(fields=["workspace", "customer", "day"], name="adoption_change_of_customer")]


class AdoptionVersion(models.Model):
    """A change of state that was known from ``known_on`` until the day before ``known_until``, and is none any more.

    Past scores rest on them: they outlive the contact, as an id that names nobody. ``closed_at``: when it was put
    right; what was computed before still held it true.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    contact_id = models.UUIDField()
    customer_id = models.UUIDField()
    day = models.DateField()
    state = models.CharField(max_length=9, choices=PersonState.choices)
    known_on = models.DateField()
    known_until = models.DateField()
    recorded_at = models.DateTimeField()
    closed_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [models.Index(fields=["workspace", "customer_id", "day"], name="adoption_version_of_customer")]


class AdoptionCount(TenantModel):
    """How many people of a customer stand where: what lists filter by and stages ask for. Kept with the states.

    ``habit_percent`` and ``work_percent`` (activated or habitual): hundredths of a percent of ``people``.
    """

    customer = models.OneToOneField("accounts.Customer", on_delete=models.CASCADE, related_name="adoption")
    people = models.PositiveIntegerField()
    invited = models.PositiveIntegerField()
    first_use = models.PositiveIntegerField()
    activated = models.PositiveIntegerField()
    habitual = models.PositiveIntegerField()
    lapsed = models.PositiveIntegerField()
    habit_percent = models.PositiveIntegerField()
    work_percent = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "habit_percent", "customer"], name="adoption_by_habit")]


class AdoptionPlan(TenantModel):
    """The share of people in habit a customer is to reach, from a baseline on. Append-only: the newest is in force.

    ``targets``: ``[{"on": "2026-12-31", "percent": 60}]``, days rising.
    """

    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="adoption_plans", db_index=False
    )
    number = models.PositiveIntegerField()
    baseline_on = models.DateField()
    baseline_percent = models.PositiveSmallIntegerField()
    targets: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField()
    reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    actor_label = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "number"], name="adoption_plan_once")]

    def __str__(self) -> str:
        return str(self.number)


class StepHeight(models.TextChoices):
    LOW = "low", _("Low step")
    MEDIUM = "medium", _("Medium step")
    HIGH = "high", _("High step")


class AdoptionGroup(TenantModel):
    """How big the change is for some of a customer's people: those whose title or role is ``name``."""

    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="adoption_groups", db_index=False
    )
    name = models.CharField(max_length=200)
    step = models.CharField(max_length=6, choices=StepHeight.choices)
    words = models.CharField(max_length=500, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="adoption_group_once")]

    def __str__(self) -> str:
        return self.name


class IndicatorKind(models.TextChoices):
    SHARE = "share", _("Share of people")
    EVENTS = "events", _("Number of events")


class AdoptionIndicator(TenantModel):
    """What shows that a customer has come to live with the product: defined, then reached by itself, then celebrated.

    share: at least ``threshold`` percent of the people are in ``state`` or beyond it (habitual is beyond activated).
    events: at least ``threshold`` events of the name ``event``. Reaching it is for good and recorded as a win.
    """

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.CASCADE, related_name="adoption_indicators", db_index=False
    )
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=IndicatorKind.choices)
    state = models.CharField(max_length=9, choices=PersonState.choices, blank=True, default="")
    event = models.CharField(max_length=200, blank=True, default="")
    threshold = models.PositiveIntegerField()
    measured = models.PositiveIntegerField(default=0)
    defined_at = models.DateTimeField()
    defined_by_label = models.CharField(max_length=200)
    reached_on = models.DateField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True)
    win = models.ForeignKey(Win, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="adoption_indicator_external_id_once")
        ]
        indexes = [models.Index(fields=["workspace", "customer", "id"], name="adoption_indicator_of_customer")]

    def __str__(self) -> str:
        return self.title
