"""The imports pages: upload, mapping with preview, result; and who may see them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.imports import engine, runs
from accounts.models import AttributeDefinition, Customer, ImportRun, Membership, Workspace
from accounts.roles import Role
from csplatform.core.ids import uuid7
from csplatform.core.models import Job, JobState
from csplatform.core.tenancy import workspace_scope
from tests import factories
from tests.accounts.imports.conftest import ImportText
from tests.factories import NOW

pytestmark = pytest.mark.django_db
FILE = b"Aktenzeichen;name;Score;expected_arr\n1;Acme;7;1200\n2;;=2+2;-5\n"


@pytest.fixture
def manager(workspace: Workspace, client: Client) -> Membership:
    membership = factories.make_member(workspace, Role.MANAGER)
    client.force_login(membership.user)
    return membership


def _upload(client: Client, content: bytes = FILE, kind: str = "customers") -> str:
    """Upload and return the address of the mapping page."""
    response = client.post(reverse("import_new"), {"kind": kind, "file": factories.uploaded(content)})
    assert response.status_code == 302, response.context["form"].errors
    return response["Location"]


def _choices(number: str = "external_id", score: str = "+") -> dict[str, str]:
    return {"column_0": number, "column_1": "name", "column_2": score, "column_3": "expected_arr"}


def _only_run(workspace: Workspace) -> ImportRun:
    with workspace_scope(workspace):
        return ImportRun.objects.select_related("job").get()


def test_the_mapping_page_guesses_and_names_what_is_missing(client: Client, manager: Membership) -> None:
    response = client.get(_upload(client))
    assert response.context["missing"] == ["Your own id"]
    assert "Columns are parted by semicolons." in response.context["notes"]
    selected = [column["field"].value() for column in response.context["columns"]]
    assert selected == ["+", "name", "+", "expected_arr"]


def test_the_preview_shows_rows_as_understood_and_writes_nothing(
    client: Client, manager: Membership, workspace: Workspace
) -> None:
    response = client.post(_upload(client), {**_choices(), "step": "preview"})
    preview = response.context["preview"]
    assert preview.headers == ["Your own id", "Name", "Expected yearly revenue", "Score"]
    assert preview.rows[0].cells == ["1", "Acme", "€1,200", "7"]
    assert (preview.good, preview.bad) == (1, 1)
    assert preview.rows[1].errors[0].startswith("expected_arr: “-5” is negative")
    with workspace_scope(workspace):
        assert not Customer.objects.exists()
        assert not AttributeDefinition.objects.exists()


def test_an_import_runs_from_upload_to_a_result_that_stays(
    client: Client, manager: Membership, workspace: Workspace
) -> None:
    map_url = _upload(client)
    response = client.post(map_url, {**_choices(), "step": "start"})
    run = _only_run(workspace)
    assert response["Location"] == reverse("import_detail", args=[run.pk])
    assert client.get(map_url)["Location"] == response["Location"]
    waiting = client.get(response["Location"])
    assert "hx-get" in waiting.content.decode()
    engine.carry_on(workspace_id=workspace.pk, run_id=run.pk, opener=runs.opener_of(run), clock=lambda: NOW)
    fragment = client.get(reverse("import_progress", args=[run.pk]))
    assert fragment["HX-Refresh"] == "true"
    page = client.get(response["Location"])
    assert page.context["sample_rejects"][0]["line"] == 3
    assert "Imported, 1 row was refused" in page.content.decode()
    download = client.get(reverse("import_rejects", args=[run.pk]))
    assert download["Content-Disposition"] == 'attachment; filename="file-rejects.csv"'
    content = download.getvalue().decode("utf-8-sig")
    assert content.splitlines()[1].endswith(",2,,'=2+2,-5")
    listed = client.get(reverse("import_list"))
    assert listed.context["runs"][0]["by"] == str(manager.user)


def test_missing_columns_stop_the_start_and_keep_the_choices(client: Client, manager: Membership) -> None:
    response = client.post(_upload(client), {**_choices(number="-"), "step": "start"})
    assert response.status_code == 200
    assert response.context["missing"] == ["Your own id"]
    assert "Still needed: Your own id." in response.content.decode()
    both = client.post(_upload(client), {**_choices(score="name"), "step": "start"})
    assert both.context["errors"] == ["“name” and “Score” are both mapped to name."]
    assert both.context["columns"][2]["field"].value() == "name"


def test_a_file_that_is_none_is_refused_at_the_field(client: Client, manager: Membership, workspace: Workspace) -> None:
    response = client.post(reverse("import_new"), {"kind": "customers", "file": factories.uploaded(b"PK\x03\x04")})
    assert "workbook" in response.context["form"].errors["file"][0]
    empty = client.post(reverse("import_new"), {"kind": "nonsense"})
    assert set(empty.context["form"].errors) == {"kind", "file"}
    with workspace_scope(workspace):
        assert not ImportRun.objects.exists()


def test_cancelling_before_the_worker_wakes(client: Client, manager: Membership, workspace: Workspace) -> None:
    client.post(_upload(client), {**_choices(), "step": "start"})
    run = _only_run(workspace)
    client.post(reverse("import_cancel", args=[run.pk]))
    with workspace_scope(workspace):
        assert Job.objects.get(import_run=run).state == JobState.CANCELLED


PAGES = [
    "import_list",
    "import_new",
    "import_detail",
    "import_map",
    "import_progress",
    "import_cancel",
    "import_rejects",
]


def _address(name: str, run: ImportRun) -> str:
    return reverse(name) if name in ("import_list", "import_new") else reverse(name, args=[run.pk])


@pytest.mark.parametrize("name", PAGES)
def test_the_access_ladder(client: Client, workspace: Workspace, import_text: ImportText, name: str) -> None:
    run = import_text("customers", "external_id,stage\n1,nowhere\n")
    address = _address(name, run)
    usual, wrong = ("post", "get") if name == "import_cancel" else ("get", "delete")

    def status(method: str, at: str) -> int:
        response = getattr(client, method)(at)
        if response.streaming:
            list(response.streaming_content)
        return int(response.status_code)

    assert client.generic(usual.upper(), address)["Location"].startswith("/accounts/login/")
    client.force_login(factories.make_member(workspace, Role.VIEWER).user)
    assert status(usual, address) == 403
    client.force_login(factories.make_member(workspace, Role.ADMIN).user)
    assert status(usual, address) in (200, 302)
    assert status(wrong, address) == 405
    client.force_login(factories.make_member(factories.make_workspace("stranger"), Role.OWNER).user)
    if str(run.pk) in address:
        assert status(usual, address) == 404
        assert status(usual, address.replace(str(run.pk), str(uuid7()))) == 404
        assert status(usual, address.replace(str(run.pk), "not-an-id")) == 404


def test_the_list_asks_as_many_questions_for_many_imports_as_for_one(
    client: Client, manager: Membership, import_text: ImportText, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        import_text("customers", f"external_id\n{number}\n")
    with django_assert_max_num_queries(10):
        assert len(client.get(reverse("import_list")).context["runs"]) == 4
