"""``Idempotency-Key``: a POST that is sent again is done once and answered as it was the first time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Customer, Workspace
from csplatform.core import idempotency
from csplatform.core.models import IdempotencyRecord
from csplatform.core.tenancy import workspace_scope
from tests.api.conftest import Api, problem
from tests.api.test_writing import CUSTOMER, together


@pytest.mark.django_db
class TestReplay:
    def test_the_first_answer_comes_again(self, api: Api) -> None:
        first = api.post("customers/", CUSTOMER, Idempotency_Key="import-7")
        again = api.post("customers/", CUSTOMER, Idempotency_Key="import-7")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert [again[name] for name in ("ETag", "Location", "Content-Type")] == [
            first[name] for name in ("ETag", "Location", "Content-Type")
        ]
        assert again["Idempotency-Replayed"] == "true"
        assert not first.has_header("Idempotency-Replayed")

    def test_the_key_does_not_serve_another_request(self, api: Api) -> None:
        api.post("customers/", CUSTOMER, Idempotency_Key="import-7")
        body = problem(api.post("customers/", {**CUSTOMER, "name": "Other"}, Idempotency_Key="import-7"), 422)
        assert body["type"] == "urn:boomerang:problem:idempotency-key-reused"

    def test_a_refused_request_may_be_corrected_under_the_same_key(self, api: Api) -> None:
        problem(api.post("customers/", {**CUSTOMER, "employees": -1}, Idempotency_Key="import-7"), 400)
        assert api.post("customers/", CUSTOMER, Idempotency_Key="import-7").status_code == 201

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "clé"])
    def test_a_key_that_cannot_be_one_is_refused(self, api: Api, key: str) -> None:
        problem(api.post("customers/", CUSTOMER, Idempotency_Key=key), 400)

    def test_after_a_day_the_key_is_free_and_the_record_goes(self, api: Api, workspace: Workspace) -> None:
        api.post("customers/", CUSTOMER, Idempotency_Key="import-7")
        with workspace_scope(workspace):
            record = IdempotencyRecord.objects.get()
            assert idempotency.purge(now=record.created_at + timedelta(hours=23)) == 0
            IdempotencyRecord.objects.update(created_at=record.created_at - timedelta(days=1, seconds=1))
        assert api.post("customers/", {**CUSTOMER, "external_id": "c-2"}, Idempotency_Key="import-7").status_code == 201
        with workspace_scope(workspace):
            assert idempotency.purge(now=record.created_at + timedelta(days=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_customer(api: Api, workspace: Workspace) -> None:
    answers = together(20, lambda _number: Api(api.key).post("customers/", CUSTOMER, Idempotency_Key="import-7"))
    codes = {answer.status_code for answer in answers}
    assert codes <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert sum(not answer.has_header("Idempotency-Replayed") for answer in made) == 1
    assert all(int(answer["Retry-After"]) >= 1 for answer in answers if answer.status_code == 409)
    with workspace_scope(workspace):
        assert Customer.objects.count() == 1
    assert api.post("customers/", CUSTOMER, Idempotency_Key="import-7").content == made[0].content
