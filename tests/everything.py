"""One row of every table that belongs to a workspace, made from the models themselves.

A table somebody adds tomorrow is covered without a line here, unless its rows follow rules the columns do not tell:
those are listed in ``_TOLD``.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.files.base import ContentFile
from django.db import models

from accounts.imports.mapping import Mapping
from accounts.models import (
    Contact,
    Customer,
    ImportRun,
    Membership,
    SavedSegment,
    Subscription,
    User,
    Workspace,
)
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.ids import uuid7
from csplatform.core.models import Job
from csplatform.core.tenancy import workspace_scope
from health.alerts import opening
from health.models import AlertDelivery, AlertKind, ChurnDrift, HealthScore, HealthSnapshot, Scorecard
from health.risk import HORIZON_DAYS
from health.services import base_rate, churn, drafts, overrides
from health.services.scoring import score_present
from journeys.adoption.rules import DEFAULT
from journeys.services.adoption import settings
from journeys.services.playbooks import editing
from surveys.models import Dispatch, State, Survey
from surveys.services.lifecycle import METHOD
from tests import factories

OURS = ("core", "accounts", "journeys", "health", "surveys")
# Values the columns do not tell.
_TOLD: dict[str, Any] = {
    "currency": "EUR",
    "target": 2,  # a KPI goes from its baseline to its target
    "targets": [{"on": "2026-12-31", "percent": 60}],
}

_TASK_STEP = {"kind": "task", "title": "Call them", "owner": "customer_success"}

Row = models.Model


def tenant_models() -> list[type[Row]]:
    """Every concrete model of ours whose rows belong to a workspace."""
    found = [model for label in OURS if label in apps.app_configs for model in apps.get_app_config(label).get_models()]
    return [model for model in found if "workspace_id" in {field.attname for field in model._meta.concrete_fields}]


def make_everything(slug: str, role: Role = Role.OWNER) -> tuple[Workspace, Membership, dict[type[Row], Row]]:
    """A workspace, a member with ``role``, and at least one row of every tenant model, by model."""
    workspace = factories.make_workspace(slug)
    membership = factories.make_member(workspace, role, email=f"{role}@{slug}.example")
    rows: dict[type[Row], Row] = {Workspace: workspace, User: membership.user, Membership: membership}
    with workspace_scope(workspace):
        customer = factories.make_customer(f"Secret of {slug}")
        rows[Customer] = customer
        rows[Contact] = factories.make_contact(customer, name=f"Secret of {slug}")
        rows[Subscription] = factories.make_subscription(customer, product=f"Secret of {slug}")
        day = factories.NOW.date()
        score_present([customer.pk], day=day, computed_at=factories.NOW, base=base_rate.present(day))
        score = rows[HealthScore] = HealthScore.objects.get()
        # A snapshot is a score of another day: its arrays have the lengths the scorecard says.
        rows[HealthSnapshot] = _ensure(
            HealthSnapshot, workspace, rows, values=score.values, risk_inputs=score.risk_inputs
        )
        # An alert that says what happened, and that the member has heard of.
        told = {"from": "healthy", "to": "watch", "from_level": 0, "points": 6_000}
        opening.begin([opening.Finding(customer.pk, AlertKind.BAND_FELL, 1, told)], now=factories.NOW)
        _ensure(AlertDelivery, workspace, rows, member=membership)
        work = churn.start(horizon=HORIZON_DAYS, actor=audit.SYSTEM, now=factories.NOW, kind=churn.PROOF_KIND)
    # A proof that says what a back-test of so little says, and the job that made it.
    churn.work(workspace.pk, work.pk)
    with workspace_scope(workspace):
        rows[Job] = Job.objects.get(pk=work.pk)
        level = {"n": 2, "expected": 1.0, "churned": 1}
        _ensure(ChurnDrift, workspace, rows, shifts={"seats": 0.1}, level=level)
        # A segment that everybody of the workspace may use.
        rows[SavedSegment] = _ensure(SavedSegment, workspace, rows, is_shared=True, definition={"all": []})
        # A run that went through and refused a row, so that each of its pages has something to show.
        run = _ensure(
            ImportRun, workspace, rows, kind="customers", job=rows[Job], mapping=Mapping({}, {}, []).as_json()
        )
        assert isinstance(run, ImportRun)
        run.rejects.save("rejects.csv", ContentFile(b"reason\n"))
        # A survey that people could answer: it speaks a language, and knows how it is counted.
        _ensure(
            Survey, workspace, rows, title={"en": f"Secret of {slug}"}, languages=["en"], state=State.CLOSED,
            opened_at=factories.NOW, closed_at=factories.NOW, method=METHOD,
        )  # fmt: skip
        _ensure(Dispatch, workspace, rows, job=rows[Job])  # with progress to show
        # A playbook that says something: what it says is a row of its own.
        definition = {"trigger": {"event": "stage.entered"}, "steps": [_TASK_STEP]}
        settings.set_rules(definition=dict(DEFAULT), actor=audit.SYSTEM, now=factories.NOW)
        editing.create(name=f"Secret of {slug}", definition=definition, actor=audit.SYSTEM, now=factories.NOW)
        # A scorecard's draft as it is saved, and a band set by hand that stands today.
        card = Scorecard.objects.get(is_default=True)
        drafts.save_draft(scorecard_id=card.pk, content={}, actor=audit.SYSTEM, now=factories.NOW)
        now = datetime.now(UTC)
        until = now.date() + timedelta(days=9)
        overrides.set_override(
            customer_id=customer.pk, band="watch", reason=f"Secret of {slug}", expires_on=until, by=audit.SYSTEM,
            now=now,
        )  # fmt: skip
        for model in tenant_models():
            _ensure(model, workspace, rows)
    return workspace, membership, rows


def _ensure(model: type[Row], workspace: Workspace, rows: dict[type[Row], Row], **values: Any) -> Row:
    """A row of ``model``: the one at hand, one the product has made by itself, or a new one."""
    if model not in rows:
        made = model._default_manager.filter(workspace_id=workspace.pk).order_by("pk").first()
        rows[model] = made or _make(model, workspace, rows, values)
    return rows[model]


def _make(model: type[Row], workspace: Workspace, rows: dict[type[Row], Row], values: dict[str, Any]) -> Row:
    for field in model._meta.concrete_fields:
        if field.name in values:
            continue
        if field.attname == "workspace_id":
            values["workspace_id"] = workspace.pk
        elif isinstance(field, models.ForeignKey):
            if not field.null:
                values[field.name] = _ensure(field.related_model, workspace, rows)
        elif not _fills_itself(field):
            values[field.attname] = _value(field, workspace)
    _point_at_ours(model, values, rows)
    return model._default_manager.create(**values)


def _fills_itself(field: Any) -> bool:
    return (
        field.has_default()
        or field.null
        or field.generated
        or isinstance(field, models.AutoField | models.CompositePrimaryKey)
        or getattr(field, "db_default", models.NOT_PROVIDED) is not models.NOT_PROVIDED
    )


def _point_at_ours(model: type[Row], values: dict[str, Any], rows: dict[type[Row], Row]) -> None:
    """Plain id columns (no foreign keys) that name a customer or contact get one that exists."""
    names = {field.attname for field in model._meta.concrete_fields}
    for name, target in (("customer_id", Customer), ("contact_id", Contact)):
        if name in names and name.removesuffix("_id") not in values:
            values[name] = rows[target].pk


def _value(field: Any, workspace: Workspace) -> Any:
    if field.name in _TOLD:
        return _TOLD[field.name]
    if field.choices:
        return field.choices[0][0]
    moment = factories.NOW
    by_kind: list[tuple[Any, Any]] = [
        (models.FileField, ""),
        (ArrayField, []),
        (models.UUIDField, uuid7()),
        (models.EmailField, f"someone@{workspace.slug}.example"),
        (models.DateTimeField, moment),
        (models.DateField, moment.date()),
        (models.TimeField, time(9)),
        (models.JSONField, {}),
        (models.BinaryField, b"[]"),
        (models.BooleanField, False),
        (models.IntegerField, 1),
        (models.FloatField, 1.0),
        (models.DecimalField, 1),
    ]
    for kind, value in by_kind:
        if isinstance(field, kind):
            return value
    return f"{workspace.slug}-{field.name}"[: field.max_length or 60]
