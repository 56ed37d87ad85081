"""Judging a customer by hand: on its page and over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Customer, Workspace
from accounts.roles import Role
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health.models import DirtyCustomer, Judgement
from tests import factories
from tests.api.conftest import make_api, problem

pytestmark = pytest.mark.django_db

TODAY = datetime.now(UTC).date()


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def customer(workspace: Workspace) -> Customer:
    with workspace_scope(workspace):
        return factories.make_customer("Loxley Mills", external_id="mills")


def test_a_csm_judges_on_the_page_and_reads_it_there(client: Client, workspace: Workspace, customer: Customer) -> None:
    client.force_login(factories.make_member(workspace).user)
    until = TODAY + timedelta(days=30)
    told = {"score": "2", "reason": "New management", "until": until.isoformat()}
    assert client.post(f"/customers/{customer.pk}/judgement/", told).status_code == 302
    page = client.get(f"/customers/{customer.pk}/").content.decode()
    assert "2 of 5" in page
    assert "New management" in page
    with workspace_scope(workspace):
        assert Judgement.objects.get().member is not None
        assert AuditEvent.objects.filter(action="customer.judged").count() == 1
        assert DirtyCustomer.objects.filter(customer_id=customer.pk).exists()


@pytest.mark.parametrize(
    ("told", "said"),
    [({"until": "2020-01-01"}, "from today on"), ({"reason": ""}, "required"), ({"score": "9"}, "valid choice")],
)
def test_what_was_typed_comes_back_with_what_is_wrong(
    client: Client, workspace: Workspace, customer: Customer, told: dict[str, str], said: str
) -> None:
    client.force_login(factories.make_member(workspace).user)
    form = {"score": "2", "reason": "Typed with care", "until": TODAY.isoformat(), **told}
    response = client.post(f"/customers/{customer.pk}/judgement/", form)
    assert response.status_code == 422
    page = response.content.decode()
    assert said in page
    assert "reason" in told or "Typed with care" in page


def test_who_may_only_read_cannot_judge(client: Client, workspace: Workspace, customer: Customer) -> None:
    client.force_login(factories.make_member(workspace, Role.VIEWER).user)
    assert client.post(f"/customers/{customer.pk}/judgement/", {}).status_code in (403, 404)
    assert "/judgement/" not in client.get(f"/customers/{customer.pk}/").content.decode()


def test_judgements_over_rest(workspace: Workspace, customer: Customer) -> None:
    api = make_api(workspace)
    made = api.post("customers/ext:mills/judgements/", {"score": 4, "reason": "They plan to grow"})
    assert made.status_code == 201
    assert made.json()["until"] == (TODAY + timedelta(days=90)).isoformat()
    api.post("customers/ext:mills/judgements/", {"score": 1, "reason": "Not any more"})
    found = api.get(f"customers/{customer.pk}/judgements/").json()["results"]
    assert [each["score"] for each in found] == [1, 4]
    problem(api.post("customers/ext:mills/judgements/", {"score": 6, "reason": "x"}), 400)
    fault = problem(
        api.post("customers/ext:mills/judgements/", {"score": 3, "reason": "x", "until": "2020-01-01"}), 400
    )
    assert "until" in str(fault)
    problem(api.get("customers/ext:nobody/judgements/"), 404)
