"""Files on the way in: what they are taken for, what is said of bad ones, and that they come in in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.models import Customer, ImportRun, Subscription, Workspace
from accounts.tasks import run_import
from csplatform.core import audit
from csplatform.core.models import AuditEvent, JobState
from csplatform.core.tenancy import workspace_scope
from health.models import Event, Onboarding, OnboardingFile
from health.onboarding import carrying, files
from tests import factories
from tests.factories import NOW
from tests.health.onboarding import conftest as vendor

pytestmark = pytest.mark.django_db
BY = audit.Actor("Robin")
Take = Callable[[str, bytes], OnboardingFile]


@pytest.fixture
def take(workspace: Workspace) -> Take:
    def taken(name: str, content: bytes) -> OnboardingFile:
        with workspace_scope(workspace):
            return files.take_in(upload=factories.uploaded(content, name), name=name, by=BY, now=NOW)

    return taken


def look_of(workspace: Workspace, kept: OnboardingFile) -> dict[str, Any]:
    with workspace_scope(workspace):
        look: dict[str, Any] = OnboardingFile.objects.get(pk=kept.pk).look
        return look


def carry_in(workspace: Workspace, through: date | None = None) -> list[ImportRun]:
    """Import what waits, working each run as a worker would."""
    with workspace_scope(workspace):
        carrying.import_files(through=through, by=BY, now=NOW)
    return work_imports(workspace)


def work_imports(workspace: Workspace) -> list[ImportRun]:
    while True:
        with workspace_scope(workspace):
            carrying.carry_on(now=NOW)
            open_runs = ImportRun.objects.filter(job__state=JobState.QUEUED)
            run = open_runs.first()
            if run is None:
                return list(ImportRun.objects.select_related("job").order_by("job_id"))
        run_import(str(workspace.pk), str(run.pk))


def test_foreign_files_are_taken_for_what_they_are(take: Take) -> None:
    events = take("event.csv.gz", vendor.events())
    assert take("account.csv", vendor.accounts()).run.kind == "customers"
    assert take("subscription.csv", vendor.subscriptions()).run.kind == "subscriptions"
    assert take("event_type.csv", vendor.event_types()).run.kind == "event_names"
    assert events.run.kind == "events"
    assert events.run.mapping["columns"] == {
        "customer_external_id": "account_id",
        "timestamp": "event_time",
        "event": "event_type_id",
    }


def test_columns_are_known_by_what_is_in_them(take: Take) -> None:
    take("account.csv", vendor.accounts())
    content = vendor.table(
        ["who_pays", "happened", "verb"],
        [[number % 7, f"2026-03-{number % 27 + 1:02d}", "login"] for number in range(40)],
    )
    kept = take("usage_log.csv", content)
    assert kept.run.kind == "events"
    assert kept.run.mapping["columns"] == {"customer_external_id": "who_pays", "timestamp": "happened", "event": "verb"}
    assert set(kept.look["by_content"]) == {"who_pays", "happened", "verb"}


def test_the_preview_of_a_file_knows_the_customers_that_come_with_it(take: Take, workspace: Workspace) -> None:
    alone = take("subscription.csv", vendor.subscriptions())
    assert alone.look["bad"] > 0
    assert "import customers first" in alone.look["errors"][0]
    take("account.csv", vendor.accounts())
    assert look_of(workspace, alone)["bad"] == 0


def test_files_come_in_in_the_order_in_which_they_refer_to_each_other(take: Take, workspace: Workspace) -> None:
    for name, content in [
        ("event.csv.gz", vendor.events()),
        ("event_type.csv", vendor.event_types()),
        ("subscription.csv", vendor.subscriptions()),
        ("account.csv", vendor.accounts()),
    ]:
        take(name, content)
    runs = carry_in(workspace, date(2026, 3, 28))
    assert [run.kind for run in runs] == ["customers", "subscriptions", "event_names", "events"]
    with workspace_scope(workspace):
        assert Customer.objects.count() == 30
        assert Subscription.objects.count() == 30
        assert set(Event.objects.values_list("name", flat=True).distinct()) == {"post", "like", "reply"}
        assert Onboarding.objects.get().importing_since is None
        assert AuditEvent.objects.filter(action="onboarding.imports_started").count() == 1
    workspace.refresh_from_db()
    assert workspace.data_through == date(2026, 3, 28)


def test_events_that_come_again_under_names_are_not_counted_twice(take: Take, workspace: Workspace) -> None:
    take("account.csv", vendor.accounts(3))
    take("event.csv", vendor.table(["account_id", "event_time", "event_type_id"], [[1, "2026-03-01 08:00", 2]]))
    carry_in(workspace)
    take("event_type.csv", vendor.event_types())
    again = vendor.table(
        ["account_id", "event_time", "event_type_id"], [[1, "2026-03-01 08:00", 2], [1, "2026-03-02", 2]]
    )
    take("events_again.csv", again)
    carry_in(workspace)
    with workspace_scope(workspace):
        assert list(Event.objects.order_by("occurred_at").values_list("name", flat=True)) == ["2", "reply"]


def test_the_end_of_regular_contracts_goes_before_that_of_events(take: Take, workspace: Workspace) -> None:
    take("account.csv", vendor.accounts())
    take("subscription.csv", vendor.subscriptions())
    take("event.csv.gz", vendor.events())
    with workspace_scope(workspace):
        complete = files.complete(files.waiting(), NOW.date())
    assert complete.because == "subscriptions"
    assert complete.through is not None
    assert complete.through < vendor.LAST


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.csv", b"", "The file is empty."),
        ("sheet.xlsx", b"PK\x03\x04rest", "save each sheet as CSV"),
        ("wide.csv", ",".join(f"c{n}" for n in range(600)).encode(), "600 columns; 500 is the limit"),
        ("damaged.csv.gz", b"\x1f\x8b\x08\x00broken", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_kept(
    take: Take, workspace: Workspace, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        take(name, content)
    with workspace_scope(workspace):
        assert not OnboardingFile.objects.exists()
        assert not ImportRun.objects.exists()


def test_the_same_file_is_not_taken_twice(take: Take) -> None:
    take("account.csv", vendor.accounts())
    with pytest.raises(ValidationError, match="holds the same"):
        take("copy.csv", vendor.accounts())


def test_one_file_with_customers_and_their_contracts_is_brought_twice(take: Take, workspace: Workspace) -> None:
    content = vendor.table(
        ["Kundennummer", "Firma", "Branche", "Vertragsbeginn", "Laufzeit bis", "Monatsbetrag"],
        [[f"K{n}", f"Firma {n}", "Handel", "2026-01-01", "2027-01-01", "100"] for n in range(5)],
    )
    first = take("alles.csv", content)
    with workspace_scope(workspace):
        files.set_kind(file=first, kind="customers", by=BY, now=NOW)
    again = take("alles.csv", content)
    assert (again.run.kind, again.look["bad"]) == ("subscriptions", 0)
    with pytest.raises(ValidationError, match="holds the same"):
        take("alles.csv", content)
    assert [run.rows_created for run in carry_in(workspace)] == [5, 5]


def test_a_file_of_two_hundred_strange_columns_is_kept_and_says_what_it_lacks(take: Take, workspace: Workspace) -> None:
    kept = take("export.csv", vendor.table([f"f{n}" for n in range(200)], [["x"] * 200]))
    assert len(kept.look["order"]) == 200
    with workspace_scope(workspace), pytest.raises(ValidationError) as refused:
        carrying.import_files(through=None, by=BY, now=NOW)
    assert "export.csv: no column was found for" in refused.value.messages[0]


def test_rows_with_an_end_before_their_start_and_amounts_with_a_comma(take: Take, workspace: Workspace) -> None:
    take("account.csv", vendor.accounts(3))
    header = ["id", "account_id", "start_date", "end_date", "mrr"]
    rows = [["a", 1, "2026-01-01", "2026-12-31", "1.234,50"], ["b", 2, "2026-02-01", "2026-01-01", "10"]]
    kept = take("subscription.csv", vendor.table(header, rows))
    assert kept.look["errors"] == ["ends_on: is 2026-01-01, before the start on 2026-02-01"]
    runs = carry_in(workspace)
    assert (runs[-1].rows_created, runs[-1].rows_rejected) == (1, 1)
    with workspace_scope(workspace):
        assert Subscription.objects.get().arr_minor == 12 * 1234_50


def test_windows_encoding_is_read_and_said(take: Take, workspace: Workspace) -> None:
    kept = take("kunden.csv", "id;name\n1;Müller & Söhne\n2;Größe\n".encode("cp1252"))
    assert kept.run.kind == "customers"
    assert any("Windows-1252" in note for note in kept.look["notes"])
    carry_in(workspace)
    with workspace_scope(workspace):
        assert set(Customer.objects.values_list("name", flat=True)) == {"Müller & Söhne", "Größe"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_files_as_a_spreadsheet_of_the_continent_saves_them(take: Take, workspace: Workspace, encoding: str) -> None:
    customers = (
        'Kunden-Nr;Firma;Straße;Kunde seit\r\nK-1;"Müller & Söhne\r\nZentrale";Hauptstraße 1;31.12.2023\r\n'
        "K-2;Größe AG;Ring 2;01.02.2024\r\n"
    )
    contracts = (
        "Vertrags-Nr;Kundennummer;Vertragsbeginn;Laufzeit bis;Jahresbetrag in EUR;Kündigungsfrist\r\n"
        "V-1;K-1;01.04.2024;01.04.2025;12.000,50;90\r\nV-2;K-2;15.05.2024;15.05.2025;1 234,50;30\r\n"
    )
    people = take("export (1).csv", customers.encode(encoding))
    paper = take("export (2).csv", contracts.encode(encoding))
    assert (people.run.kind, paper.run.kind) == ("customers", "subscriptions")
    assert (people.look["bad"], paper.look["bad"]) == (0, 0)
    carry_in(workspace)
    with workspace_scope(workspace):
        first = Customer.objects.get(external_id="K-1")
        assert first.name == "Müller & Söhne\r\nZentrale"
        told = Subscription.objects.order_by("external_id").values_list("starts_on", "ends_on", "arr_minor")
        assert list(told) == [
            (date(2024, 4, 1), date(2025, 4, 1), 12_000_50),
            (date(2024, 5, 15), date(2025, 5, 15), 1_234_50),
        ]


def test_what_was_decided_to_read_a_file_is_said_in_the_readers_language(take: Take) -> None:
    with translation.override("de"):
        kept = take("kunden.csv", b"Kunden-Nr;Firma\n1;Acme\n")
        assert translation.gettext("Columns are parted by semicolons.") in kept.look["notes"]


def test_events_before_their_customers_are_kept_and_attached(take: Take, workspace: Workspace) -> None:
    take("event.csv", vendor.table(["account_id", "event_time", "event_type_id"], [[1, "2026-03-01 08:00", 2]]))
    runs = carry_in(workspace)
    assert runs[-1].notes == ["1 rows: customer unknown: kept, and attached when the customer comes"]


def test_a_file_that_stops_stops_those_after_it_and_says_why(take: Take, workspace: Workspace) -> None:
    customers = take("account.csv", vendor.accounts())
    take("subscription.csv", vendor.subscriptions())
    with workspace_scope(workspace):
        carrying.import_files(through=None, by=BY, now=NOW)
        run = ImportRun.objects.get(pk=customers.run_id)
        assert run.file.name
        run.file.storage.delete(run.file.name)
        run.file.storage.save(run.file.name, factories.uploaded(b""))
    work_imports(workspace)
    with workspace_scope(workspace):
        row = Onboarding.objects.get()
        assert row.importing_since is None
        assert "account.csv was not imported: The file is empty." in row.problem
        assert ImportRun.objects.filter(job__isnull=True).count() == 1


def test_another_kind_and_other_columns_can_be_said_by_hand(take: Take, workspace: Workspace) -> None:
    kept = take("people.csv", vendor.table(["id", "name"], [["p1", "Ada"]]))
    with workspace_scope(workspace):
        files.set_kind(file=kept, kind="contacts", by=BY, now=NOW)
        assert files.missing(OnboardingFile.objects.get(pk=kept.pk)) == ["Customer’s id"]


def test_a_file_that_was_put_back_leaves_nothing(take: Take, workspace: Workspace) -> None:
    kept = take("account.csv", vendor.accounts())
    storage, name = kept.run.file.storage, kept.run.file.name
    with workspace_scope(workspace):
        files.remove(file=kept, by=BY, now=NOW)
        assert not ImportRun.objects.exists()
    assert name is not None
    assert not storage.exists(name)
