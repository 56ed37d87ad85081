"""Customers, contacts and subscriptions are written by their services, whose rules and news must not be passed by."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from accounts import extensions
from accounts.access import actor_of
from accounts.administration.base import WorkspaceModelAdmin
from accounts.models import Customer


class ServiceAdmin(WorkspaceModelAdmin):
    """``service`` has ``create`` and ``update``; the latter takes the row's id as ``id_argument``."""

    service: Any
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

    @staticmethod
    def notify(customer_ids: Iterable[UUID | None]) -> None:
        """Tell who scores them, those that still exist."""
        wanted = [customer_id for customer_id in customer_ids if customer_id is not None]
        present = list(Customer.objects.filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True))
        if present:
            extensions.notify_changed(present, timezone.now())


def _told(name: str, value: Any, currency: str, obj: Any) -> tuple[str, Any]:
    """A form's field and value as the services are told them: links by external id, money in major units."""
    if name in ("parent", "referred_by", "customer"):
        return f"{name}_external_id", value.external_id if value else ""
    if name.endswith("arr_minor"):
        places = get_currency_precision(getattr(obj, "currency", "") or currency)
        return name.removesuffix("_minor"), "" if value is None else Decimal(value).scaleb(-places)
    return name, "" if value is None else value
