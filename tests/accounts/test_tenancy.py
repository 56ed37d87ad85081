"""Two walls between tenants: scoped queries that raise, and row policies that hide."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, connections
from django_scopes.exceptions import ScopeError

from accounts.models import ContactVersion, Customer
from csplatform.core import roles
from csplatform.core.tenancy import workspace_scope
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_query_outside_a_scope_raises() -> None:
    with pytest.raises(ScopeError):
        Customer.objects.count()


def test_raw_sql_sees_only_the_rows_of_the_scope() -> None:
    ours, theirs = factories.make_workspace("ours"), factories.make_workspace("theirs")
    with workspace_scope(theirs):
        factories.make_customer("Stranger")
    with workspace_scope(ours), connection.cursor() as cursor:
        factories.make_customer("Mine")
        cursor.execute("SELECT name FROM accounts_customer")
        assert cursor.fetchall() == [("Mine",)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_customer")
        assert cursor.fetchone() == (0,)


def test_writing_into_another_workspace_is_refused_by_the_database() -> None:
    ours, theirs = factories.make_workspace("ours"), factories.make_workspace("theirs")
    with pytest.raises(ProgrammingError, match="row-level security"), workspace_scope(ours):
        factories.make_customer("Smuggled", workspace_id=theirs.pk)


def test_leaving_an_inner_scope_restores_the_outer_one() -> None:
    ours, theirs = factories.make_workspace("ours"), factories.make_workspace("theirs")
    with workspace_scope(ours):
        factories.make_customer("Mine")
        with workspace_scope(theirs):
            assert Customer.objects.count() == 0
        assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_role_that_owns_the_tables_is_refused() -> None:
    owner = connections["owner"]
    owner.ensure_connection()
    alias, owner.alias = owner.alias, "default"
    try:
        with pytest.raises(ImproperlyConfigured, match="owns the tables"):
            roles.refuse_unsafe_role(owner)
    finally:
        owner.alias = alias


def test_every_change_of_a_sponsor_leaves_a_version() -> None:
    with workspace_scope(factories.make_workspace()):
        contact = factories.make_contact(factories.make_customer(), is_sponsor=True)
        contact.title = "Head of operations"
        contact.save()
        contact.is_sponsor = False
        contact.save()
        versions = ContactVersion.objects.filter(contact=contact).order_by("id")
        assert [version.is_sponsor for version in versions] == [True, False]
