"""The administration: one workspace, the permission matrix, the services' rules, and the audit trail."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.administration.base import HistoryAdmin, WorkspaceModelAdmin
from accounts.models import AccountTeamMember, Contact, Customer, Membership, Subscription, Workspace
from accounts.roles import Permission, Role, allows
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from health.models import DirtyCustomer
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Membership:
    membership = factories.make_member(workspace, Role.OWNER)
    client.force_login(membership.user)
    return membership


CUSTOMER = {
    "external_id": "acme",
    "name": "Acme Barges",
    "domain": "",
    "industry": "",
    "employees": "",
    "country": "",
    "region": "",
    "lifecycle_stage": "",
    "source": "",
    "parent": "",
    "referred_by": "",
    "tags": "river,north",
    "expected_arr_minor": "",
    "created_at_0": "2026-01-05",
    "created_at_1": "08:00:00",
}


def actions(workspace: Workspace) -> list[str]:
    with workspace_scope(workspace):
        return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("role", list(Role))
def test_it_opens_for_the_roles_of_the_matrix_and_no_superuser_flag_helps(
    client: Client, workspace: Workspace, role: Role
) -> None:
    membership = factories.make_member(workspace, role)
    membership.user.is_superuser = membership.user.is_staff = True
    membership.user.save()
    client.force_login(membership.user)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == (200 if allows(role, Permission.USE_ADMIN) else 403)


def test_its_pages_name_the_icon_so_that_browsers_do_not_look_for_one(client: Client, owner: Membership) -> None:
    for address in ("/admin/", "/admin/accounts/customer/", "/admin/accounts/customer/add/"):
        html = client.get(address).content.decode()
        assert '<link rel="icon" href="/static/img/favicon.svg"' in html, address


def test_other_packages_pages_are_not_on_it() -> None:
    assert all(isinstance(page, WorkspaceModelAdmin) for page in admin.site._registry.values())


def test_every_list_opens_with_search_and_filters(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        factories.make_subscription(factories.make_customer())
    for model, page in admin.site._registry.items():
        assert isinstance(page, WorkspaceModelAdmin)
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(address, {"q": "x"} if page.search_fields else {}).status_code == 200, address
        adding = client.get(address + "add/").status_code
        assert adding == (403 if isinstance(page, HistoryAdmin) or not page.may_add else 200), address


def test_a_customer_is_created_through_its_service(client: Client, owner: Membership) -> None:
    answer = client.post("/admin/accounts/customer/add/", CUSTOMER)
    assert answer.status_code == 302, answer.content.decode()
    with workspace_scope(owner.workspace):
        customer = Customer.objects.get(external_id="acme")
        assert (customer.tags, customer.name_sort) == (["river", "north"], "acme barges")
        assert customer.stage_key, "a new customer is placed on the journey"
    assert "customer.created" in actions(owner.workspace)
    assert not LogEntry.objects.exists()


def test_two_customers_cannot_share_an_external_id(client: Client, owner: Membership) -> None:
    client.post("/admin/accounts/customer/add/", CUSTOMER)
    answer = client.post("/admin/accounts/customer/add/", {**CUSTOMER, "name": "Second"})
    assert answer.status_code == 200
    assert 'value="Second"' in answer.content.decode()


def test_a_circle_of_parents_is_refused_with_its_reason(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        parent = factories.make_customer("Parent", external_id="parent")
        child = factories.make_customer("Child", external_id="child", parent=parent)
    body = {**CUSTOMER, "name": "Parent", "tags": "", "parent": str(child.pk)}
    answer = client.post(f"/admin/accounts/customer/{parent.pk}/change/", body, follow=True)
    assert "Not saved" in answer.content.decode()
    with workspace_scope(owner.workspace):
        assert Customer.objects.get(pk=parent.pk).parent is None


def test_a_changed_subscription_moves_the_contract_and_asks_for_a_new_score(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        customer = factories.make_customer()
    body = {
        "external_id": "s-1",
        "customer": str(customer.pk),
        "arr_minor": "1200000",
        "currency": "EUR",
        "billing_period_months": "12",
        "starts_on": "2026-01-01",
        "product": "Suite",
    }
    answer = client.post("/admin/accounts/subscription/add/", body)
    assert answer.status_code == 302, answer.content.decode()
    with workspace_scope(owner.workspace):
        subscription = Subscription.objects.get()
        assert subscription.arr_minor == 12_000_00
        customer.refresh_from_db()
        assert (customer.contract_state, customer.arr_minor) == ("active", 12_000_00)
    assert DirtyCustomer.objects.filter(customer_id=customer.pk).exists()
    client.post(f"/admin/accounts/subscription/{subscription.pk}/delete/", {"post": "yes"})
    with workspace_scope(owner.workspace):
        customer.refresh_from_db()
        assert (customer.contract_state, customer.arr_minor) == ("none", 0)
    assert "subscription.deleted" in actions(owner.workspace)


def test_deleting_customers_in_bulk_shows_first_what_goes(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        customers = [factories.make_customer(f"Customer {n}") for n in range(3)]
        factories.make_contact(customers[0])
    body = {"action": "delete_selected", "_selected_action": [str(customer.pk) for customer in customers]}
    preview = client.post("/admin/accounts/customer/", body).content.decode()
    assert "Customer 2" in preview
    assert "Contacts: 1" in preview
    with workspace_scope(owner.workspace):
        assert Customer.objects.count() == 3
    assert client.post("/admin/accounts/customer/", {**body, "post": "yes"}).status_code == 302
    with workspace_scope(owner.workspace):
        assert Customer.objects.count() == Contact.objects.count() == 0
    assert actions(owner.workspace).count("customer.deleted") == 3


def test_the_account_team_moves_the_csm(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        customer = factories.make_customer()
    body = {"customer": str(customer.pk), "member": str(owner.pk), "role": "csm", "since": "2026-01-01"}
    answer = client.post("/admin/accounts/accountteammember/add/", body)
    assert answer.status_code == 302, answer.content.decode()
    with workspace_scope(owner.workspace):
        customer.refresh_from_db()
        assert customer.csm == owner


def test_choices_come_from_the_workspace_only(client: Client, owner: Membership) -> None:
    stranger = factories.make_member(factories.make_workspace("osprey"), email="stranger@osprey.example")
    page = client.get("/admin/accounts/accountteammember/add/").content.decode()
    assert str(owner.pk) in page
    assert str(stranger.pk) not in page
    with workspace_scope(owner.workspace):
        customer = factories.make_customer()
    body = {"customer": str(customer.pk), "member": str(stranger.pk), "role": "csm", "since": "2026-01-01"}
    assert client.post("/admin/accounts/accountteammember/add/", body).status_code == 200
    with workspace_scope(owner.workspace):
        assert not AccountTeamMember.objects.exists()


def test_history_opens_the_audit_trail(client: Client, owner: Membership) -> None:
    client.post("/admin/accounts/customer/add/", CUSTOMER)
    with workspace_scope(owner.workspace):
        customer = Customer.objects.get()
    trail = client.get(f"/admin/accounts/customer/{customer.pk}/history/", follow=True).content.decode()
    assert "customer.created" in trail


def test_keys_are_revoked_but_never_shown(client: Client, owner: Membership) -> None:
    from accounts.services import keys
    from csplatform.core import audit

    key, _ = keys.create_key(
        workspace=owner.workspace, name="Old", scopes=["read"], actor=audit.SYSTEM, now=factories.NOW
    )
    assert key.digest not in client.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    client.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [str(key.pk)]})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_workspace_settings_keep_their_rules(client: Client, owner: Membership) -> None:
    with workspace_scope(owner.workspace):
        factories.make_subscription(factories.make_customer(), starts_on=date(2026, 1, 1))
    body = {"name": "Renamed", "currency": "USD", "time_zone": "Europe/Paris", "locale": "en", "grace_days": "30"}
    answer = client.post(f"/admin/accounts/workspace/{owner.workspace_id}/change/", body, follow=True)
    assert "the currency stays" in answer.content.decode()
    owner.workspace.refresh_from_db()
    assert (owner.workspace.name, owner.workspace.currency) == ("Kestrel", "EUR")
