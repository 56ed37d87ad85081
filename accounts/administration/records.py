"""Customers, contacts and subscriptions are written by their services, whose rules and news must not be passed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.contrib import messages
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from accounts.access import actor_of
from accounts.administration.base import WorkspaceModelAdmin
from accounts.services.results import BusyError


class ServiceAdmin(WorkspaceModelAdmin):
    """``service`` has ``create`` and ``update``; the latter and ``deletes`` take the row's id as ``id_argument``."""

    service: Any
    deletes: Callable[..., None]
    id_argument: str

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The external id is how other systems know the row: it stays."""
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "external_id"] if obj else fields

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        names = (
            form.changed_data if change else [name for name, value in form.cleaned_data.items() if value is not None]
        )
        told = dict(_told(name, form.cleaned_data[name], request.workspace.currency, obj) for name in names)
        told.pop("external_id", None)
        arguments: dict[str, Any] = {"told": told, "actor": actor_of(request), "now": timezone.now()}
        saved: Model
        if change:
            saved = self.service.update(**{self.id_argument: obj.pk}, **arguments)
        else:
            saved = self.service.create(external_id=obj.external_id, **arguments)
        obj.pk = saved.pk
        obj._state.adding = False
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, [obj])

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        for row in list(queryset):
            self.deletes(**{self.id_argument: row.pk}, actor=actor_of(request), now=timezone.now())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        whole = super().delete_view
        return self._unless_busy(request, lambda: whole(request, object_id, extra_context))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        whole = super().changelist_view
        return self._unless_busy(request, lambda: whole(request, extra_context))

    @staticmethod
    def _unless_busy(request: HttpRequest, answer: Callable[[], Any]) -> Any:
        try:
            return answer()
        except BusyError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())


def _told(name: str, value: Any, currency: str, obj: Any) -> tuple[str, Any]:
    """A form's field and value as the services are told them: links by external id, money in major units."""
    if name in ("parent", "referred_by", "customer"):
        return f"{name}_external_id", value.external_id if value else ""
    if name.endswith("arr_minor"):
        places = get_currency_precision(getattr(obj, "currency", "") or currency)
        return name.removesuffix("_minor"), "" if value is None else Decimal(value).scaleb(-places)
    return name, "" if value is None else value
