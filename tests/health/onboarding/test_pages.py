"""The guided path's pages: upload of several files at once, what is said of each, and who may."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Workspace
from accounts.roles import Role
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.models import OnboardingFile
from health.onboarding import files
from tests import factories
from tests.factories import NOW
from tests.health.onboarding import conftest as vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Membership:
    member = factories.make_member(workspace, Role.OWNER)
    client.force_login(member.user)
    return member


def test_several_files_at_once_and_the_one_that_cannot_be_read_is_named(
    client: Client, owner: Membership, workspace: Workspace
) -> None:
    sent = [
        factories.uploaded(vendor.subscriptions(), "subscription.csv"),
        factories.uploaded(b"", "nothing.csv"),
        factories.uploaded(vendor.accounts(), "account.csv"),
    ]
    response = client.post(reverse("start_upload"), {"files": sent}, follow=True)
    page = response.content.decode()
    assert "2 files are here." in page
    assert "nothing.csv: The file is empty." in page
    assert [each["run"].original_name for each in response.context["files"]] == ["account.csv", "subscription.csv"]
    assert response.context["import_form"].initial["through"] == response.context["complete"].through
    assert "Import 2 files" in page


def test_what_lacks_a_column_is_not_imported_and_its_page_lets_it_be_said(
    client: Client, owner: Membership, workspace: Workspace
) -> None:
    content = vendor.table(["who", "title"], [["1", "Acme"]])
    client.post(reverse("start_upload"), {"files": [factories.uploaded(content, "companies.csv")]})
    refused = client.post(reverse("start_import"), {"through": ""}, follow=True).content.decode()
    assert "companies.csv: no column was found for: Your own id." in refused
    with workspace_scope(workspace):
        kept = OnboardingFile.objects.get()
    page = reverse("start_file", args=[kept.pk])
    answer = client.post(page, {"column_0": "external_id", "column_1": "external_id", "step": "keep"})
    assert "are both mapped to external_id" in answer.content.decode()
    answer = client.post(page, {"column_0": "external_id", "column_1": "name", "step": "keep"}, follow=True)
    assert not answer.context["files"][0]["missing"]


def test_a_day_that_is_none_is_refused_with_the_files_still_there(client: Client, owner: Membership) -> None:
    client.post(reverse("start_upload"), {"files": [factories.uploaded(vendor.accounts(), "account.csv")]})
    response = client.post(reverse("start_import"), {"through": "soon"})
    assert response.status_code == 422
    assert response.context["import_form"].errors["through"]
    assert len(response.context["files"]) == 1


def test_a_role_that_may_not_configure_is_refused_and_a_stranger_finds_nothing(
    client: Client, workspace: Workspace
) -> None:
    with workspace_scope(workspace):
        kept = files.take_in(
            upload=factories.uploaded(vendor.accounts(3), "account.csv"), name="account.csv", by=audit.SYSTEM, now=NOW
        )
    client.force_login(factories.make_member(workspace, Role.CSM).user)
    assert client.get(reverse("start")).status_code == 403
    other = factories.make_workspace("osprey")
    client.force_login(factories.make_member(other, Role.OWNER).user)
    assert client.get(reverse("start_file", args=[kept.pk])).status_code == 404
    assert client.post(reverse("start_remove", args=[kept.pk])).status_code == 404


def test_the_page_asks_as_much_with_many_files_as_with_one(
    client: Client, owner: Membership, workspace: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 6):
        sent = factories.uploaded(vendor.accounts(number), f"account{number}.csv")
        client.post(reverse("start_upload"), {"files": [sent]})
    with django_assert_max_num_queries(14):
        assert client.get(reverse("start")).status_code == 200
