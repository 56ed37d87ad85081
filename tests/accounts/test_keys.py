"""API keys: shown once, checked by digest, closed for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import ApiKey
from accounts.services import keys
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def make_key(scopes: tuple[str, ...] = ("read", "ingest")) -> tuple[ApiKey, str]:
    workspace = factories.make_workspace()
    return keys.create_key(workspace=workspace, name="Warehouse", scopes=scopes, actor=audit.SYSTEM, now=NOW)


def test_a_key_is_found_by_its_plaintext_which_is_stored_nowhere() -> None:
    key, plaintext = make_key()
    mark, public, secret = plaintext.split("_")
    assert (mark, len(public), len(secret)) == ("bmr", 12, 43)
    assert keys.find_key(plaintext) == key
    row = ApiKey.objects.filter(pk=key.pk).values_list().get()
    assert not any(secret in str(value) for value in row)


@pytest.mark.parametrize(
    "broken", ["", "bmr", "bmr__", "x" * 60, "bmr_{public}_{secret}x", "bmr_{public}_", "é_ü_\ud800"]
)
def test_anything_else_finds_nothing(broken: str) -> None:
    _, plaintext = make_key()
    _, public, secret = plaintext.split("_")
    assert keys.find_key(broken.format(public=public, secret=secret)) is None


def test_a_revoked_key_finds_nothing_and_the_trail_says_who_closed_it() -> None:
    key, plaintext = make_key()
    actor = audit.Actor(label="Head of operations")
    keys.revoke_key(key=key, actor=actor, now=NOW)
    keys.revoke_key(key=key, actor=actor, now=NOW + timedelta(days=1))
    assert keys.find_key(plaintext) is None
    assert key.revoked_at == NOW
    with workspace_scope(key.workspace):
        actions = AuditEvent.objects.filter(object_id=str(key.pk)).order_by("id").values_list("action", "actor_label")
        assert list(actions) == [("api_key.created", "system"), ("api_key.revoked", "Head of operations")]


@pytest.mark.parametrize("scopes", [(), ("read", "everything")])
def test_scopes_are_checked(scopes: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        make_key(scopes)
    assert list(caught.value.message_dict) == ["scopes"]


def test_use_is_noted_at_most_once_a_minute() -> None:
    key, plaintext = make_key()
    keys.touch(key, now=NOW)
    keys.touch(key, now=NOW + timedelta(seconds=59))
    stored = keys.find_key(plaintext)
    assert stored is not None
    assert stored.last_used_at == NOW
    keys.touch(stored, now=NOW + timedelta(seconds=60))
    assert ApiKey.objects.get(pk=key.pk).last_used_at == NOW + timedelta(seconds=60)
