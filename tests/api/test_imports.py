"""Importing a file over REST: taken in, mapped, read by a worker, and its result kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tasks
from accounts.models import Customer, ImportRun, Workspace
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.api.conftest import Api, fields, make_api, problem

CSV = "external_id,name,employees\nc-1,Nottingham Freight,420\nc-2,Sherwood Logistics,many\n"


@pytest.fixture(autouse=True)
def _files_of_this_test(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def send(api: Api, content: str | bytes = CSV, name: str = "customers.csv", **told: Any) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    told.setdefault("kind", "customers")
    headers = {"Authorization": f"Bearer {api.key}", **told.pop("headers", {})}
    return api.client.post("/api/v1/imports/", {"file": SimpleUploadedFile(name, raw), **told}, headers=headers)


@pytest.mark.django_db(transaction=True)
def test_a_file_becomes_customers_and_its_refused_rows_can_be_fetched(api: Api, workspace: Workspace) -> None:
    with mock.patch.object(tasks.run_import, "delay") as wake:
        started = send(api)
    assert started.status_code == 201, started.content
    assert started.json()["state"] == "queued"
    tasks.run_import(*wake.call_args.args)
    run = api.get(f"imports/{started.json()['id']}/").json()
    assert (run["state"], run["rows_created"], run["rows_rejected"]) == ("done", 1, 1)
    job = api.get(f"jobs/{run['job_id']}/").json()
    assert job["state"] == "done"
    assert job["done"] == job["total"] > 0
    rejects = api.get(run["rejects"])
    assert rejects["Content-Type"] == "text/csv"
    assert b"many" in b"".join(rejects.streaming_content)
    assert api.get("customers/ext:c-1/").json()["employees"] == 420


@pytest.mark.django_db(transaction=True)
class TestTakingIn:
    def test_the_same_key_takes_a_file_in_once(self, api: Api, workspace: Workspace) -> None:
        with mock.patch.object(tasks.run_import, "delay") as wake:
            first, again = (send(api, headers={"Idempotency-Key": "nightly"}) for _number in range(2))
            other = send(api, CSV + "c-3,Third,1\n", headers={"Idempotency-Key": "nightly"})
        assert first.json()["id"] == again.json()["id"]
        assert wake.call_count == 1
        problem(other, 422)

    def test_a_mapping_names_their_columns(self, api: Api) -> None:
        with mock.patch.object(tasks.run_import, "delay"):
            made = send(api, "Number,Label\nc-1,One\n", mapping='{"Number": "external_id", "Label": "name"}')
        assert made.json()["mapping"] == {"Number": "external_id", "Label": "name"}

    @pytest.mark.parametrize(
        ("content", "told", "named"),
        [
            (CSV, {"kind": "planets"}, "kind"),
            (CSV, {"mapping": "{"}, "mapping"),
            (CSV, {"mapping": '{"Nowhere": "name"}'}, "mapping"),
            ("colour,size\nred,1\n", {}, "mapping"),
            ("", {}, "file"),
            (CSV, {"through": "soon"}, "through"),
        ],
    )
    def test_what_cannot_be_read_is_refused_by_field_and_keeps_no_file(
        self, api: Api, workspace: Workspace, tmp_path: Path, content: str, told: dict[str, str], named: str
    ) -> None:
        assert fields(problem(send(api, content, **told), 400)) == [named]
        with workspace_scope(workspace):
            assert not ImportRun.objects.exists()
            assert not Customer.objects.exists()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_json_is_no_way_to_send_a_file(self, api: Api) -> None:
        problem(api.post("imports/", {"kind": "customers"}), 415)

    def test_it_takes_the_right_to_import(self, workspace: Workspace) -> None:
        problem(send(make_api(workspace, ["read"])), 403)

    def test_a_stranger_finds_neither_file_nor_rejects(self, api: Api) -> None:
        with mock.patch.object(tasks.run_import, "delay"):
            theirs = send(make_api(factories.make_workspace("theirs"))).json()["id"]
        problem(api.get(f"imports/{theirs}/"), 404)
        problem(api.get(f"imports/{theirs}/rejects/"), 404)
