"""Who calls the REST interface, and what they may do: a workspace's key, or a signed-in member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.middleware import WorkspaceRequest
from accounts.models import ApiKey, Membership, Workspace
from accounts.roles import Permission, allows
from accounts.services import keys
from csplatform.core.audit import Actor


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks for: a scope of a key, or a permission of a member's role."""

    scope: str
    permission: Permission


READ = Need("read", Permission.VIEW_CUSTOMERS)
WRITE = Need("write", Permission.EDIT_CUSTOMERS)
IMPORT = Need("write", Permission.IMPORT_DATA)
READ_IMPORTS = Need("read", Permission.IMPORT_DATA)
DELETE = Need("write", Permission.DELETE_CUSTOMERS)
CONFIGURE = Need("admin", Permission.CONFIGURE)


@dataclass(frozen=True, slots=True)
class Caller:
    """One side of a request: exactly one of ``key`` and ``membership`` is set."""

    workspace: Workspace
    actor: Actor
    key: ApiKey | None = None
    membership: Membership | None = None

    @property
    def rate_name(self) -> str:
        return f"key:{self.key.pk}" if self.key else f"member:{cast(Membership, self.membership).pk}"

    def require(self, need: Need) -> None:
        """Raise 403, naming what is missing, unless the caller may do what ``need`` asks for."""
        if self.key is not None and not _grants(self.key.scopes, need.scope):
            raise exceptions.PermissionDenied(_("This key lacks the scope “%(scope)s”.") % {"scope": need.scope})
        if self.membership is not None and not allows(self.membership.role, need.permission):
            wanted = need.permission.label
            raise exceptions.PermissionDenied(_("Your role does not allow this: %(what)s.") % {"what": wanted})


def _grants(scopes: list[str], wanted: str) -> bool:
    """An admin key may do all that REST offers; the ingest scope opens nothing here."""
    return wanted in scopes or "admin" in scopes


class KeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer KEY``."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise exceptions.AuthenticationFailed(_("Use “Authorization: Bearer KEY”."))
        key = keys.find_key(given.strip())
        if key is None:
            raise exceptions.AuthenticationFailed(_("This key is unknown or was revoked."))
        keys.touch(key, now=timezone.now())
        actor = Actor(label=_("API key “%(name)s”") % {"name": key.name})
        return AnonymousUser(), Caller(workspace=key.workspace, actor=actor, key=key)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class MemberAuthentication(authentication.SessionAuthentication):
    """The session of a signed-in member. Changes need the CSRF token, as in every page."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        membership = cast(WorkspaceRequest, request._request).membership
        if membership is None:
            raise exceptions.PermissionDenied(_("You belong to no workspace."))
        user = signed_in[0]
        actor = Actor(label=str(user), user_id=user.pk)
        return user, Caller(workspace=membership.workspace, actor=actor, membership=membership)
