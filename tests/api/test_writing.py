"""Creating and changing records: what is told is kept, what is left out stays, and versions guard against loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from accounts.models import CustomerHealth, Workspace
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests.api.conftest import Api, fields, problem

CUSTOMER = {"external_id": "c-1", "name": "Nottingham Freight", "country": "GB", "tags": ["vip"], "employees": 420}


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """The answers of ``count`` threads that start at the same moment, each with its own database connection."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        try:
            gate.wait(timeout=30)
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db
class TestCustomers:
    def test_put_makes_then_changes_and_keeps_what_is_left_out(self, api: Api) -> None:
        made = api.put("customers/ext:c-1/", {"name": "Nottingham Freight", "country": "GB"})
        assert made.status_code == 201, made.content
        assert made["Location"].endswith(f"/api/v1/customers/{made.json()['id']}/")
        changed = api.put("customers/ext:c-1/", {"name": "Sherwood Freight"})
        assert changed.status_code == 200, changed.content
        assert (changed.json()["name"], changed.json()["country"]) == ("Sherwood Freight", "GB")
        assert changed.json()["id"] == made.json()["id"]
        assert changed.json()["version"] > made.json()["version"]

    def test_what_was_read_can_be_sent_back(self, api: Api) -> None:
        read = api.post("customers/", CUSTOMER).json()
        again = api.put("customers/ext:c-1/", read)
        assert again.status_code == 200, again.content
        assert again.json()["version"] == read["version"]

    def test_an_external_id_may_hold_anything_printable(self, api: Api) -> None:
        made = api.put("customers/ext:EU%2F7%20%C3%9C%3F/", {"name": "Odd"})
        assert made.json()["external_id"] == "EU/7 Ü?"
        assert api.patch("customers/ext:EU%2F7%20%C3%9C%3F/", {"name": "Even"}).json()["name"] == "Even"

    def test_money_is_a_decimal_string(self, api: Api) -> None:
        made = api.post("customers/", {**CUSTOMER, "expected_arr": "186000.50"})
        assert made.json()["expected_arr"] == "186000.50"

    def test_parents_are_linked_by_external_id_and_never_in_a_circle(self, api: Api) -> None:
        api.post("customers/", {"external_id": "top", "name": "Top"})
        child = api.post("customers/", {"external_id": "sub", "name": "Sub", "parent_external_id": "top"})
        assert child.json()["parent_external_id"] == "top", child.content
        refused = api.patch("customers/ext:top/", {"parent_external_id": "sub"})
        assert fields(problem(refused, 400)) == ["parent_external_id"]

    def test_a_stage_places_a_new_customer_and_moves_no_other(self, api: Api) -> None:
        assert api.post("customers/", {**CUSTOMER, "stage": "trial"}).json()["stage"] == "trial"
        address = f"customers/ext:{CUSTOMER['external_id']}/"
        for call in (api.patch, api.put):
            told = problem(call(address, {"stage": "adoption"}), 400)
            assert fields(told) == ["stage"]
            assert "POST customers/{id}/move/" in str(told)
        assert api.patch(address, {"stage": "trial", "name": "Same stage"}).status_code == 200
        assert api.get(address).json()["stage"] == "trial"

    def test_the_writer_is_in_the_audit_trail(self, api: Api, workspace: Workspace) -> None:
        api.post("customers/", CUSTOMER)
        with workspace_scope(workspace):
            assert AuditEvent.objects.filter(action="customer.created", actor_label__contains="Warehouse").exists()

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"name": "No id"}, "external_id"),
            ({**CUSTOMER, "naem": "x"}, "naem"),
            ({**CUSTOMER, "employees": -1}, "employees"),
            ({**CUSTOMER, "employees": 10**20}, "employees"),
            ({**CUSTOMER, "name": "a\0b"}, "name"),
            ({**CUSTOMER, "tags": ["ok", "\0"]}, "tags.1"),
            ({**CUSTOMER, "expected_arr": "-5"}, "expected_arr"),
            ({**CUSTOMER, "expected_arr": "1e99"}, "expected_arr"),
            ({**CUSTOMER, "created_at": "9999-12-31T23:59:59Z"}, "created_at"),
            ({**CUSTOMER, "stage": "nowhere"}, "stage"),
            ({**CUSTOMER, "attributes": {"unknown": 1}}, "unknown"),
            ({**CUSTOMER, "external_id": "x" * 201}, "external_id"),
            ([], None),
        ],
    )
    def test_a_body_that_means_nothing_is_refused_by_field(self, api: Api, body: Any, named: str | None) -> None:
        assert fields(problem(api.post("customers/", body), 400)) == [named]
        assert api.get("customers/").json()["results"] == []

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b'{"name": NaN}',
            b'{"a": 1, "a": 2}',
            b"[" * 100_000,
            b'{"name": "\\ud800"}',
            b"null",
        ],
        ids=["empty", "broken", "not UTF-8", "NaN", "doubled", "deep", "surrogate", "null"],
    )
    def test_bodies_that_are_no_json_are_refused(self, api: Api, raw: bytes) -> None:
        problem(api.call("POST", "customers/", raw), 400)

    def test_a_body_that_is_too_large_or_of_another_kind(self, api: Api) -> None:
        problem(api.call("POST", "customers/", b'{"name": "' + b"x" * 3_000_000 + b'"}'), 413)
        other = api.client.post(
            "/api/v1/customers/", "name=x", "application/x-www-form-urlencoded",
            headers={"Authorization": f"Bearer {api.key}"},
        )  # fmt: skip
        problem(other, 415)

    def test_names_in_any_script_survive(self, api: Api) -> None:
        name = "مؤسسة 🦊 \u202eabc"
        assert api.put("customers/ext:rtl/", {"name": name}).json()["name"] == name

    def test_a_taken_external_id_is_refused(self, api: Api) -> None:
        api.post("customers/", CUSTOMER)
        assert fields(problem(api.post("customers/", CUSTOMER), 400)) == ["external_id"]
        assert fields(problem(api.patch("customers/ext:c-1/", {"external_id": "c-2"}), 400)) == ["external_id"]

    def test_patch_and_put_by_id_need_the_record(self, api: Api) -> None:
        problem(api.patch("customers/ext:nobody/", {"name": "x"}), 404)
        problem(api.put("customers/018f0000-0000-7000-8000-000000000000/", {"name": "x"}), 404)


@pytest.mark.django_db
class TestContactsAndSubscriptions:
    def test_a_subscription_makes_its_customer_a_paying_one(self, api: Api) -> None:
        api.post("customers/", CUSTOMER)
        body = {"customer_external_id": "c-1", "mrr": "1000.50", "seats": 12, "starts_on": "2026-01-01"}
        made = api.put("subscriptions/ext:s-1/", body)
        assert made.status_code == 201, made.content
        shown = made.json()
        assert (shown["arr"], shown["mrr"], shown["currency"]) == ("12006.00", "1000.50", "EUR")
        assert api.get("customers/ext:c-1/").json()["arr"] == "12006.00"

    def test_a_subscription_that_ends_before_it_starts_is_refused(self, api: Api) -> None:
        api.post("customers/", CUSTOMER)
        body = {"customer_external_id": "c-1", "arr": "1", "starts_on": "2026-01-01", "ends_on": "2025-01-01"}
        assert fields(problem(api.put("subscriptions/ext:s-1/", body), 400)) == ["ends_on"]

    @pytest.mark.parametrize("missing", ["customer_external_id", "starts_on", "mrr"])
    def test_a_new_subscription_needs_its_essentials(self, api: Api, missing: str) -> None:
        api.post("customers/", CUSTOMER)
        body = {"customer_external_id": "c-1", "mrr": "1", "starts_on": "2026-01-01"}
        del body[missing]
        assert fields(problem(api.put("subscriptions/ext:s-1/", body), 400)) == [missing]

    def test_a_contact_belongs_to_a_known_customer(self, api: Api) -> None:
        api.post("customers/", CUSTOMER)
        made = api.put("contacts/ext:p-1/", {"customer_external_id": "c-1", "email": "Ops@Freight.example"})
        assert made.status_code == 201, made.content
        assert made.json()["customer_external_id"] == "c-1"
        changed = api.patch("contacts/ext:p-1/", {"is_sponsor": True}).json()
        assert (changed["is_sponsor"], changed["email"]) == (True, "ops@freight.example")
        lost = api.put("contacts/ext:p-2/", {"customer_external_id": "nobody"})
        assert fields(problem(lost, 400)) == ["customer_external_id"]


@pytest.mark.django_db
class TestVersions:
    def test_a_tag_that_is_still_true_saves_the_answer(self, api: Api) -> None:
        made = api.post("customers/", CUSTOMER)
        unchanged = api.get("customers/ext:c-1/", If_None_Match=made["ETag"])
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged["ETag"] == made["ETag"]
        api.patch("customers/ext:c-1/", {"name": "Other"})
        assert api.get("customers/ext:c-1/", If_None_Match=made["ETag"]).status_code == 200

    def test_an_edit_of_an_old_version_is_refused(self, api: Api) -> None:
        tag = api.post("customers/", CUSTOMER)["ETag"]
        assert api.patch("customers/ext:c-1/", {"name": "First"}, If_Match=tag).status_code == 200
        problem(api.patch("customers/ext:c-1/", {"name": "Second"}, If_Match=tag), 412)
        assert api.get("customers/ext:c-1/").json()["name"] == "First"

    def test_a_new_score_does_not_refuse_an_edit_but_freshens_the_tag(self, api: Api, workspace: Workspace) -> None:
        tag = api.post("customers/", CUSTOMER)["ETag"]
        with workspace_scope(workspace):
            CustomerHealth.objects.update(points=7_250, band="healthy")
        fresh = api.get("customers/ext:c-1/", If_None_Match=tag)
        assert fresh.json()["health"]["score"] == 72.5
        assert api.patch("customers/ext:c-1/", {"name": "First"}, If_Match=tag).status_code == 200

    def test_creating_only_and_changing_only(self, api: Api) -> None:
        problem(api.put("customers/ext:c-1/", CUSTOMER, If_Match="*"), 412)
        assert api.put("customers/ext:c-1/", CUSTOMER, If_None_Match="*").status_code == 201
        problem(api.put("customers/ext:c-1/", CUSTOMER, If_None_Match="*"), 412)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def test_twenty_edits_of_one_version_leave_one_winner_and_lose_none(self, api: Api) -> None:
        tag = api.post("customers/", CUSTOMER)["ETag"]
        answers = together(
            20, lambda number: Api(api.key).patch("customers/ext:c-1/", {"employees": number}, If_Match=tag)
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200] + [412] * 19
        winner = next(answer for answer in answers if answer.status_code == 200)
        assert api.get("customers/ext:c-1/").json()["employees"] == winner.json()["employees"]

    def test_twenty_edits_of_different_fields_all_stay(self, api: Api) -> None:
        api.post("customers/", CUSTOMER)
        names = ["domain", "industry", "country", "region", "lifecycle_stage"]
        together(20, lambda number: Api(api.key).patch("customers/ext:c-1/", {names[number % 5]: f"x{number % 5}"}))
        body = api.get("customers/ext:c-1/").json()
        assert [body[name] for name in names] == [f"x{number}" for number in range(5)]

    def test_twenty_upserts_make_one_customer(self, api: Api) -> None:
        answers = together(20, lambda number: Api(api.key).put("customers/ext:c-9/", {"name": f"Name {number}"}))
        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
