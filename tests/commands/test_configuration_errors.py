"""A command that cannot work as configured says so in one line, and does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings

from csplatform.core.routers import OWNER
from csplatform.local.state import PROJECT

pytestmark = pytest.mark.django_db


def owner_url() -> str:
    database: dict[str, Any] = settings.DATABASES[OWNER]
    password = quote(database["PASSWORD"], safe="")
    where = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return f"postgres://{database['USER']}:{password}@{where}"


def score(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "score", "--workspace", "kestrel", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_role_that_could_see_every_workspace_is_refused_in_one_line() -> None:
    refused = score(DATABASE_URL=owner_url())
    assert refused.returncode == 1
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert "owns the tables: tenants would not be kept apart" in line
    assert "setup_roles" in line


def test_the_traceback_can_be_asked_for() -> None:
    assert "Traceback" in score("--traceback", DATABASE_URL=owner_url()).stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [("nonsense", "DATABASE_URL is not usable"), ("postgres://a:b@127.0.0.1:1/c", "Connection refused")],
)
def test_an_address_that_leads_nowhere_is_named_in_one_line(url: str, said: str) -> None:
    refused = score(DATABASE_URL=url)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert said in line
