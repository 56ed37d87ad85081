"""Stages that ask for a measure or for people at work: what counts is how it is now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.services import customers, read_model, subscriptions
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import adoption
from health.services import base_rate, scoring
from journeys import extensions
from journeys.models import Stage
from journeys.selectors.adoption import shares_at_work
from journeys.services import stages
from journeys.services.moving import MissingError, Moved, move
from tests import factories
from tests.factories import NOW
from tests.health.uses import store_uses

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


def test_leaving_adoption_takes_half_of_the_invited_people_at_work() -> None:
    with workspace_scope(factories.make_workspace()):
        customer = customers.create(external_id="c-1", told={"stage": "adoption"}, actor=audit.SYSTEM, now=NOW)
        told: dict[str, Any] = {"customer_id": customer.pk, "reason": "Settled in", "actor": audit.SYSTEM, "now": NOW}
        assert shares_at_work([customer.pk]) == {customer.pk: None}
        people = [factories.make_contact(customer, invited_at=NOW - timedelta(days=60)) for _ in range(4)]
        store_uses({people[0]: range(20), people[1]: [40], people[2]: range(35, 60)}, per_day=10, now=NOW)
        adoption.follow_marked(now=NOW)
        assert shares_at_work([customer.pk]) == {customer.pk: 0.25}
        with pytest.raises(MissingError):
            move(stage_key="performance", **told)
        store_uses({people[1]: [0]}, per_day=10, now=NOW)
        adoption.follow_marked(now=NOW)
        assert isinstance(move(stage_key="performance", **told), Moved)
