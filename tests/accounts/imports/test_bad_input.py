"""Everything a file can do wrong: good rows are kept, bad ones come back with the reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile

import pytest

from accounts.imports.engine import counts
from accounts.imports.mapping import MappingError
from accounts.imports.readers import SourceError
from accounts.models import AttributeDefinition, AttributeValue, Contact, Customer, ImportRun, Subscription, Workspace
from csplatform.core.tenancy import workspace_scope
from tests.accounts.imports.conftest import ImportText

pytestmark = pytest.mark.django_db


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "external_id\n1\n")
    return packed.getvalue()


def _rejects(run: ImportRun) -> list[list[str]]:
    with run.rejects.open("rb") as stream:
        return list(csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")))


def _numbers(run: ImportRun) -> dict[str, int]:
    return {word: count for word, count in counts(run).items() if count}


def test_a_byte_order_mark_semicolons_and_quotes_are_understood(workspace: Workspace, import_text: ImportText) -> None:
    text = '\ufeffexternal_id;name;tags\r\n1;"Acme; ""the"" firm\nLtd";a|b\r\n2;Zoë 🪃 שלום;\r\n'
    run = import_text("customers", text)
    assert _numbers(run) == {"read": 2, "created": 2}
    assert "Columns are parted by semicolons." in run.notes
    with workspace_scope(workspace):
        assert dict(Customer.objects.values_list("external_id", "name")) == {
            "1": 'Acme; "the" firm\nLtd',
            "2": "Zoë 🪃 שלום",
        }


def test_windows_encoding_is_detected_and_said(workspace: Workspace, import_text: ImportText) -> None:
    run = import_text("customers", "external_id,name\n1,Café Müller\n".encode("cp1252"))
    assert "Not UTF-8: read as Windows-1252 (Western European)." in run.notes
    with workspace_scope(workspace):
        assert Customer.objects.get().name == "Café Müller"


def test_one_row_with_broken_bytes_does_not_spoil_the_file(workspace: Workspace, import_text: ImportText) -> None:
    run = import_text("customers", "external_id,name\n1,Zoë\n2,".encode() + b"\xff\n3,M\xc3\xbcller\n")
    assert _numbers(run) == {"read": 3, "created": 2, "rejected": 1}
    assert "not UTF-8" in _rejects(run)[1][1]


def test_dates_that_begin_with_the_day_are_known_by_one_that_can_mean_nothing_else(
    workspace: Workspace, import_text: ImportText
) -> None:
    import_text("customers", "external_id\nc\n")
    rows = "s1,c,03/04/2026,01/05/2026,10\ns2,c,05/04/2026,31/05/2026,10\n"
    run = import_text("subscriptions", f"external_id,customer_external_id,starts_on,ends_on,mrr\n{rows}")
    assert _numbers(run) == {"read": 2, "created": 2}
    assert "starts_on, ends_on: dates are read as day, month, year." in run.notes
    with workspace_scope(workspace):
        days = {each.external_id: (str(each.starts_on), str(each.ends_on)) for each in Subscription.objects.all()}
    assert days == {"s1": ("2026-04-03", "2026-05-01"), "s2": ("2026-04-05", "2026-05-31")}


def test_dates_that_could_be_either_are_refused_and_said_to_be(workspace: Workspace, import_text: ImportText) -> None:
    import_text("customers", "external_id\nc\n")
    run = import_text(
        "subscriptions", "external_id,customer_external_id,starts_on,mrr\ns1,c,03/04/2026,10\ns2,c,2026-04-03,10\n"
    )
    assert _numbers(run) == {"read": 2, "created": 1, "rejected": 1}, "a column of both kinds is read cell by cell"
    run = import_text("subscriptions", "external_id,customer_external_id,starts_on,mrr\ns3,c,03/04/2026,10\n")
    assert _numbers(run) == {"read": 1, "rejected": 1}
    (said,) = [note for note in run.notes if note.startswith("starts_on: ")]
    assert "could begin with the day or with the month" in said
    assert "2026-12-31" in said


def test_thousands_in_the_way_of_each_country_are_understood(workspace: Workspace, import_text: ImportText) -> None:
    import_text("customers", "external_id\nc\n")
    written = ["1.234.567,50", "1,234,567.50", "1 234 567,50", "1\u202f234\u202f567,50", "1'234'567.50", "1234567,5"]
    rows = "".join(f"s{n};c;2026-01-01;{amount}\n" for n, amount in enumerate(written))
    run = import_text("subscriptions", f"external_id;customer_external_id;starts_on;arr\n{rows}")
    assert _numbers(run) == {"read": 6, "created": 6}
    with workspace_scope(workspace):
        assert set(Subscription.objects.values_list("arr_minor", flat=True)) == {1_234_567_50}


def test_a_heading_that_stands_twice_is_told_apart(workspace: Workspace, import_text: ImportText) -> None:
    run = import_text("customers", "external_id,name,name\n1,Acme,Other\n")
    assert any("“name (2)”" in note for note in run.notes)
    with workspace_scope(workspace):
        assert Customer.objects.get().name == "Acme"


def test_missing_columns_stop_the_import_before_anything_is_read(workspace: Workspace, import_text: ImportText) -> None:
    with pytest.raises(
        MappingError, match=r"Missing: customer_external_id .* --map 'customer_ext_id=customer_external_id'"
    ):
        import_text("contacts", "external_id,customer_ext_id\n1,2\n")
    with pytest.raises(MappingError, match="mrr or arr"):
        import_text("subscriptions", "external_id,customer_external_id,starts_on\n1,2,2026-01-01\n")
    with workspace_scope(workspace):
        assert not ImportRun.objects.exists()


def test_a_heading_its_cells_speak_against_is_kept_as_it_is(workspace: Workspace, import_text: ImportText) -> None:
    run = import_text("customers", "external_id,company_size\n1,11-50\n2,Enterprise\n")
    assert (run.rows_created, run.rows_rejected) == (2, 0)
    with workspace_scope(workspace):
        assert AttributeDefinition.objects.get().key == "company_size"
    said = import_text("customers", "external_id,company_size\n1,11-50\n2,20\n", "company_size=employees")
    assert (said.rows_updated, said.rows_rejected) == (1, 1)


def test_their_names_are_mapped_to_ours(workspace: Workspace, import_text: ImportText) -> None:
    import_text(
        "customers", "Kundennummer,Firma,quatsch\n1,Acme,x\n", "Kundennummer=external_id", "Firma=name", "quatsch=-"
    )
    with workspace_scope(workspace):
        assert Customer.objects.get().name == "Acme"
        assert not AttributeDefinition.objects.exists()
    with pytest.raises(MappingError, match="no column “Nummer”"):
        import_text("customers", "a,b\n1,2\n", "Nummer=external_id")
    with pytest.raises(MappingError, match="both mapped to name"):
        import_text("customers", "external_id,a,b\n1,2,3\n", "a=name", "b=name")


def test_extra_columns_become_attributes_typed_by_their_content(workspace: Workspace, import_text: ImportText) -> None:
    text = "external_id,Plan tier,score,since,vip,postcode\n1,gold,1.5,2026-01-31,yes,01067\n2,,2,,no,80331\n"
    import_text("customers", text)
    with workspace_scope(workspace):
        kinds = dict(AttributeDefinition.objects.values_list("key", "kind"))
        assert kinds == {
            "plan_tier": "text",
            "score": "number",
            "since": "date",
            "vip": "boolean",
            "postcode": "text",
        }
        assert AttributeValue.objects.get(customer__external_id="1", definition__key="score").value == 1.5
    run = import_text("customers", "external_id,score\n1,many\n2,3\n")
    assert _numbers(run) == {"read": 2, "updated": 1, "rejected": 1}
    assert _rejects(run)[1][1] == "score: “many” is not a number (this attribute holds a number)"


def test_extra_columns_of_contacts_become_traits(workspace: Workspace, import_text: ImportText) -> None:
    import_text("customers", "external_id\nc\n")
    import_text("contacts", "external_id,customer_external_id,Team\np,c,ops\nq,c,\n")
    with workspace_scope(workspace):
        assert dict(Contact.objects.values_list("external_id", "traits")) == {"p": {"Team": "ops"}, "q": {}}


def test_rejects_hold_row_reason_and_cells_without_live_formulas(workspace: Workspace, import_text: ImportText) -> None:
    text = 'external_id,name,employees\n1,"=HYPERLINK(""x"")",-5\n2,@cmd,ten\n3,Fine,7\n'
    run = import_text("customers", text)
    assert _numbers(run) == {"read": 3, "created": 1, "rejected": 2}
    assert _rejects(run) == [
        ["row", "reason", "external_id", "name", "employees"],
        ["2", "employees: “-5” is not a whole number from 0 to 2147483647", "1", '\'=HYPERLINK("x")', "-5"],
        ["3", "employees: “ten” is not a number", "2", "'@cmd", "ten"],
    ]


def test_rows_with_too_few_or_too_many_cells_are_refused(import_text: ImportText) -> None:
    run = import_text("customers", "external_id,name\n1\n2,B,extra\n3,C,,\n\n4,D\n")
    assert _numbers(run) == {"read": 4, "created": 2, "rejected": 2}
    assert [row[:2] for row in _rejects(run)[1:]] == [
        ["2", "has 1 cells where the first line names 2"],
        ["3", "has 3 cells where the first line names 2"],
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("c,2026-02-01,2026-01-01,100", "ends_on: is 2026-01-01, before the start on 2026-02-01"),
        ("c,2026-02-30,,100", "starts_on: “2026-02-30” is not a date such as 2026-01-31 or 2026-01-31T14:30:00Z"),
        ("c,1066-01-01,,100", "starts_on: “1066-01-01” is not between the years 1900 and 2199"),
        ("c,,,100", "starts_on: is empty"),
        ("c,2026-01-01,,-100", "mrr: “-100” is negative; money here is what the customer pays"),
        (
            "c,2026-01-01,,99999999999999999999",
            "mrr: “99999999999999999999” is more than can be meant: the limit is 10^13 minor units",
        ),
        ("c,2026-01-01,,1e400", "mrr: “1e400” is more than can be meant: the limit is 10^13 minor units"),
        ("c,2026-01-01,,", "mrr: is empty, and so is arr: say one of them, 0 for a free plan"),
        (
            'c,2026-01-01,,"1,234"',
            "mrr: “1,234” could mean two numbers: write it without a thousands separator, and decimals after a point",
        ),
        (
            "nobody,2026-01-01,,100",
            "customer_external_id: there is no customer with the external_id “nobody”; import customers first",
        ),
    ],
)
def test_subscriptions_that_cannot_be(workspace: Workspace, import_text: ImportText, cells: str, reason: str) -> None:
    import_text("customers", "external_id\nc\n")
    head = "external_id,customer_external_id,starts_on,ends_on,mrr\n"
    run = import_text("subscriptions", f"{head}s1,{cells}\ns2,c,2026-01-01,,100\n")
    assert _numbers(run) == {"read": 2, "created": 1, "rejected": 1}
    assert _rejects(run)[1][1] == reason
    with workspace_scope(workspace):
        assert Subscription.objects.get().arr_minor == 1_200_00


def test_parents_may_come_later_and_circles_are_named(workspace: Workspace, import_text: ImportText) -> None:
    text = "external_id,parent_external_id\na,b\nb,c\nc,a\nd,nobody\n"
    for _ in range(2):
        run = import_text("customers", text)
        assert [row[:2] for row in _rejects(run)[1:]] == [
            [
                "4",
                "parent_external_id: this would close a circle: c → a → b → c; the customer was kept without this link",
            ],
            [
                "5",
                "parent_external_id: there is no customer with the external_id “nobody”; "
                "the customer was kept without this link",
            ],
        ]
    with workspace_scope(workspace):
        assert list(Customer.objects.order_by("external_id").values_list("external_id", "parent__external_id")) == [
            ("a", "b"),
            ("b", "c"),
            ("c", None),
            ("d", None),
        ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\n\nexternal_id\n", "The first line is empty"),
        (b"PK\x03\x04rest", "a workbook or a zip archive, and damaged"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "This is a workbook: save each sheet as CSV"),
        (b"\xd0\xcf\x11\xe0older", "This is a workbook"),
        (zipped("data/customers.csv", "data/events.csv"), "a zip archive of customers.csv, events.csv: unpack it"),
        (b"[{}]", "one object a line"),
        (b"PAR1nonsense", "Parquet file is damaged"),
        (gzip.compress(b"external_id\n" + b"".join(b"%d\n" % n for n in range(9999)))[:-900], "gzip file is damaged"),
        (b"\x1f\x8bnonsense", "gzip file is damaged"),
        (gzip.compress(b"x" * 3_000_000), "longer than 1,000,000 characters"),
    ],
)
def test_files_that_are_none_say_what_they_are(import_text: ImportText, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        import_text("customers", content)


def test_json_lines_keep_good_objects(workspace: Workspace, import_text: ImportText) -> None:
    lines = [
        json.dumps({"external_id": "1", "name": "A", "employees": 5, "vip": True}),
        "{broken",
        "[]",
        json.dumps({"external_id": "2", "name": "x\x00y"}),
        '{"external_id": "3", "name": "\\ud800"}',
        '{"external_id": "4", "employees": NaN}',
        "",
        json.dumps({"external_id": 5, "name": {"a": 1}}),
        json.dumps({"external_id": 6}),
    ]
    run = import_text("customers", "\n".join(lines))
    assert _numbers(run) == {"read": 8, "created": 2, "rejected": 6}
    with workspace_scope(workspace):
        assert set(Customer.objects.values_list("external_id", "name")) == {("1", "A"), ("6", "6")}


def test_an_unknown_stage_is_refused_naming_those_there_are(import_text: ImportText) -> None:
    run = import_text("customers", "external_id,stage\n1,Adoption\n2,nirvana\n")
    assert _numbers(run) == {"read": 2, "created": 1, "rejected": 1}
    assert _rejects(run)[1][1].startswith(
        "stage: “nirvana” is no stage of this workspace; there are: adoption, advocacy"
    )
