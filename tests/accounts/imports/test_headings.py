"""What a company's own headings are taken for: in English, French and German, and as common tools write them."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date

import pytest

from accounts.imports import kinds, labels, mapping, proposing, synonyms
from accounts.imports.readers import Batch


def propose(name: str, headings: str, *rows: str, known: set[str] | None = None) -> proposing.Proposal:
    """``headings`` and ``rows`` parted by semicolons."""
    headers = headings.split(";")
    cells = [row.split(";") for row in rows]
    columns = {header: [row[place] for row in cells] for place, header in enumerate(headers)}
    first = Batch(list(range(2, 2 + len(rows))), columns, len(rows))
    return proposing.propose(name=name, headers=headers, first=first, known=lambda texts: (known or set()) & set(texts))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Kunden-Nr.", "KUNDEN NR"),
        ("KundenNr", "kunden_nr"),
        ("Währung", "Waehrung"),
        ("Wa\u0308hrung", "Währung"),
        ("Raison sociale", "raison_sociale"),
        ("Résilié le", "RESILIE LE"),
        ("StartDate", "start date"),
    ],
)
def test_headings_are_compared_by_what_they_say(written: str, meant: str) -> None:
    assert synonyms.plain(written) == synonyms.plain(meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Created (UTC)", "created"), ("MRR EUR", "mrr"), ("Betrag in EUR", "betrag"), ("Seats__c", "seats")],
)
def test_units_and_marks_of_a_tool_may_stand_behind(written: str, meant: str) -> None:
    assert meant in synonyms.forms(written)


def test_no_heading_means_two_columns_of_a_kind() -> None:
    for kind in kinds.all_kinds():
        told = Counter(word for name in mapping.columns_of(kind) for word in synonyms.of(kind.key, name))
        assert {word: n for word, n in told.items() if n > 1} == {}, kind.key


def test_the_table_speaks_only_of_columns_that_there_are() -> None:
    there = {(kind.key, name) for kind in kinds.all_kinds() for name in mapping.columns_of(kind)}
    there |= {("any", name) for _kind, name in there}
    assert synonyms.columns_told() - there == set()
    assert synonyms.of_files().keys() - {kind.key for kind in kinds.all_kinds()} == set()


def test_every_column_is_called_something_on_pages() -> None:
    names = {name for kind in kinds.all_kinds() for name in mapping.columns_of(kind)}
    assert {name for name in names if not labels.is_told(name)} == set()


def test_every_kind_says_of_any_cell_how_it_is_read_or_that_it_is_not() -> None:
    for kind in kinds.all_kinds():
        for name in mapping.columns_of(kind):
            for cell in ("", None, "x", "2026-01-31", "7", 7, 7.5, True, ["x"], {"x": 1}, date(2026, 1, 31)):
                with suppress(ValueError):
                    assert isinstance(kind.understood(name, cell, "EUR"), str), (kind.key, name)


@pytest.mark.parametrize(
    ("name", "headings", "row", "kind", "columns"),
    [
        (
            "export.csv",
            "Kunden-Nr;Firma;Branche;Land;Mitarbeiter;Kunde seit",
            "K-1;Acme GmbH;Handel;DE;120;2024-03-01",
            "customers",
            {
                "external_id": "Kunden-Nr",
                "name": "Firma",
                "industry": "Branche",
                "country": "Land",
                "employees": "Mitarbeiter",
                "created_at": "Kunde seit",
            },
        ),
        (
            "export.csv",
            "N° client;Raison sociale;Secteur d'activité;Pays;Effectif",
            "C1;Acme SA;Commerce;FR;80",
            "customers",
            {
                "external_id": "N° client",
                "name": "Raison sociale",
                "industry": "Secteur d'activité",
                "country": "Pays",
                "employees": "Effectif",
            },
        ),
        (
            "export.csv",
            "Vertragsnummer;Kundennummer;Firma;Vertragsbeginn;Laufzeit bis;Monatsbetrag;Kündigungsfrist",
            "V1;K-1;Acme GmbH;2025-01-01;2026-01-01;1.200,50;90",
            "subscriptions",
            {
                "external_id": "Vertragsnummer",
                "customer_external_id": "Kundennummer",
                "starts_on": "Vertragsbeginn",
                "ends_on": "Laufzeit bis",
                "mrr": "Monatsbetrag",
                "notice_days": "Kündigungsfrist",
            },
        ),
        (
            "export.csv",
            "N° contrat;N° client;Date de début;Date de fin;Montant annuel;Tacite reconduction",
            "V1;C1;2025-01-01;2026-01-01;14 400,00;oui",
            "subscriptions",
            {
                "external_id": "N° contrat",
                "customer_external_id": "N° client",
                "starts_on": "Date de début",
                "ends_on": "Date de fin",
                "arr": "Montant annuel",
                "auto_renews": "Tacite reconduction",
            },
        ),
        (  # a CRM's companies
            "hubspot-crm-exports-all-companies.csv",
            "Record ID;Company name;Company owner;Create Date;Country/Region;Number of Employees;Company Domain Name",
            "9001;Acme Ltd;Robin Hood;2024-03-01 10:15;United Kingdom;120;acme.example",
            "customers",
            {
                "external_id": "Record ID",
                "name": "Company name",
                "created_at": "Create Date",
                "country": "Country/Region",
                "employees": "Number of Employees",
                "domain": "Company Domain Name",
            },
        ),
        (  # a CRM's contracts
            "report.csv",
            "ContractNumber;AccountId;StartDate;EndDate;ContractTerm;Annual_Amount__c;CurrencyIsoCode",
            "00000101;001x;2025-01-01;2026-01-01;12;14400;EUR",
            "subscriptions",
            {
                "external_id": "ContractNumber",
                "customer_external_id": "AccountId",
                "starts_on": "StartDate",
                "ends_on": "EndDate",
                "billing_period_months": "ContractTerm",
                "arr": "Annual_Amount__c",
                "currency": "CurrencyIsoCode",
            },
        ),
        (  # a billing tool's subscriptions
            "subscriptions.csv",
            "subscriptions.id;customers.id;Current Plan;Plan Quantity;Started At;Cancelled At;Next Billing At;MRR (€)",
            "s1;c1;Team;5;2025-01-01 00:00:00;;2026-02-01 00:00:00;120.00",
            "subscriptions",
            {
                "external_id": "subscriptions.id",
                "customer_external_id": "customers.id",
                "plan": "Current Plan",
                "seats": "Plan Quantity",
                "starts_on": "Started At",
                "cancelled_on": "Cancelled At",
                "renewal_on": "Next Billing At",
                "mrr": "MRR (€)",
            },
        ),
        (  # a help desk's tickets
            "tickets.csv",
            "Id;Requester id;Subject;Priority;Created at;Solved at;Satisfaction Score;Organization id",
            "17;u1;It stands still;High;2026-01-02 10:00;2026-01-03 09:00;Good;c1",
            "tickets",
            {
                "external_id": "Id",
                "contact_external_id": "Requester id",
                "subject": "Subject",
                "priority": "Priority",
                "opened_at": "Created at",
                "solved_at": "Solved at",
                "csat": "Satisfaction Score",
                "customer_external_id": "Organization id",
            },
        ),
        (
            "belege.csv",
            "Rechnungsnummer;Kundennummer;Rechnungsdatum;Fällig am;Bezahlt am;Rechnungsbetrag",
            "R1;K-1;2026-01-02;2026-02-01;;99,00",
            "invoices",
            {
                "external_id": "Rechnungsnummer",
                "customer_external_id": "Kundennummer",
                "issued_on": "Rechnungsdatum",
                "due_on": "Fällig am",
                "paid_on": "Bezahlt am",
                "amount": "Rechnungsbetrag",
            },
        ),
        (
            "leute.csv",
            "Kontakt-ID;Kundennummer;Ansprechpartner;E-Mail-Adresse;Funktion",
            "p1;K-1;Ada Beck;ada@acme.example;Einkauf",
            "contacts",
            {
                "external_id": "Kontakt-ID",
                "customer_external_id": "Kundennummer",
                "name": "Ansprechpartner",
                "email": "E-Mail-Adresse",
                "title": "Funktion",
            },
        ),
    ],
)
def test_a_companys_own_files_are_taken_for_what_they_are(
    name: str, headings: str, row: str, kind: str, columns: dict[str, str]
) -> None:
    found = propose(name, headings, row)
    assert (found.kind.key, found.mapping.columns) == (kind, columns)


def test_contracts_are_no_customers_though_nobody_says_whether_their_amount_is_a_month_or_a_year() -> None:
    found = propose(
        "liste.csv", "Kundennummer;Firma;Vertragsbeginn;Vertragsende;Betrag", "K-1;Acme;2025-01-01;2026-01-01;100"
    )
    assert found.kind.key == "subscriptions"
    assert mapping.missing(found.kind, found.mapping) == ["mrr or arr"]
    assert mapping.missing_labels(found.kind, found.mapping) == ["Monthly revenue (MRR) or Yearly revenue (ARR)"]


def test_a_heading_is_not_believed_against_its_cells() -> None:
    found = propose(
        "accounts.csv", "Account ID;Owner;Account owner email", "1;Robin;r@example.org", "2;Tuck;t@example.org"
    )
    assert found.mapping.columns == {"external_id": "Account ID", "owner_email": "Account owner email"}
    assert found.mapping.extra == {"owner": "Owner"}


def test_dates_of_which_nobody_knows_the_order_stay_dates() -> None:
    found = propose("contracts.csv", "Kundennummer;Vertragsbeginn;MRR", "1;03/04/2026;10", "2;05/06/2026;10")
    assert found.mapping.columns["starts_on"] == "Vertragsbeginn"
