"""Typed query filters. A name that is no filter is an error: a misspelt filter must not return everything."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from csplatform.core.rest.paging import RESERVED
from csplatform.core.rest.problems import invalid

_TRUTH = (("true", "true"), ("false", "false"))


class TrueOrFalse(django_filters.TypedChoiceFilter):
    """``true`` or ``false`` and nothing else: django-filter's own reads a misspelling as "no filter"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=_TRUTH, coerce=lambda text: text == "true", **options)


class StrictFilters(BaseFilterBackend):
    """Applies the view's ``filterset_class`` to a list."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        declared = view.filterset_class.base_filters
        unknown = sorted(set(request.query_params) - set(declared) - RESERVED)
        if unknown:
            known = ", ".join(sorted({*declared, *RESERVED}))
            raise invalid(
                [(name[:60], _("No such filter. Known are %(known)s.") % {"known": known}) for name in unknown]
            )
        filterset = view.filterset_class(data=request.query_params, queryset=queryset, request=request)
        if not filterset.is_valid():
            raise ValidationError(filterset.errors)
        narrowed: QuerySet[Any] = filterset.qs
        return narrowed

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": _schema(each),
                "description": str(each.extra.get("help_text", "")) or _describe(each),
            }
            for name, each in view.filterset_class.base_filters.items()
        ]


def _schema(each: django_filters.Filter) -> dict[str, Any]:
    kind = each.field_class
    if isinstance(each, django_filters.ChoiceFilter | django_filters.TypedChoiceFilter):
        return {"type": "string", "enum": [str(value) for value, _label in each.extra["choices"]]}
    if issubclass(kind, forms.UUIDField):
        return {"type": "string", "format": "uuid"}
    if isinstance(each, django_filters.IsoDateTimeFilter):
        return {"type": "string", "format": "date-time"}
    if issubclass(kind, forms.DateField):
        return {"type": "string", "format": "date"}
    if issubclass(kind, forms.DecimalField | forms.FloatField):
        return {"type": "number"}
    return {"type": "string"}


def _describe(each: django_filters.Filter) -> str:
    shown = {"exact": "Equal to this", "gte": "This or later, or more", "lte": "This or earlier, or less"}
    return shown.get(str(each.lookup_expr), "Matches this") + f" ({each.field_name})."
