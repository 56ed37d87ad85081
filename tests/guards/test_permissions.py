"""The permission matrix as the settings pages hold it: every role at every page."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.roles import MATRIX, Permission, Role
from tests import factories

pytestmark = pytest.mark.django_db

PAGES: dict[str, Permission | None] = {
    "/settings/profile/": None,
    "/settings/members/": None,
    "/settings/workspace/": Permission.CONFIGURE,
    "/settings/portfolio/": Permission.ASSIGN_PORTFOLIOS,
    "/settings/keys/": Permission.MANAGE_KEYS,
    "/settings/webhooks/": Permission.MANAGE_KEYS,
    "/settings/audit/": Permission.VIEW_AUDIT,
    "/admin/": Permission.USE_ADMIN,
}
WRITES: dict[str, Permission] = {
    "/settings/members/": Permission.MANAGE_MEMBERS,
    "/settings/members/{member}/": Permission.MANAGE_MEMBERS,
    "/settings/members/{member}/remove/": Permission.MANAGE_MEMBERS,
    "/settings/keys/": Permission.MANAGE_KEYS,
    "/settings/webhooks/": Permission.MANAGE_KEYS,
    "/settings/portfolio/{member}/": Permission.ASSIGN_PORTFOLIOS,
    "/settings/portfolio/{member}/return/": Permission.ASSIGN_PORTFOLIOS,
    "/settings/workspace/": Permission.CONFIGURE,
}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_at_every_settings_page(role: Role) -> None:
    workspace = factories.make_workspace()
    member = factories.make_member(workspace, Role.CSM)
    client = Client()
    client.force_login(factories.make_member(workspace, role).user)
    for page, permission in PAGES.items():
        may = permission is None or permission in MATRIX[role]
        assert client.get(page, follow=True).status_code == (200 if may else 403), page
    for page, permission in WRITES.items():
        # An empty form changes nothing: allowed, it comes back to be filled in; else it is refused outright.
        status = client.post(page.format(member=member.pk)).status_code
        assert (status == 403) == (permission not in MATRIX[role]), page


def test_every_permission_is_somebodys_and_owners_have_all() -> None:
    assert set().union(*MATRIX.values()) == set(Permission) == MATRIX[Role.OWNER]
    assert set(MATRIX) == set(Role)


def test_the_settings_menu_lists_what_opens() -> None:
    workspace = factories.make_workspace()
    for role in Role:
        client = Client()
        client.force_login(factories.make_member(workspace, role).user)
        menu = client.get("/settings/profile/").content.decode()
        for page, permission in PAGES.items():
            may = permission is None or permission in MATRIX[role]
            assert (f'href="{page}"' in menu) == may, (role, page)
