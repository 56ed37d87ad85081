"""A page is one transaction: what it wrote before it failed is undone with it."""

from __future__ import annotations

from typing import NoReturn

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from accounts.models import Customer
from accounts.roles import Role
from csplatform.core.tenancy import workspace_scope
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def write_and_crash(request: HttpRequest) -> NoReturn:
    factories.make_customer("Half written")
    raise RuntimeError


def write_and_find_nothing(request: HttpRequest) -> NoReturn:
    factories.make_customer("Half written")
    raise Http404


def write(request: HttpRequest) -> HttpResponse:
    factories.make_customer("Written")
    return HttpResponse("done")


urlpatterns = [path("crash/", write_and_crash), path("nothing/", write_and_find_nothing), path("write/", write)]


@pytest.mark.parametrize(
    ("address", "status", "kept"), [("/crash/", 500, 0), ("/nothing/", 404, 0), ("/write/", 200, 1)]
)
def test_what_a_page_wrote_stays_only_if_it_succeeds(address: str, status: int, kept: int) -> None:
    workspace = factories.make_workspace()
    client = Client(raise_request_exception=False)
    client.force_login(factories.make_member(workspace, Role.MANAGER).user)
    with override_settings(ROOT_URLCONF=__name__):
        assert client.get(address).status_code == status
    with workspace_scope(workspace):
        assert Customer.objects.count() == kept
