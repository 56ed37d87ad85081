"""Workspaces (the vendor's organisation) and the people who sign in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from csplatform.core.ids import uuid7


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def filled(self) -> WorkspaceQuerySet:
        """Without those whose demo is still on its way in."""
        return self.exclude(is_demo=True, demo_ready_at__isnull=True)

    def in_turn(self) -> WorkspaceQuerySet:
        """In another order each time, so that nobody waits for ever behind somebody whose work takes all the time."""
        return self.order_by("?")


class Workspace(models.Model):
    """The vendor's organisation: the tenant. Its currency and grace period never change what history said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(
        max_length=50, unique=True, validators=[RegexValidator(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")]
    )
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$")])
    time_zone = models.CharField(max_length=60, default="Europe/Paris")
    locale = models.CharField(max_length=10, default="en")
    grace_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(365)],
        help_text=_("Days after the last subscription's end before a customer counts as churned."),
    )
    data_through = models.DateField(
        null=True,
        blank=True,
        help_text=_("Imported facts are complete up to this day; empty when data keeps arriving."),
    )
    is_demo = models.BooleanField(default=False)
    demo_ready_at = models.DateTimeField(null=True, blank=True)
    sample_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Since when it holds sample data; empty: none.")
    )
    created_at = models.DateTimeField()

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_filling(self) -> bool:
        """Whether the demo is still on its way in: until it is there, nobody scores or closes its days."""
        return self.is_demo and self.demo_ready_at is None


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail; global, because one person may work in several workspaces."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        """At most two capitals for the avatar."""
        words = (self.name or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in words[:2]).upper()
