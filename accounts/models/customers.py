"""Customers (companies), their contacts (people) and the account team (ours)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models.access import Membership
from csplatform.core.tenancy import TenantModel


class ContractState(models.TextChoices):
    NONE = "none", _("Before contract")
    ACTIVE = "active", _("Under contract")
    NOTICE_GIVEN = "notice_given", _("Notice given")
    IN_GRACE = "in_grace", _("In grace")
    CHURNED = "churned", _("Churned")


class HealthBand(models.TextChoices):
    HEALTHY = "healthy", _("Healthy")
    WATCH = "watch", _("Watch")
    AT_RISK = "at_risk", _("At risk")
    UNKNOWN = "unknown", _("Unknown")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")


class Customer(TenantModel):
    """A company we serve or want to serve.

    The second half of the columns is a read model: what lists sort and filter by, written only through
    ``accounts.services.read_model`` from the facts that own it. Its other half is ``CustomerHealth``.
    """

    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    domain = models.CharField(max_length=253, blank=True, default="")
    industry = models.CharField(max_length=120, blank=True, default="")
    country = models.CharField(max_length=60, blank=True, default="")
    region = models.CharField(max_length=120, blank=True, default="")
    employees = models.PositiveIntegerField(null=True, blank=True)
    lifecycle_stage = models.CharField(max_length=60, blank=True, default="")
    source = models.CharField(max_length=120, blank=True, default="")
    # Most have neither: these two indexes hold only who has.
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children", db_index=False
    )
    referred_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="referrals", db_index=False
    )
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    expected_arr_minor = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(help_text=_("When the relation began, as told by the source."))
    known_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    traits = models.JSONField(default=dict, blank=True)

    # --- read model ---
    name_sort = models.CharField(max_length=300, editable=False)
    stage_key = models.CharField(max_length=60, blank=True, default="", editable=False)
    stage_macro = models.CharField(max_length=20, blank=True, default="", editable=False)
    stage_since = models.DateField(null=True, editable=False)
    contract_state = models.CharField(
        max_length=12, choices=ContractState.choices, default=ContractState.NONE, editable=False
    )
    churned_on = models.DateField(null=True, editable=False)
    customer_since = models.DateField(null=True, editable=False)
    arr_minor = models.BigIntegerField(default=0, editable=False)
    seats = models.PositiveIntegerField(null=True, editable=False)
    renewal_on = models.DateField(null=True, editable=False)
    notice_deadline = models.DateField(null=True, editable=False)
    csm = models.ForeignKey(
        Membership, null=True, editable=False, on_delete=models.SET_NULL, related_name="portfolio", db_index=False
    )

    objects: ClassVar[ScopedManager] = ScopedManager(workspace="workspace_id")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="customer_external_id_once"),
            models.CheckConstraint(
                name="customer_churn_is_dated",
                condition=models.Q(contract_state="churned", churned_on__isnull=False)
                | (~models.Q(contract_state="churned") & models.Q(churned_on__isnull=True)),
            ),
        ]
        indexes = [
            # One direction throughout: then a row comparison finds a page, forwards and backwards.
            models.Index(fields=["workspace", "name_sort", "id"], name="customer_by_name"),
            models.Index(fields=["workspace", "arr_minor", "id"], name="customer_by_revenue"),
            models.Index(
                fields=["workspace", "notice_deadline", "id"], include=["arr_minor"], name="customer_by_deadline"
            ),
            models.Index(fields=["workspace", "renewal_on", "id"], name="customer_by_renewal"),
            # What is counted beside a list comes from the index alone.
            models.Index(
                fields=["workspace", "stage_key", "stage_since", "id"],
                include=["arr_minor", "expected_arr_minor"],
                name="customer_in_stage",
            ),
            models.Index(fields=["workspace", "contract_state", "arr_minor", "id"], name="customer_in_state"),
            models.Index(fields=["workspace", "csm", "arr_minor", "id"], name="customer_of_csm"),
            models.Index(fields=["parent"], name="customer_below", condition=models.Q(parent__isnull=False)),
            models.Index(
                fields=["referred_by"], name="customer_referred", condition=models.Q(referred_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_before_contract(self) -> bool:
        return self.contract_state == ContractState.NONE


class CustomerHealth(models.Model):
    """What lists show, sort and filter by of a customer's score; there for every customer, by a trigger.

    A row of its own, because it changes every night for everybody: on the customer, each change would be written to
    fifteen indexes instead of five, and counts from those indexes would have to look at the customers again.

    ``points`` and ``change`` (against 28 days before) in hundredths, ``coverage`` in percent, null when never scored;
    risks in basis points. ``churn_is_rough``: too few churns stand behind the risk for more than a level to be told.
    """

    customer = models.OneToOneField(Customer, primary_key=True, on_delete=models.CASCADE, related_name="health")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    points = models.IntegerField(null=True)
    band = models.CharField(
        max_length=14,
        choices=HealthBand.choices,
        default=HealthBand.NOT_APPLICABLE,
        db_default=HealthBand.NOT_APPLICABLE,
    )
    change = models.IntegerField(null=True)
    coverage = models.PositiveSmallIntegerField(null=True)
    churn_risk = models.IntegerField(null=True)
    churn_risk_low = models.IntegerField(null=True)
    churn_risk_high = models.IntegerField(null=True)
    churn_is_rough = models.BooleanField(default=False, db_default=False)
    last_event_at = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager] = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "points", "customer"], name="health_by_points"),
            models.Index(fields=["workspace", "change", "customer"], name="health_by_change"),
            models.Index(fields=["workspace", "churn_risk", "customer"], name="health_by_churn_risk"),
            models.Index(fields=["workspace", "band", "customer"], name="health_in_band"),
        ]

    def __str__(self) -> str:
        return self.get_band_display()


class CustomerTrigram(models.Model):
    """Three-letter pieces of names and ids: search by text equality, the one operator row policies leave its index."""

    pk = models.CompositePrimaryKey("workspace_id", "trigram", "customer_id")
    # Some thirty rows a customer: the database would check each against two tables, for what one writer derives.
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    trigram = models.CharField(max_length=3)

    objects = ScopedManager(workspace="workspace_id")


class TeamRole(models.TextChoices):
    CSM = "csm", _("CSM")
    SALES = "sales", _("Sales")
    SUPPORT = "support", _("Support")
    FINANCE = "finance", _("Finance")
    PRODUCT = "product", _("Product")
    MARKETING = "marketing", _("Marketing")
    EXECUTIVE = "executive", _("Executive sponsor")


class AccountTeamMember(TenantModel):
    """Who of us looks after a customer, in which role, from when to when. Covering for leave has an end."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="team")
    member = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="account_teams")
    role = models.CharField(max_length=12, choices=TeamRole.choices)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    covers_for = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "role"], name="account_team_role_once", condition=models.Q(until__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["workspace", "member", "role"], name="account_team_of_member")]


class Contact(TenantModel):
    """A person at a customer. ``known_at`` dates the present version; earlier ones stay in ``ContactVersion``."""

    external_id = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.CASCADE, related_name="contacts")
    email = models.EmailField(blank=True, default="")
    name = models.CharField(max_length=300, blank=True, default="")
    role = models.CharField(max_length=120, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    is_sponsor = models.BooleanField(default=False)
    is_champion = models.BooleanField(default=False)
    invited_at = models.DateTimeField(null=True, blank=True)
    traits = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    known_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "external_id"], name="contact_external_id_once")]
        indexes = [
            models.Index(fields=["workspace", "customer", "id"], name="contact_of_customer"),
            models.Index(
                fields=["workspace", "customer"], name="contact_sponsors", condition=models.Q(is_sponsor=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id


class ContactVersion(models.Model):
    """What was known about a contact, from when: written by a trigger, so no path can forget it.

    Versions outlive the contact: past scores rest on them. The last one of a deleted contact has no customer.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, db_index=False, related_name="+")
    contact = models.ForeignKey(
        Contact, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="versions", db_index=False
    )
    customer_id = models.UUIDField(null=True)
    is_sponsor = models.BooleanField()
    is_champion = models.BooleanField()
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = ScopedManager(workspace="workspace_id")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "contact", "known_at"], name="contact_version_of"),
            models.Index(fields=["workspace", "customer_id", "known_at"], name="contact_version_at_customer"),
        ]
