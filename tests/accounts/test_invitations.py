"""Coming in: from the invitation on the members page to the first page inside."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership, User, Workspace
from accounts.roles import Role
from accounts.services import invitations, people
from csplatform.core import audit
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a longbow of yew wood"


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def admin(workspace: Workspace, client: Client) -> Membership:
    membership = factories.make_member(workspace, Role.ADMIN)
    client.force_login(membership.user)
    return membership


def invite(client: Client, email: str = "Nora@Heron.example", role: str = "csm") -> str:
    """Invite through the page, mail it, and return the path of the link."""
    answer = client.post("/settings/members/", {"email": email, "role": role, "department": "sales"})
    assert answer.status_code == 302, answer.content.decode()
    return mailed_link()


def mailed_link() -> str:
    assert invitations.mail_waiting(now=timezone.now()) == 1
    found = re.search(r"https?://[^/\s]+(/invitations/\S+/)", str(mail.outbox[-1].body))
    assert found is not None
    return found.group(1)


def test_a_new_person_names_themselves_and_is_in(client: Client, admin: Membership) -> None:
    link = invite(client)
    assert mail.outbox[-1].to == ["nora@heron.example"]
    newcomer = Client()
    page = newcomer.get(link)
    assert "nora@heron.example" in page.content.decode()
    newcomer.post(link, {"name": "Nora", "password": PASSWORD})
    membership = Membership.objects.get(user__email="nora@heron.example")
    assert (membership.role, membership.department, membership.workspace) == ("csm", "sales", admin.workspace)
    assert newcomer.get("/settings/profile/").status_code == 200
    assert Client().get(link).status_code == 410


def test_a_weak_password_keeps_what_was_typed(client: Client, admin: Membership) -> None:
    link = invite(client)
    answer = Client().post(link, {"name": "Nora", "password": "short"})
    assert answer.status_code == 200
    assert 'value="Nora"' in answer.content.decode()
    assert not User.objects.filter(email="nora@heron.example").exists()


def test_a_known_person_signs_in_and_accepts(client: Client, admin: Membership) -> None:
    people.create_person(email="nora@heron.example", password=PASSWORD, name="Nora")
    link = invite(client)
    known = Client()
    to_login = known.get(link)
    assert to_login.status_code == 302
    signed_in = known.post(to_login["Location"], {"login": "nora@heron.example", "password": PASSWORD})
    assert (signed_in.status_code, signed_in["Location"]) == (302, link)
    assert known.post(link).status_code == 302
    assert Membership.objects.filter(user__email="nora@heron.example", workspace=admin.workspace).exists()


def test_answers_do_not_tell_whether_an_address_has_an_account(client: Client, admin: Membership) -> None:
    people.create_person(email="known@heron.example", password=PASSWORD)
    pages, bodies = [], []
    for email in ("known@heron.example", "never@heron.example"):
        invite(client, email)
        pages.append(client.get("/settings/members/").content.decode().replace(email, "ADDRESS"))
        bodies.append(re.sub(r"/invitations/\S+/", "LINK", str(mail.outbox[-1].body)))
        invitations.revoke(invitation=Invitation.objects.get(email=email), actor=audit.SYSTEM, now=timezone.now())
    strip = re.compile(r'value="[^"]*"|nonce="[^"]*"|[0-9a-f-]{36}|csrf[^>]*|X-CSRFToken[^>]*')
    assert strip.sub("", pages[0]) == strip.sub("", pages[1])
    assert bodies[0] == bodies[1]


def test_somebody_else_cannot_use_the_link(client: Client, admin: Membership) -> None:
    link = invite(client)
    other = Client()
    other.force_login(people.create_person(email="other@heron.example", password=PASSWORD))
    assert "another address" in other.get(link).content.decode()
    other.post(link)
    assert not Membership.objects.filter(user__email="other@heron.example").exists()


def test_a_new_link_closes_the_old_one_and_revoking_closes_all(client: Client, admin: Membership) -> None:
    first = invite(client)
    invitation = Invitation.objects.get()
    client.post(f"/settings/invitations/{invitation.pk}/resend/")
    second = mailed_link()
    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 200
    client.post(f"/settings/invitations/{invitation.pk}/revoke/")
    assert Client().get(second).status_code == 410


def test_links_expire(client: Client, admin: Membership) -> None:
    link = invite(client)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(link).status_code == 410


def test_an_old_link_demotes_nobody(client: Client, admin: Membership) -> None:
    link = invite(client, "nora@heron.example", "viewer")
    nora = people.create_person(email="nora@heron.example", password=PASSWORD)
    from accounts.services import workspaces

    workspaces.add_member(workspace=admin.workspace, user=nora, role=Role.OWNER, now=timezone.now(), actor=audit.SYSTEM)
    known = Client()
    known.force_login(nora)
    known.post(link)
    assert Membership.objects.get(user=nora).role == Role.OWNER


def test_a_refused_mail_leaves_the_invitation_waiting(
    client: Client, admin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/settings/members/", {"email": "a@heron.example", "role": "csm", "department": "sales"})
    client.post("/settings/members/", {"email": "b@heron.example", "role": "csm", "department": "sales"})

    def refuse_a(invitation: Invitation, token: str) -> None:
        if invitation.email.startswith("a@"):
            raise ConnectionRefusedError

    monkeypatch.setattr(invitations, "send_invitation", refuse_a)
    assert invitations.mail_waiting(now=timezone.now()) == 1
    assert Invitation.objects.get(mailed_at__isnull=True).email == "a@heron.example"


def test_admins_cannot_invite_owners(client: Client, admin: Membership) -> None:
    answer = client.post("/settings/members/", {"email": "x@heron.example", "role": "owner", "department": "sales"})
    assert answer.status_code == 200
    assert not Invitation.objects.exists()


def test_nobody_makes_themselves_an_account() -> None:
    answer = Client().post(
        "/accounts/signup/", {"email": "x@heron.example", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert answer.status_code in (200, 403)
    assert not User.objects.exists()
