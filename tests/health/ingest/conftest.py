"""A workspace with an ingest key, and a client that speaks the protocol."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from accounts.services import keys
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health.ingest import access, wake
from health.models import InboxBatch
from tests import factories


@pytest.fixture(autouse=True)
def _no_wake_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tests drain by themselves, when they want to."""
    monkeypatch.setattr(wake.waker, "wake", lambda workspace_id: None)
    access.forget()
    yield
    access.forget()


@dataclass
class Sender:
    """Sends to ``/v1`` with a key of ``workspace``."""

    workspace: Workspace
    key: str
    client: Client

    def post(self, path: str, body: Any, *, key: str | None = None, gzipped: bool = False, **extra: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if gzipped:
            data, extra["HTTP_CONTENT_ENCODING"] = gzip.compress(data), "gzip"
        token = base64.b64encode(f"{key or self.key}:".encode()).decode()
        extra.setdefault("HTTP_AUTHORIZATION", f"Basic {token}")
        return self.client.post(path, data, content_type="application/json", **extra)

    def batch(self, *messages: dict[str, Any], **envelope: Any) -> Any:
        return self.post("/v1/batch", {"batch": list(messages), **envelope})

    def waiting(self) -> int:
        with workspace_scope(self.workspace):
            return sum(InboxBatch.objects.values_list("messages", flat=True))


@pytest.fixture
def sender(transactional_db: None) -> Sender:
    workspace = factories.make_workspace()
    _, plaintext = keys.create_key(
        workspace=workspace, name="product", scopes=["ingest"], actor=audit.SYSTEM, now=datetime.now(UTC)
    )
    return Sender(workspace, plaintext, Client())
