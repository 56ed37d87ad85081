"""One process prepares a start: afterwards it is known whether the demo still has to be loaded."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.models import Workspace
from accounts.roles import Role
from accounts.services import people, workspaces
from csplatform.core import audit
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def prepare(file: Path) -> bool:
    """Whether the file was made."""
    call_command("prepare", "--demo-logins", str(file), verbosity=0, stdout=StringIO())
    return file.exists()


def test_who_can_sign_in_is_written_down_once_the_demo_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "logins"
    assert not prepare(file)

    demo = factories.make_workspace("sherwood", is_demo=True)
    user = people.create_person(email="owner@sherwood.example", password=settings.DEMO_PASSWORD)
    workspaces.add_member(workspace=demo, user=user, role=Role.OWNER, now=factories.NOW, actor=audit.SYSTEM)
    assert not prepare(file), "half a demo has to be loaded to its end"

    Workspace.objects.filter(pk=demo.pk).update(demo_ready_at=factories.NOW)
    assert not prepare(file), "of its two workspaces one is missing"

    factories.make_workspace("community", is_demo=True)
    Workspace.objects.filter(slug="community").update(demo_ready_at=factories.NOW)
    assert prepare(file)
    assert file.read_text().split() == ["owner@sherwood.example", settings.DEMO_PASSWORD, "sherwood:", "owner"]
