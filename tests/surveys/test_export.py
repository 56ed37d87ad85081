"""Results as a folder: everything a page needs is in it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.services import building, lifecycle, publishing
from tests.factories import NOW, make_workspace
from tests.surveys import waves

pytestmark = pytest.mark.django_db


def published() -> None:
    with workspace_scope(make_workspace()):
        survey = building.create_from_starter(slug="top-2026", actor=audit.SYSTEM, now=NOW)
        lifecycle.open_survey(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW)
        waves.fill(survey, 120)
        publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=NOW + timedelta(days=30))


def test_every_link_inside_the_folder_leads_to_a_file_of_it(tmp_path: Path) -> None:
    published()
    call_command("export_survey", "top-2026", str(tmp_path), "--url", "https://static.example/top")
    pages = sorted(tmp_path.glob("*.html"))
    assert len(pages) == 3 * 4 * 2 + 1
    for page in pages:
        html = page.read_text(encoding="utf-8")
        targets = re.findall(r'(?:href|src)="([^"#][^"]*)"', html)
        inside = [target.split("#")[0] for target in targets if not target.startswith("http")]
        assert inside
        for target in inside:
            assert (tmp_path / target).is_file(), (page.name, target)
        assert 'content="https://static.example/top/og-' in html or page.name.startswith("embed")
    assert (tmp_path / "index.html").read_bytes() == (tmp_path / "results-en.html").read_bytes()
    assert {path.name for path in tmp_path.glob("*.csv")} == {"results.csv", "data.csv", "codebook.csv"}


def test_what_cannot_be_exported_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing"):
        call_command("export_survey", "nothing", str(tmp_path))
    published()
    with pytest.raises(CommandError, match="version"):
        call_command("export_survey", "top-2026", str(tmp_path), "--version-number", "7")
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("export_survey", "top-2026", str(tmp_path / "file"))
