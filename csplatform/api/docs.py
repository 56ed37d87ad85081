"""The OpenAPI document and the page that shows it. Both are public: they describe the product, not its data."""

from __future__ import annotations

from functools import cache
from typing import Any

from csp.decorators import csp_update
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from csplatform.api import schema as _schema  # noqa: F401  (registers how callers sign in)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document. It depends on the code alone, so it is made once."""
    with translation.override("en"):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


class SchemaView(APIView):
    """JSON, or YAML where it is asked for."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    schema = None

    def get(self, request: Request) -> Response:
        return Response(document())


# Swagger UI sets style attributes from its script, which the policy would otherwise refuse.
@method_decorator(csp_update({"style-src": ["'self'", "'unsafe-inline'"]}), name="dispatch")
class DocsView(TemplateView):
    template_name = "api/docs.html"
