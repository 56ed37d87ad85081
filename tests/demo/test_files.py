"""The four files: what an importer may rely on."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from csplatform.demo import Simulation, yesterday
from csplatform.demo.__main__ import main
from tests.demo.conftest import END, Written, read

CUSTOMER_COLUMNS = [
    "external_id",
    "name",
    "domain",
    "industry",
    "country",
    "region",
    "employees",
    "lifecycle_stage",
    "owner_email",
    "parent_external_id",
    "created_at",
    "referred_by_external_id",
    "tags",
    "source",
    "expected_arr",
    "stage",
]
CONTACT_COLUMNS = [
    "external_id",
    "customer_external_id",
    "email",
    "name",
    "role",
    "title",
    "is_sponsor",
    "is_champion",
    "invited_at",
]
SUBSCRIPTION_COLUMNS = [
    "external_id",
    "customer_external_id",
    "product",
    "plan",
    "seats",
    "arr",
    "currency",
    "billing_period_months",
    "starts_on",
    "ends_on",
    "cancelled_on",
    "renewal_on",
    "auto_renews",
    "notice_days",
]
EVENT_COLUMNS = ["message_id", "customer_external_id", "contact_external_id", "event", "timestamp", "value"]
MACRO_STAGES = [
    "awareness",
    "consideration",
    "trial",
    "decision",
    "adoption",
    "performance",
    "transformation",
    "advocacy",
]


def test_the_columns_are_those_of_the_import(sherwood: Written) -> None:
    assert list(sherwood.customers[0]) == [*CUSTOMER_COLUMNS, "depots", "erp", "edi", "lost_to", "known_at"]
    assert list(sherwood.contacts[0]) == [*CONTACT_COLUMNS, "known_at"]
    assert list(sherwood.subscriptions[0]) == [*SUBSCRIPTION_COLUMNS, "known_at"]
    assert [name for name in sherwood.events if name != "day"] == EVENT_COLUMNS


def test_volumes_of_the_demo(sherwood: Written) -> None:
    assert len({row["external_id"] for row in sherwood.customers}) == 300
    assert len(sherwood.events["event"]) == pytest.approx(1_500_000, rel=0.02)
    assert 8 <= len(np.unique(sherwood.events["event"])) <= 12
    assert sherwood.data.simulation.window.start == date(2024, 7, 11)


def test_the_same_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    small = {"customers": 30, "months": 3, "end": END}
    first = Simulation(**small).run().write(tmp_path / "a")  # type: ignore[arg-type]  # keywords of several types
    again = Simulation(**small).run().write(tmp_path / "b")  # type: ignore[arg-type]  # keywords of several types
    other = Simulation(**small, seed=8).run().write(tmp_path / "c")  # type: ignore[arg-type]  # keywords of several types
    for name in ("customers", "contacts", "subscriptions", "events"):
        content = getattr(first, name).read_bytes()
        assert content == getattr(again, name).read_bytes()
        assert content != getattr(other, name).read_bytes()


def test_message_ids_are_distinct_rise_with_time_and_differ_between_runs(sherwood: Written, tmp_path: Path) -> None:
    ids, times = sherwood.events["message_id"], sherwood.events["timestamp"]
    assert np.all(times[:-1] <= times[1:])
    assert np.all(ids[:-1] < ids[1:])
    other = read(tmp_path, Simulation(end=END, customers=5, months=3).run())
    assert not set(other.events["message_id"]) & set(ids)


def test_every_reference_points_at_a_row_that_was_known_before(sherwood: Written) -> None:
    known: dict[str, str] = {}
    for row in sherwood.customers:
        known.setdefault(row["external_id"], row["known_at"])
        for reference in (row["parent_external_id"], row["referred_by_external_id"]):
            assert not reference or known[reference] <= row["known_at"]
    for row in sherwood.contacts + sherwood.subscriptions:
        assert known[row["customer_external_id"]] <= row["known_at"]
    of_contact = {row["external_id"]: row["customer_external_id"] for row in sherwood.contacts}
    pairs = {
        (str(contact), str(customer))
        for contact, customer in zip(
            sherwood.events["contact_external_id"], sherwood.events["customer_external_id"], strict=True
        )
    }
    assert all(of_contact[contact] == customer for contact, customer in pairs)
    members = {member["email"] for member in sherwood.data.simulation.catalogue.members}
    assert {row["owner_email"] for row in sherwood.customers} <= members


def test_versions_of_a_fact_are_told_once_each_and_in_order_of_time(sherwood: Written) -> None:
    for table in (sherwood.customers, sherwood.contacts, sherwood.subscriptions):
        known = [row["known_at"] for row in table]
        assert known == sorted(known)
        assert len({(row["external_id"], row["known_at"]) for row in table}) == len(table)
        assert all(datetime.fromisoformat(moment) <= datetime.fromisoformat(f"{END}T23:59:59Z") for moment in known)


def test_no_event_outside_the_window_or_without_access(sherwood: Written) -> None:
    window = sherwood.data.simulation.window
    assert sherwood.events["day"].min() >= 0
    assert sherwood.events["day"].max() == window.last
    for plan in sherwood.data.plans:
        per_day = sherwood.events_per_day(plan.external_id)
        for first, until in plan.open_spans:
            per_day[first:until] = 0
        assert not per_day.any(), plan.external_id


def test_nobody_is_active_before_the_invitation(sherwood: Written) -> None:
    first: dict[str, int] = {}
    for contact, day in zip(sherwood.events["contact_external_id"], sherwood.events["day"], strict=True):
        first.setdefault(contact, day)
    window = sherwood.data.simulation.window
    invited = {row["external_id"]: row["invited_at"] for row in sherwood.contacts}
    for contact, day in first.items():
        assert date.fromisoformat(invited[contact][:10]) <= window.date(day)


def test_dates_of_subscriptions_are_in_order_and_terms_follow_each_other(sherwood: Written) -> None:
    for row in sherwood.subscriptions:
        if row["ends_on"]:
            assert row["starts_on"] < row["ends_on"]
        if row["cancelled_on"]:
            assert row["starts_on"] <= row["cancelled_on"] <= row["ends_on"]
            assert row["known_at"][:10] >= row["cancelled_on"]
        if row["renewal_on"]:
            assert row["renewal_on"] > row["starts_on"]
    latest = {row["external_id"]: row for row in sherwood.subscriptions if "extra seats" not in row["product"]}
    by_customer: dict[str, list[dict[str, str]]] = {}
    for row in latest.values():
        by_customer.setdefault(row["customer_external_id"], []).append(row)
    for plan in sherwood.data.plans:
        terms = by_customer.get(plan.external_id, [])
        if plan.story == "returned":
            continue
        for earlier, later in itertools.pairwise(terms):
            assert earlier["ends_on"] == later["starts_on"]


def test_money_is_positive_with_two_places_in_the_vendors_currency(sherwood: Written) -> None:
    for row in sherwood.subscriptions:
        whole, places = row["arr"].split(".")
        assert int(whole) > 0
        assert len(places) == 2
        assert row["currency"] == "EUR"
        assert int(row["seats"]) > 0
    for row in sherwood.customers:
        assert bool(row["expected_arr"]) == (row["lifecycle_stage"] in ("lead", "opportunity"))
    values = sherwood.events["value"]
    assert np.nanmin(values) >= 0
    assert set(np.unique(sherwood.events["event"][~np.isnan(values)])) == {"order_created"}


def test_names_and_domains_are_distinct_and_reserved(sherwood: Written) -> None:
    latest = {row["external_id"]: row for row in sherwood.customers}.values()
    assert len({row["name"] for row in latest}) == len({row["domain"] for row in latest}) == 300
    assert all(row["domain"].endswith(".example") and row["domain"].isascii() for row in latest)
    assert all(row["email"].endswith(".example") and row["email"].isascii() for row in sherwood.contacts)
    assert any("\u0600" <= row["name"][0] <= "\u06ff" for row in latest)


def test_stages_are_macro_stages_and_agree_with_the_contract(sherwood: Written) -> None:
    started: dict[str, str] = {}
    for row in sherwood.subscriptions:
        started.setdefault(row["customer_external_id"], row["starts_on"])
    for row in sherwood.customers:
        assert row["stage"] in MACRO_STAGES
        before = row["known_at"][:10] < started.get(row["external_id"], "9999")
        assert before == (row["stage"] in MACRO_STAGES[:4]), row


@pytest.mark.parametrize("end", [date(2024, 2, 29), date(2025, 12, 31), date(2026, 3, 1)])
def test_a_few_customers_over_a_few_months_work_at_any_end(end: date, tmp_path: Path) -> None:
    small = read(tmp_path, Simulation(end=end, customers=5, months=3).run())
    assert len({row["external_id"] for row in small.customers}) == 5
    assert len(small.events["event"]) > 1000
    assert small.events["day"].min() >= 0
    assert small.events["day"].max() <= small.data.simulation.window.last


def test_without_history_there_is_one_row_per_customer_and_the_wanted_number_of_events(tmp_path: Path) -> None:
    bench = read(tmp_path, Simulation(end=END, customers=400, days=90, events=60_000, history=False).run())
    assert len(bench.customers) == 400
    assert bench.data.simulation.window.days == 90
    assert len(bench.events["event"]) == pytest.approx(60_000, rel=0.05)
    fewer = Simulation(end=END, customers=400, days=90, events=5_000, history=False).run()
    assert len(fewer.events) == pytest.approx(5_000, rel=0.1)


def test_events_are_readable_in_small_pieces(sherwood: Written, tmp_path: Path) -> None:
    paths = sherwood.data.write(tmp_path)
    file = pq.ParquetFile(paths.events)
    assert file.num_row_groups > 10
    assert file.schema_arrow.field("timestamp").type == pa.timestamp("ms", tz="UTC")


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"months": 0}, {"days": 0}, {"events": -1}])
def test_impossible_parameters_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).rstrip("s")):
        Simulation(end=END, **wrong)  # type: ignore[arg-type]  # keywords of several types


def test_the_command_writes_and_names_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main([str(folder), "--end", "2026-01-31", "--customers", "6", "--months", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.out.split() == [str(folder / name) for name in sorted_names()]
    assert "6 customers" in shown.err
    assert main([str(folder), "--customers", "0"]) == 2
    assert "customers must be at least 1" in capsys.readouterr().err


def sorted_names() -> list[str]:
    return ["customers.csv", "contacts.csv", "subscriptions.csv", "moves.csv", "events.parquet"]


def test_yesterday_is_the_last_closed_utc_day() -> None:
    assert yesterday(datetime.fromisoformat("2026-03-01T00:30:00+01:00")) == date(2026, 2, 27)
