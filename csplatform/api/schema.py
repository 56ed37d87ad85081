"""What the OpenAPI document says of every operation: how to sign in, which headers there are, how faults look."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

PROBLEM = {"$ref": "#/components/responses/Problem"}
_REFERENCE = re.compile(r"/v1/(?P<resource>[a-z-]+)/\{id\}/")
_WITH_EXTERNAL_ID = frozenset({"customers", "contacts", "subscriptions"})
_RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_KEY_TEXT = "A key of your own: the answer to its first request is kept for a day and replayed to later ones."
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
_CHANGES = frozenset({"put", "patch", "delete"})


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.access.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A workspace's API key. Scopes: `read` to read, `write` to change, `admin` for all.",
        }


class MemberScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.access.MemberAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A signed-in member. Changes also need the `X-CSRFToken` header.",
        }


def complete(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """Post-processing: the parts that are the same everywhere, written once."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _problem_schema()
    components["responses"] = {"Problem": _problem_response()}
    components["headers"] = _headers()
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _tag_answers(operation, components["schemas"])
            _complete_operation(path, method, operation)
    return result


def _tag_answers(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Single records that have a version carry an ``ETag``."""
    for status, answer in operation["responses"].items():
        shown = answer.get("content", {}).get("application/json", {}).get("schema", {})
        name = str(shown.get("$ref", "")).rpartition("/")[2]
        if "version" in schemas.get(name, {}).get("properties", {}):
            answer.setdefault("headers", {}).update(_refs("ETag"))
        if status == "201":
            answer.setdefault("headers", {}).update(_refs("Location"))


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    reference = _REFERENCE.search(path)
    for parameter in parameters:
        if parameter["in"] == "path" and parameter["name"] == "id" and reference:
            parameter.update(_reference_parameter(reference["resource"]))
        elif parameter["in"] == "path":
            parameter.setdefault("description", f"The {parameter['name']}'s number.")
    responses = operation["responses"]
    has_version = any("ETag" in each.get("headers", {}) for each in responses.values())
    for answer in responses.values():
        answer.setdefault("headers", {}).update(_refs(*_RATE_HEADERS))
    statuses = {"400", "401", "403", "406", "429", "503"}
    if reference:
        statuses.add("404")
    if "requestBody" in operation:
        statuses |= {"404", "409", "413", "415"}
    if method == "post":
        parameters.append(_header("Idempotency-Key", _KEY_TEXT, _KEY_SCHEMA))
        statuses |= {"409", "422"}
    if method in _CHANGES:
        parameters.append(_header("If-Match", "The `ETag` last read. 412 when the record has changed since."))
        statuses.add("409")
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        statuses.add("412")
    if method == "get" and has_version:
        parameters.append(_header("If-None-Match", "The `ETag` of an answer you keep: 304 when it is still true."))
        responses["304"] = {"description": "Unchanged.", "headers": _refs("ETag", *_RATE_HEADERS)}
    for status in sorted(statuses - set(responses)):
        responses[status] = PROBLEM


def _reference_parameter(resource: str) -> dict[str, Any]:
    if resource in _WITH_EXTERNAL_ID:
        text = "The record's id, or `ext:` and its external id (percent-encoded)."
    else:
        text = "The record's id."
    return {"schema": {"type": "string", "minLength": 1}, "description": text}


def _header(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = schema or {"type": "string"}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _refs(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers() -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    return {
        "RateLimit-Limit": {"description": "Requests a minute.", "schema": whole},
        "RateLimit-Remaining": {"description": "Requests left in this minute.", "schema": whole},
        "RateLimit-Reset": {"description": "Seconds until the minute is over.", "schema": whole},
        "ETag": {"description": "The version of this answer, for `If-Match`.", "schema": {"type": "string"}},
        "Location": {"description": "Address of the new record.", "schema": {"type": "string", "format": "uri"}},
        "Retry-After": {"description": "Seconds to wait before another try.", "schema": whole},
    }


def _problem_response() -> dict[str, Any]:
    return {
        "description": "A problem (RFC 9457). Nothing was changed.",
        "headers": _refs("Retry-After"),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What went wrong, for people (`detail`) and programs (`type`, `status`, `errors`).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "examples": ["about:blank", "urn:boomerang:problem:stale-version"]},
            "title": {"type": "string", "examples": ["Bad Request"]},
            "status": {"type": "integer", "examples": [400]},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {
                        "field": {
                            "type": ["string", "null"],
                            "description": "Where, with dots for what is nested; null for the request as a whole.",
                        },
                        "message": {"type": "string"},
                    },
                },
            },
        },
    }
