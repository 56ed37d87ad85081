"""Requests made up from the OpenAPI document itself: none may break the server or the document's word."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Workspace
from csplatform.api.docs import document
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import make_api

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def application(environ: Any, start_response: Any) -> Any:
    """Made at the first request, when the tests' settings hold."""
    return _handler()(environ, start_response)


schema = schemathesis.openapi.from_dict(document())
schema.app = application


@pytest.fixture
def bearer(workspace: Workspace) -> dict[str, str]:
    with workspace_scope(workspace):
        customer = factories.make_customer(external_id="c-1")
        factories.make_contact(customer, external_id="p-1")
        factories.make_subscription(customer, external_id="s-1")
    return {"Authorization": f"Bearer {make_api(workspace).key}"}


@pytest.mark.django_db(transaction=True)
@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_word(case: Any, bearer: dict[str, str]) -> None:
    case.call_and_validate(headers=bearer, checks=CHECKS)
