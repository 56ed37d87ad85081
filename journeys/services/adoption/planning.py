"""What is planned for a customer: the share in habit by date, and how big the change is for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.services import writing
from csplatform.core import audit, outbox
from csplatform.core.tenancy import current_workspace_id
from journeys import adoption_words
from journeys.adoption import curve
from journeys.models import AdoptionGroup, AdoptionPlan, StepHeight

MOST_GROUPS = 30


@transaction.atomic
def set_plan(
    *,
    customer_id: UUID,
    baseline_percent: object,
    targets: Sequence[Mapping[str, Any]],
    actor: audit.Actor,
    now: datetime,
    baseline_on: date | None = None,
    reason: str = "",
    expected_number: int | None = None,
) -> AdoptionPlan:
    """The plan from now on; the earlier ones stay, each with its reason, which every change needs.

    Raises ``Customer.DoesNotExist`` or ``ValidationError`` by field.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).only("id").get(pk=customer_id)
    newest = AdoptionPlan.objects.filter(customer=customer).order_by("-number").first()
    begins = baseline_on or (newest.baseline_on if newest else now.astimezone(UTC).date())
    errors: dict[str, list[str]] = {}
    percent = _percent(baseline_percent)
    read = [_target(each) for each in targets]
    if any(each is None for each in read):
        errors["targets"] = [_("Each target is a day such as 2026-12-31 and a whole percentage from 0 to 100.")]
    else:
        wanted = [each for each in read if each is not None]
        for field, code in curve.faults(begins, -1 if percent is None else percent, wanted):
            errors.setdefault(field, []).append(adoption_words.plan_message(code))
    reason = reason.strip()
    if newest is not None and not reason:
        errors["reason"] = [_("Say why the plan changes.")]
    if len(reason) > 500:
        errors["reason"] = [_("At most %(most)s characters.") % {"most": 500}]
    if expected_number is not None and expected_number != (newest.number if newest else 0):
        message = _("Somebody has changed the plan meanwhile. Nothing was kept; look at it first.")
        errors["version"] = [message]
    if errors:
        raise ValidationError(errors)
    assert percent is not None
    plan: AdoptionPlan = AdoptionPlan.objects.create(
        workspace_id=current_workspace_id(),
        customer=customer,
        number=newest.number + 1 if newest else 1,
        baseline_on=begins,
        baseline_percent=percent,
        targets=[{"on": each.on.isoformat(), "percent": each.percent} for each in read if each is not None],
        reason=reason,
        created_at=now,
        actor_label=actor.label[:200],
    )
    told = {"number": plan.number, "targets": plan.targets, "reason": reason}
    audit.record(actor=actor, action="adoption_plan.changed", subject=plan, data=told, now=now)
    outbox.publish(
        workspace_id=current_workspace_id(),
        name="adoption_plan.changed",
        payload={"customer_id": str(customer.pk), "number": plan.number},
        now=now,
    )
    return plan


def _percent(value: object) -> int | None:
    """A whole number, also written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 5:
        return int(value)
    return value if isinstance(value, int) else None


def _target(told: Mapping[str, Any]) -> curve.Target | None:
    try:
        day = told["on"] if isinstance(told["on"], date) else date.fromisoformat(str(told["on"]))
    except (KeyError, ValueError):
        return None
    percent = _percent(told.get("percent"))
    return None if percent is None else curve.Target(day, percent)


@transaction.atomic
def save_group(
    *,
    customer_id: UUID,
    name: str,
    step: str,
    actor: audit.Actor,
    now: datetime,
    words: str = "",
    group_id: UUID | None = None,
    expected_version: int | None = None,
) -> AdoptionGroup:
    """How big the change is for those whose title or role is ``name``; a new group, or another word on one.

    Raises ``Customer.DoesNotExist``, ``AdoptionGroup.DoesNotExist``, ``StaleVersionError`` or ``ValidationError``.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).only("id").get(pk=customer_id)
    others = AdoptionGroup.objects.filter(customer=customer)
    group = None if group_id is None else others.get(pk=group_id)
    if group is not None:
        writing.require_version(group, expected_version)
        others = others.exclude(pk=group.pk)
    name, words = " ".join(name.replace("\0", "").split()), words.replace("\0", "").strip()
    errors: dict[str, list[str]] = {}
    if not 0 < len(name) <= 200:
        errors["name"] = [_("Give it a title or a role, of at most %(most)s characters.") % {"most": 200}]
    elif name.casefold() in {each.casefold() for each in others.values_list("name", flat=True)}:
        errors["name"] = [_("There is a group “%(name)s” already; change that one.") % {"name": name}]
    elif group is None and others.count() >= MOST_GROUPS:
        errors["name"] = [_("There are %(n)d groups; remove one first.") % {"n": MOST_GROUPS}]
    if step not in StepHeight.values:
        errors["step"] = [_("Expected one of: %(known)s.") % {"known": ", ".join(StepHeight.values)}]
    if len(words) > 500:
        errors["words"] = [_("At most %(most)s characters.") % {"most": 500}]
    if errors:
        raise ValidationError(errors)
    if group is None:
        group = AdoptionGroup(workspace_id=current_workspace_id(), customer=customer)
    else:
        group.version += 1
    group.name, group.step, group.words = name, step, words
    group.save()
    told = {"name": name, "step": step, "words": words}
    audit.record(actor=actor, action="adoption_group.saved", subject=group, data=told, now=now)
    return group


@transaction.atomic
def remove_group(*, group_id: UUID, actor: audit.Actor, now: datetime) -> None:
    """Its people count among the others again. Raises ``AdoptionGroup.DoesNotExist``."""
    group = AdoptionGroup.objects.select_for_update().get(pk=group_id)
    audit.record(actor=actor, action="adoption_group.removed", subject=group, data={"name": group.name}, now=now)
    group.delete()
