"""A caller of the REST interface, as an integration would write one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from accounts.services import keys
from csplatform.core import audit
from tests import factories


@dataclass
class Api:
    """Requests below ``/api/v1/`` with one key (none: a stranger)."""

    key: str | None
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            given.setdefault("Authorization", f"Bearer {self.key}")
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        address = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        return self.client.generic(method, address, content, content_type="application/json", headers=given)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


KeyMaker = Callable[..., Api]


def make_api(workspace: Workspace, scopes: Sequence[str] = ("read", "write", "admin")) -> Api:
    _key, plaintext = keys.create_key(
        workspace=workspace, name="Warehouse", scopes=scopes, actor=audit.SYSTEM, now=factories.NOW
    )
    return Api(plaintext)


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem in ``response``, which must be one with ``status``."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def fields(body: dict[str, Any]) -> list[str | None]:
    return [error["field"] for error in body["errors"]]


@pytest.fixture
def workspace(db: None) -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def api(workspace: Workspace) -> Api:
    return make_api(workspace)
