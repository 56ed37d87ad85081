"""The handovers a new workspace starts with: marketing to sales to customer success, and on to marketing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import Workspace
from accounts.roles import Department
from journeys.models import Macro, RelayTemplate, RelayTemplateItem, Stage


@dataclass(frozen=True, slots=True)
class DefaultRelay:
    """A handover between the last stage of one macro stage and the first of the next. Every item is optional."""

    leaves: Macro
    enters: Macro
    giver: Department
    taker: Department
    items: Sequence[str | Promise]
    due_working_days: int = 3


RELAYS = (
    DefaultRelay(
        Macro.CONSIDERATION,
        Macro.TRIAL,
        Department.MARKETING,
        Department.SALES,
        (
            _("Pain points and hoped-for gains are written down"),
            _("The people who decide are named"),
            _("Source and referrer are known"),
        ),
    ),
    DefaultRelay(
        Macro.DECISION,
        Macro.ADOPTION,
        Department.SALES,
        Department.CUSTOMER_SUCCESS,
        (
            _("Expected outcomes have KPIs with baseline, target and date"),
            _("Sponsor and management are behind it"),
            _("What was promised, and what was not, is written down"),
            _("Roles, tools and dates on the customer's side are known"),
        ),
        due_working_days=2,
    ),
    DefaultRelay(
        Macro.TRANSFORMATION,
        Macro.ADVOCACY,
        Department.CUSTOMER_SUCCESS,
        Department.MARKETING,
        (
            _("The customer agrees to be asked"),
            _("Results that may be quoted are written down"),
            _("Who speaks for the customer is named"),
        ),
        due_working_days=5,
    ),
)


def create_relay_templates(workspace: Workspace, now: datetime) -> None:
    """The default handovers of a workspace just created (in its scope, its stages made), in its language."""
    stages = {stage.macro: stage for stage in Stage.objects.filter(retired_at__isnull=True)}
    templates = RelayTemplate.objects.bulk_create(
        RelayTemplate(
            workspace=workspace,
            from_stage=stages[told.leaves],
            to_stage=stages[told.enters],
            giver_department=told.giver,
            taker_department=told.taker,
            due_working_days=told.due_working_days,
        )
        for told in RELAYS
    )
    with override(workspace.locale):
        RelayTemplateItem.objects.bulk_create(
            RelayTemplateItem(workspace=workspace, template=template, position=position, text=str(text))
            for template, told in zip(templates, RELAYS, strict=True)
            for position, text in enumerate(told.items)
        )
