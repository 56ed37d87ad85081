"""Tickets, invoices and opportunities from files: what is kept, when it was known, and what is refused."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.models import ImportRun, Invoice, InvoiceVersion, Opportunity, OpportunityVersion, Workspace
from accounts.services import deletion
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import Ticket, TicketVersion
from tests import factories
from tests.accounts.imports.conftest import ImportText
from tests.factories import NOW

pytestmark = pytest.mark.django_db

TICKETS = (
    "external_id,customer_external_id,contact_external_id,subject,priority,opened_at,first_reply_at,solved_at,csat\n"
)
INVOICES = "external_id,customer_external_id,issued_on,due_on,paid_on,amount,currency\n"
OPPORTUNITIES = "external_id,customer_external_id,kind,amount,currency,stage,opened_on,closed_on,won\n"


@pytest.fixture(autouse=True)
def people(workspace: Workspace) -> None:
    with workspace_scope(workspace):
        mills = factories.make_customer("Loxley Mills", external_id="mills")
        factories.make_customer("Nottingham Freight", external_id="freight")
        factories.make_contact(mills, external_id="ann", name="Ann Weaver")


def numbers(run: ImportRun) -> tuple[int, int, int, int]:
    return run.rows_created, run.rows_updated, run.rows_unchanged, run.rows_rejected


def reasons(run: ImportRun) -> list[str]:
    with run.rejects.open("rb") as file:
        return [row["reason"] for row in csv.DictReader(file.read().decode("utf-8-sig").splitlines())]


def moments(rows: Any) -> list[str]:
    return [f"{each:%Y-%m-%d}" for each in rows.order_by("known_at", "id").values_list("known_at", flat=True)]


def test_tickets_are_known_when_they_were_opened_and_a_second_import_changes_nothing(
    workspace: Workspace, import_text: ImportText
) -> None:
    text = (
        f"{TICKETS}t-1,mills,ann,Labels print twice,P1,2026-05-01T08:00:00Z,2026-05-01T10:30:00Z,2026-05-03,5\n"
        "t-2,freight,,Slow,,2026-06-01,,,\n"
    )
    assert numbers(import_text("tickets", text)) == (2, 0, 0, 0)
    assert numbers(import_text("tickets", text)) == (0, 0, 2, 0)
    with workspace_scope(workspace):
        first, second = Ticket.objects.order_by("external_id")
        assert (first.priority, first.csat, str(first.contact), second.priority) == ("urgent", 5, "Ann Weaver", "")
        assert first.known_at == first.opened_at == datetime(2026, 5, 1, 8, tzinfo=UTC)
        assert TicketVersion.objects.count() == 2


def test_what_came_of_a_record_is_known_when_it_happened_and_a_correction_when_it_is_told(
    workspace: Workspace, import_text: ImportText
) -> None:
    import_text("invoices", f"{INVOICES}i-1,mills,2026-03-01,2026-03-31,,1000,EUR\n")
    import_text("invoices", f"{INVOICES}i-1,mills,2026-03-01,2026-03-31,2026-04-20,1000,EUR\n")
    import_text("invoices", f"{INVOICES}i-1,mills,2026-03-01,2026-03-31,2026-04-20,1200.50,EUR\n")
    with workspace_scope(workspace):
        kept = InvoiceVersion.objects.order_by("id").values_list("known_at__date", "paid_on", "amount_minor")
        assert list(kept) == [
            (date(2026, 3, 1), None, 100_000),
            (date(2026, 4, 20), date(2026, 4, 20), 100_000),
            (NOW.date(), date(2026, 4, 20), 120_050),
        ]


def test_rows_with_known_at_tell_a_records_history_in_any_order(workspace: Workspace, import_text: ImportText) -> None:
    head = OPPORTUNITIES.replace("\n", ",known_at\n")
    told = [
        "o-1,mills,renewal,5000,EUR,Proposal,2026-02-01,2026-05-01,,2026-03-01",
        "o-1,mills,renewal,4000,EUR,Won,2026-02-01,2026-04-15,yes,2026-04-16",
        "o-1,mills,renewal,6000,EUR,Talk,2026-02-01,2026-05-01,,2026-02-01",
    ]
    import_text("opportunities", head + told[1] + "\n")
    import_text("opportunities", head + told[0] + "\n" + told[2] + "\n")
    assert numbers(import_text("opportunities", head + "\n".join(told) + "\n")) == (0, 0, 3, 0)
    with workspace_scope(workspace):
        one = Opportunity.objects.get()
        assert (one.stage, one.won, one.amount_minor) == ("Won", True, 400_000)
        assert moments(OpportunityVersion.objects) == ["2026-02-01", "2026-03-01", "2026-04-16"]


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("tickets", "t,nobody,,,,2026-05-01,,,", "no customer with the external_id “nobody”"),
        ("tickets", "t,freight,ann,,,2026-05-01,,,", "another customer"),
        ("tickets", "t,mills,stranger,,,2026-05-01,,,", "no contact"),
        ("tickets", "t,mills,,,soon,2026-05-01,,,", "“soon” is not one of low, normal, high, urgent"),
        ("tickets", "t,mills,,,,,,,", "opened_at"),
        ("tickets", "t,mills,,,,2026-05-02,2026-05-01,,", "before opened_at"),
        ("tickets", "t,mills,,,,2026-05-02,,2027-01-01,", "future"),
        ("tickets", "t,mills,,,,2026-05-02,,,9", "from 1 to 5"),
        ("invoices", "i,mills,2026-05-02,2026-05-01,,10,EUR", "before issued_on"),
        ("invoices", "i,mills,2026-05-02,,,10,USD", "convert the amounts first"),
        ("invoices", "i,mills,2026-05-02,,,,EUR", "amount"),
        ("invoices", "i,mills,2026-05-02,,,-5,EUR", "negative"),
        ("invoices", "i,mills,2026-05-02,,2027-05-02,5,EUR", "future"),
        ("opportunities", "o,mills,gift,10,EUR,,2026-05-01,,", "“gift” is not one of first_sale"),
        ("opportunities", "o,mills,renewal,10,EUR,,2026-05-01,,yes", "say when"),
        ("opportunities", "o,mills,renewal,10,EUR,,2026-05-01,2026-04-01,", "before opened_on"),
    ],
)
def test_a_bad_row_is_refused_by_name_and_the_others_are_kept(
    workspace: Workspace, import_text: ImportText, kind: str, row: str, reason: str
) -> None:
    head, good = {
        "tickets": (TICKETS, "good,mills,,,,2026-05-01,,,"),
        "invoices": (INVOICES, "good,mills,2026-05-01,,,10,"),
        "opportunities": (OPPORTUNITIES, "good,mills,Upsell,,,,2026-05-01,2026-12-24,"),
    }[kind]
    run = import_text(kind, f"{head}{row}\n{good}\n")
    assert numbers(run) == (1, 0, 0, 1)
    assert reason in reasons(run)[0]


def test_other_tools_names_are_mapped(workspace: Workspace, import_text: ImportText) -> None:
    text = "case_number,company,created_at,Severity,how was it\n77,mills,2026-05-01,Critical,good\n"
    run = import_text("tickets", text, "company=customer_external_id", "how was it=csat")
    assert numbers(run) == (1, 0, 0, 0)
    with workspace_scope(workspace):
        assert Ticket.objects.values_list("external_id", "priority", "csat").get() == ("77", "urgent", 5)


def test_a_deleted_customer_takes_its_records_and_what_was_known_of_them(
    workspace: Workspace, import_text: ImportText
) -> None:
    import_text("tickets", f"{TICKETS}t,mills,,,,2026-05-01,,,\nu,freight,,,,2026-05-01,,,\n")
    import_text("invoices", f"{INVOICES}i,mills,2026-05-01,,,10,\n")
    import_text("opportunities", f"{OPPORTUNITIES}o,mills,Upsell,,,,2026-05-01,,\n")
    with workspace_scope(workspace):
        mills = Ticket.objects.get(external_id="t").customer
        deletion.delete_customer(customer_id=mills.pk, actor=audit.SYSTEM, now=NOW)
        assert not Invoice.objects.exists()
        assert not Opportunity.objects.exists()
        assert not InvoiceVersion.objects.exists()
        assert not OpportunityVersion.objects.exists()
        assert list(TicketVersion.objects.values_list("customer_id", flat=True)) == [Ticket.objects.get().customer_id]


def test_a_deleted_person_leaves_the_ticket_without_its_words_and_no_import_brings_them_back(
    workspace: Workspace, import_text: ImportText
) -> None:
    text = f"{TICKETS}t,mills,ann,Ann has a question,,2026-05-01,,,\n"
    import_text("tickets", text)
    with workspace_scope(workspace):
        person = Ticket.objects.get().contact
        assert person is not None
        deletion.delete_contact(contact_id=person.pk, actor=audit.SYSTEM, now=NOW)
        assert (Ticket.objects.get().subject, Ticket.objects.get().contact) == ("", None)
    import_text("tickets", text.replace(",ann,", ",,"))
    with workspace_scope(workspace):
        assert Ticket.objects.get().subject == ""


def test_writing_many_is_one_line_in_the_audit_trail(workspace: Workspace, import_text: ImportText) -> None:
    import_text("invoices", f"{INVOICES}i,mills,2026-05-01,,,10,\nj,mills,2026-05-01,,,10,\n")
    with workspace_scope(workspace):
        line = AuditEvent.objects.get(action="invoices.written")
        assert (line.data["created"], line.actor_label) == (2, "import of invoices.csv")
