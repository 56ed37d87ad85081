"""How the OpenAPI document describes what surveys hold."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from csplatform.core.rest.fields import shaped

_EXAMPLE = {"en": "Low product adoption", "de": "Geringe Nutzung des Produkts"}
TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [_EXAMPLE]}
_CHOICE = {
    "type": "object",
    "required": ["key", "label"],
    "properties": {"key": {"type": "string"}, "label": TEXTS},
    "examples": [{"key": "europe", "label": {"en": "Europe"}}],
}
CHOICES: dict[str, Any] = {"type": "array", "items": _CHOICE}
SCALE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "description": "Of a scale: its ends.",
    "examples": [{"from": 1, "to": 5}],
}
OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
KEYED: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"role": "csm"}]}
HOSTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "object", "additionalProperties": {"type": "string"}},
    "examples": [[{"name": "The host team", "company": "Sherwood Routing"}]],
}


def json_field(shape: dict[str, Any], **options: Any) -> serializers.Field[Any, Any, Any, Any]:
    """A field of the given ``shape``; what it holds is checked by the services."""
    return shaped(serializers.JSONField, shape)(**options)
