"""Stages that ask for a measure or for people at work: what counts is how it is now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.services import customers, read_model, subscriptions
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.models import ContactSeen
from health.services import base_rate, scoring
from journeys import extensions
from journeys.models import Stage
from journeys.services import stages
from journeys.services.moving import MissingError, Moved, move
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_a_stage_may_ask_for_a_measure_over_a_threshold() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = customers.create(external_id="c-1", told={"stage": "adoption"}, actor=audit.SYSTEM, now=NOW)
        sold = {"customer_external_id": "c-1", "arr": "1000", "starts_on": "2026-01-01"}
        factories.make_contact(customer, is_sponsor=True)
        subscriptions.create(external_id="s-1", told=sold, actor=audit.SYSTEM, now=NOW)
        read_model.refresh_contracts([customer.pk], day=NOW.date(), now=NOW)
        scoring.score_present([customer.pk], day=NOW.date(), computed_at=NOW, base=base_rate.present(NOW.date()))
        names = extensions.named_measures()
        known = extensions.measure_values([customer.pk], list(names))[customer.pk]
        key, value = sorted(known.items())[0]
        adoption = Stage.objects.get(key="adoption")

        def ask(least: float) -> None:
            asked = {"criteria": {"exit": [{"kind": "measure", "measure": key, "at_least": least}]}}
            stages.update(stage_id=adoption.pk, told=asked, actor=audit.SYSTEM, now=NOW)

        told: dict[str, Any] = {"customer_id": customer.pk, "reason": "Targets met", "actor": audit.SYSTEM, "now": NOW}
        ask(value + 1)
        with pytest.raises(MissingError) as refused:
            move(stage_key="performance", **told)
        assert names[key] in refused.value.missing[0].message
        ask(value)
        assert isinstance(move(stage_key="performance", **told), Moved)
        unknown = {"criteria": {"exit": [{"kind": "measure", "measure": "shoe_size", "at_least": 1}]}}
        with pytest.raises(ValidationError, match="no measure"):
            stages.update(stage_id=adoption.pk, told=unknown, actor=audit.SYSTEM, now=NOW)


def test_leaving_adoption_takes_half_of_the_people_at_work_within_four_weeks() -> None:
    today = datetime.now(UTC).date()
    with workspace_scope(factories.make_workspace()):
        customer = customers.create(external_id="c-1", told={"stage": "adoption"}, actor=audit.SYSTEM, now=NOW)
        assert extensions.adoption_share([customer.pk]) == {customer.pk: None}
        people = [factories.make_contact(customer) for _ in range(4)]
        told: dict[str, Any] = {"customer_id": customer.pk, "reason": "Settled in", "actor": audit.SYSTEM, "now": NOW}
        for person, days in zip(people[:3], (0, 40, 28), strict=True):
            ContactSeen.objects.create(
                workspace_id=customer.workspace_id, customer=customer, stream="*", contact_id=person.pk,
                last_day=today - timedelta(days=days),
            )  # fmt: skip
        assert extensions.adoption_share([customer.pk]) == {customer.pk: 0.25}
        with pytest.raises(MissingError):
            move(stage_key="performance", **told)
        ContactSeen.objects.filter(contact_id=people[1].pk).update(last_day=today)
        assert isinstance(move(stage_key="performance", **told), Moved)
