"""Every address below ``/api/``. Sub-resources come before their customer: an external id may hold slashes."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path, register_converter
from rest_framework.viewsets import ViewSetMixin

from accounts.api.customers import CustomerViewSet
from csplatform.api.docs import DocsView, SchemaView
from csplatform.api.errors import unknown_address
from csplatform.core.rest.paths import ReferenceConverter

register_converter(ReferenceConverter, "reference")

_LIST = {"get": "list", "post": "create"}
_RECORD = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


def _records(name: str, view: type[ViewSetMixin]) -> list[URLPattern]:
    """The list and the single record of a resource, with the methods its view has."""
    collection = {method: action for method, action in _LIST.items() if hasattr(view, action)}
    record = {method: action for method, action in _RECORD.items() if hasattr(view, action)}
    return [
        path(f"v1/{name}/", view.as_view(collection), name=f"api-{name}"),
        path(f"v1/{name}/<reference:id>/", view.as_view(record), name=f"api-{name}-record"),
    ]


urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
    *_records("customers", CustomerViewSet),
    re_path(r"^", unknown_address),
]
