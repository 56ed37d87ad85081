"""The admin site: for roles with USE_ADMIN, and for nothing but the chosen workspace."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.administration.base import WorkspaceModelAdmin
from accounts.models import Membership
from accounts.roles import Permission, allows


class WorkspaceAdminSite(admin.AdminSite):
    site_title = "Boomerang"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """A member of the chosen workspace whose role may administer; Django's superuser flag opens nothing."""
        membership: Membership | None = getattr(request, "membership", None)
        return membership is not None and allows(membership.role, Permission.USE_ADMIN)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take our own pages only: what other packages register shows rows of all workspaces."""
        if admin_class is not None and issubclass(admin_class, WorkspaceModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Without "view on site" by content type and id: it looks past the pages below and their rules."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) != "view_on_site"]

    def each_context(self, request: Any) -> dict[str, Any]:
        workspace = getattr(request, "workspace", None)
        header = _("Administration of %(name)s") % {"name": workspace.name} if workspace else self.site_title
        return {**super().each_context(request), "site_header": header, "index_title": header}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Nobody signs in here, past the second factor: strangers go to sign-in, the others lack the permission."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or request.get_full_path())
        if getattr(request, "membership", None) is None:
            return redirect("no_workspace")
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied(_("Your role does not include the administration pages."))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("profile")
