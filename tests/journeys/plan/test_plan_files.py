"""Files of outcomes and measurements: several KPIs an outcome, versions with dates, and the same file twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.imports import kinds, runs
from accounts.models import ImportRun, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from journeys.models import KpiVersion, Measurement, Outcome, OutcomeVersion, Win
from journeys.plan.rules import Status
from journeys.selectors import plan
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

OUTCOMES = """external_id,customer_external_id,statement,due_on,effective_on,reason,kpi_id,kpi_name,unit,baseline,target
o-1,c-1,Ship the same day,2026-12-31,2026-01-01,,k-1,Parcels an hour,parcels,20,60
o-1,c-1,,,2026-01-01,,k-2,Claims a month,claims,40,10
o-1,c-1,,,2026-04-01,The board asked for more,k-1,,,,80
o-2,c-1,Nobody types twice,,2026-02-01,,,,,,
o-3,c-9,Whose is this,,,,,,,,
o-4,c-1,Nothing to do,,,,k-4,Flat,,5,5
"""
MEASUREMENTS = """kpi_external_id,value,measured_on
k-1,30,2026-03-01
k-1,"61,5",2026-05-01
k-2,9,2026-05-01
k-9,1,2026-05-01
k-1,many,2026-05-02
k-1,4,2027-05-02
"""


@pytest.fixture(autouse=True)
def _media(tmp_path: Path, settings: LazySettings) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@dataclass(frozen=True)
class Files:
    """A workspace with one customer, and a way to import text as the command does."""

    workspace: Workspace
    folder: Path

    def read(self, kind: str, content: str) -> ImportRun:
        path = self.folder / f"{kind}.csv"
        path.write_text(content, encoding="utf-8")
        found = kinds.get(kind)
        assert found is not None
        return runs.import_file(
            path=path,
            kind=found,
            pairs=(),
            through=None,
            actor=audit.Actor(label="Test"),
            workspace_id=self.workspace.pk,
            clock=lambda: NOW,
        )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        factories.make_customer(external_id="c-1")
    return Files(workspace, tmp_path)


@pytest.fixture
def loaded(files: Files) -> tuple[ImportRun, ImportRun]:
    return files.read("outcomes", OUTCOMES), files.read("measurements", MEASUREMENTS)


def reasons(run: ImportRun) -> str:
    with run.rejects.open("rb") as file:
        text: str = file.read().decode()
    return text


def test_a_file_of_outcomes_carries_their_kpis_and_how_they_evolved(
    files: Files, loaded: tuple[ImportRun, ImportRun]
) -> None:
    with workspace_scope(files.workspace):
        outcomes = plan.plan_of(Outcome.objects.filter(external_id="o-1").get().customer_id, day=date(2026, 6, 1))
        told = {read.outcome.external_id: read for read in outcomes}
        assert told["o-1"].version.statement == "Ship the same day"
        assert {kpi.version.name: kpi.standing.status for kpi in told["o-1"].kpis} == {
            "Parcels an hour": Status.ON_TRACK,
            "Claims a month": Status.MET,
        }
        assert told["o-2"].kpis == ()
        targets = KpiVersion.objects.filter(kpi__external_id="k-1").order_by("number")
        assert [(each.target, each.reason) for each in targets] == [
            (Decimal(60), ""),
            (Decimal(80), "The board asked for more"),
        ]
        assert Win.objects.get().kpi.external_id == "k-2"  # type: ignore[union-attr]  # by rule, so of a KPI


def test_rows_that_cannot_be_are_named_and_the_others_kept(loaded: tuple[ImportRun, ImportRun]) -> None:
    outcomes, measurements = loaded
    assert (outcomes.rows_rejected, measurements.rows_rejected) == (2, 3)
    told = reasons(outcomes)
    assert "there is no customer with the external_id “c-9”" in told
    assert "is the baseline, 5" in told
    assert "the outcome was kept without this KPI" in told
    said = reasons(measurements)
    assert "there is no KPI with the external_id “k-9”" in said
    assert "is not a number" in said
    assert "lies in the future" in said


def test_the_past_of_a_file_is_known_from_its_own_days(files: Files, loaded: tuple[ImportRun, ImportRun]) -> None:
    with workspace_scope(files.workspace):
        customer_id = Outcome.objects.get(external_id="o-1").customer_id
        (read,) = (each for each in plan.plan_of(customer_id, day=date(2026, 3, 15)) if each.kpis)
        values = {kpi.version.name: (kpi.standing.value, kpi.version.target) for kpi in read.kpis}
        assert values == {"Parcels an hour": (Decimal(30), Decimal(60)), "Claims a month": (None, Decimal(10))}


def test_the_same_files_again_change_nothing_and_a_corrected_one_keeps_what_was_said(
    files: Files, loaded: tuple[ImportRun, ImportRun]
) -> None:
    def count() -> tuple[int, int, int]:
        with workspace_scope(files.workspace):
            return OutcomeVersion.objects.count(), KpiVersion.objects.count(), Measurement.objects.count()

    before = count()
    files.read("outcomes", OUTCOMES)
    files.read("measurements", MEASUREMENTS)
    assert count() == before
    files.read("measurements", "kpi_external_id,value,measured_on\nk-2,19,2026-05-01\n")
    with workspace_scope(files.workspace):
        old, new = Measurement.objects.filter(kpi__external_id="k-2").order_by("pk")
        assert (old.value, old.replaced_by_id, new.reason) == (Decimal(9), new.pk, "Changed by an import")
        assert not Win.objects.exists()
