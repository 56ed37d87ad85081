"""What every page of the administration shares: the permission matrix, the workspace, the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import actor_of
from accounts.middleware import WorkspaceRequest
from accounts.models import Invitation, Membership, User, Workspace
from accounts.roles import Permission, allows
from csplatform.core import audit

_NAMED_DELETIONS = 50


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Knows the workspace before it checks, so that "unique in the workspace" is checked and named."""

    workspace: ClassVar[Workspace]

    def _post_clean(self) -> None:
        if hasattr(self.instance, "workspace_id") and self.instance.workspace_id is None:
            self.instance.workspace_id = self.workspace.pk
        super()._post_clean()  # type: ignore[misc]  # ModelForm's own hooks, left out of its types
        if not self.errors:
            try:
                self.instance.validate_constraints()
            except ValidationError as error:
                self._update_errors(error)  # type: ignore[attr-defined]  # ModelForm's own hooks, left out of its types


class WorkspaceModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Rows of the chosen workspace, under the permission matrix, every change in the audit trail.

    ``changing``: what the matrix must grant to add, change and delete; None: the rows are history and only read.
    """

    changing: ClassVar[Permission | None] = Permission.EDIT_CUSTOMERS
    may_add: ClassVar[bool] = True
    may_delete: ClassVar[bool] = True
    form = WorkspaceForm
    show_full_result_count = False
    list_per_page = 100

    # --- who may what ---

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._granted(request, Permission.USE_ADMIN)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.changing is not None and self._granted(request, self.changing)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and self.has_change_permission(request, obj)

    @staticmethod
    def _granted(request: HttpRequest, permission: Permission) -> bool:
        membership: Membership | None = getattr(request, "membership", None)
        return (
            membership is not None
            and allows(membership.role, Permission.USE_ADMIN)
            and allows(membership.role, permission)
        )

    # --- the workspace ---

    def get_urls(self) -> list[Any]:
        """Without Django's redirect from addresses of before 2016, which answers for rows that are not there."""
        return [pattern for pattern in super().get_urls() if pattern.name]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(workspace=_workspace(request))

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*(super().get_exclude(request, obj) or ()), "workspace"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"workspace": _workspace(request)})

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: Any, **kwargs: Any) -> Any:
        """Choices of the workspace only: tenant tables are scoped already, the global ones are filtered here."""
        kwargs.setdefault("queryset", choices_of(db_field.remote_field.model, _workspace(request)))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", choices_of(db_field.remote_field.model, _workspace(request)))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Not Django's redirect: a row of another workspace is not found, here as everywhere."""
        raise Http404

    # --- writing ---

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """A rule that only shows while writing answers with its reason; nothing is kept of the attempt."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as error:
            messages.error(request, _("Not saved: %(reason)s") % {"reason": " ".join(error.messages)})
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        now = timezone.now()
        names = {field.name for field in obj._meta.concrete_fields}
        if "updated_at" in names:
            obj.updated_at = now
        if not change and "created_at" in names and obj.created_at is None:
            obj.created_at = now
        super().save_model(request, obj, form, change)
        self.after_change(request, [obj])
        verb = "changed" if change else "created"
        self.record(request, verb, obj, {"fields": sorted(form.changed_data)})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, "deleted", obj, {"name": str(obj)[:200]})
        obj.delete()
        self.after_change(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset)
        for row in rows:
            self.record(request, "deleted", row, {"name": str(row)[:200]})
        queryset.delete()
        self.after_change(request, rows)

    def after_change(self, request: HttpRequest, rows: list[Any]) -> None:
        """What else must be brought up to date once ``rows`` were saved or deleted, in the same transaction."""

    def record(self, request: HttpRequest, verb: str, obj: Model, data: dict[str, Any]) -> None:
        """One line in the audit trail: ``customer.changed`` and the like."""
        action = f"{obj._meta.model_name}.{verb}"
        audit.record(actor=actor_of(request), action=action, subject=obj, data=data, now=timezone.now())

    # --- the trail instead of Django's own log, which knows no workspace ---

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: ``save_model`` has written the trail."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: ``save_model`` has written the trail."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing: ``delete_model`` and ``delete_queryset`` have written the trail."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return redirect(reverse("audit_list") + "?" + urlencode({"object_id": found.pk}))

    # --- deleting ---

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """A preview that stays readable for thousands of rows: the first names, and counts of what goes with them."""
        rows = list(objs)
        named = [str(row) for row in rows[:_NAMED_DELETIONS]]
        if len(rows) > len(named):
            named.append(_("… and %(n)d more") % {"n": len(rows) - len(named)})
        counts = {str(self.opts.verbose_name_plural): len(rows), **self.goes_along(rows)}
        return named, counts, set(), []

    def goes_along(self, rows: list[Any]) -> dict[str, int]:
        """Kind → how many rows of other tables are deleted with ``rows``."""
        return {}


class HistoryAdmin(WorkspaceModelAdmin):
    """Rows that are history: read, never changed."""

    changing = None


def _workspace(request: Any) -> Workspace:
    typed: WorkspaceRequest = request
    return typed.workspace


def choices_of(model: type[Any], workspace: Workspace) -> QuerySet[Any]:
    """The rows of ``model`` that somebody in ``workspace`` may point at."""
    if model is Workspace:
        return Workspace.objects.filter(pk=workspace.pk)
    if model is User:
        return User.objects.filter(memberships__workspace=workspace)
    if model in (Membership, Invitation):
        return model.objects.filter(workspace=workspace).order_by("pk")  # type: ignore[no-any-return]  # managers are made at run time
    return model._default_manager.all()  # type: ignore[no-any-return]  # managers are made at run time
