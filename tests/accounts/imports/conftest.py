"""A workspace and a way to import text as the command does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.imports import kinds, runs
from accounts.imports.mapping import parse_pairs
from accounts.models import ImportRun, Workspace
from csplatform.core import audit
from tests import factories
from tests.factories import NOW

ImportText = Callable[..., ImportRun]


@pytest.fixture(autouse=True)
def _files_in_a_temporary_place(tmp_path: Path, settings: LazySettings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def workspace() -> Workspace:
    return factories.make_workspace()


@pytest.fixture
def import_text(workspace: Workspace, tmp_path: Path) -> ImportText:
    def run(kind: str, content: str | bytes, *pairs: str, through: date | None = None) -> ImportRun:
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = kinds.get(kind)
        assert found is not None
        return runs.import_file(
            path=path,
            kind=found,
            pairs=parse_pairs(pairs),
            through=through,
            actor=audit.Actor(label="Test"),
            workspace_id=workspace.pk,
            clock=lambda: NOW,
        )

    return run
