"""``create_workspace`` and ``create_api_key`` as an operator's script meets them."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership, Workspace
from accounts.roles import Role
from accounts.services import keys, people

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def create(slug: str = "kestrel", email: str = "owner@kestrel.example", *more: str) -> tuple[str, str]:
    return run(
        "create_workspace",
        slug,
        "--name=Kestrel",
        f"--owner-email={email}",
        "--owner-password=correct horse battery",
        *more,
    )


def test_a_workspace_comes_with_its_owner() -> None:
    out, err = create()
    membership = Membership.objects.get(workspace__slug="kestrel")
    assert (membership.role, membership.user.email) == (Role.OWNER, "owner@kestrel.example")
    assert membership.user.check_password("correct horse battery")
    assert out == "kestrel\n"
    assert "owner@kestrel.example owns it" in err


def test_an_owner_who_has_an_account_keeps_the_password() -> None:
    people.create_person(email="owner@kestrel.example", password="their own long one")
    _, err = create("kestrel", "Owner@Kestrel.example")
    owner = Membership.objects.get(workspace__slug="kestrel").user
    assert owner.check_password("their own long one")
    assert "left as it is" in err


@pytest.mark.parametrize(
    ("slug", "email", "named"),
    [("Not A Slug", "owner@kestrel.example", "slug"), ("kestrel", "nobody", "email"), ("", "a@b.example", "slug")],
)
def test_bad_input_is_named_and_nothing_is_made(slug: str, email: str, named: str) -> None:
    with pytest.raises(CommandError, match=named) as caught:
        create(slug, email)
    assert "\n" not in str(caught.value)
    assert not Workspace.objects.exists()
    assert people.find_person(email) is None


def test_a_taken_slug_is_refused() -> None:
    create()
    with pytest.raises(CommandError, match="slug"):
        create("kestrel", "second@kestrel.example")


def test_the_key_stands_alone_on_standard_output() -> None:
    create()
    out, err = run("create_api_key", "--workspace=kestrel", "--name=Warehouse", "--scopes=ingest,read")
    key = keys.find_key(out.removesuffix("\n"))
    assert key is not None
    assert key.scopes == ["read", "ingest"]
    assert "Warehouse" in err
    out, _ = run("create_api_key", "--workspace=kestrel", "--name=Second", "--scopes=admin", "--json")
    assert keys.find_key(json.loads(out)["key"]) is not None


@pytest.mark.parametrize(
    ("workspace", "name", "scopes", "named"),
    [
        ("nowhere", "Key", "read", "nowhere"),
        ("kestrel", "Key", "read,fly", "fly"),
        ("kestrel", "Key", "", "scope"),
        ("kestrel", " ", "read", "name"),
    ],
)
def test_a_bad_key_request_is_named(workspace: str, name: str, scopes: str, named: str) -> None:
    create()
    with pytest.raises(CommandError, match=named):
        run("create_api_key", f"--workspace={workspace}", f"--name={name}", f"--scopes={scopes}")
