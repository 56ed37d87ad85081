"""The customer list as people use it: chips, fragments, columns, segments, bulk changes with undo, export."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import (
    AccountTeamMember,
    BulkChange,
    Customer,
    CustomerHealth,
)
from accounts.roles import Role
from accounts.services import search, team
from accounts.views.customers.columns import COLUMN_LIST
from accounts.views.customers.export import PIECE, neutral
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from tests import factories, volume
from tests.pages.conftest import House

LIST = "/customers/"
HTMX = {"HX-Request": "true", "HX-Target": "customer-list"}


def text_of(response: Any) -> str:
    return str(response.content.decode())


def fill(house: House, count: int) -> None:
    with workspace_scope(house.workspace):
        volume.fill_customers(count, [str(house.members[Role.CSM].pk)])
        search.index(Customer.objects.all(), are_new=True)


class Balance(HTMLParser):
    """Finds where the element with an id begins and ends."""

    def __init__(self, wanted: str) -> None:
        super().__init__(convert_charrefs=False)
        self.wanted, self.depth = wanted, 0
        self.first: tuple[int, int] | None = None
        self.last: tuple[int, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "div":
            return
        if self.depth or dict(attrs).get("id") == self.wanted:
            self.depth += 1
            self.first = self.first or self.getpos()

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self.depth:
            self.depth -= 1
            if not self.depth:
                self.last = self.getpos()


def element(page: str, identity: str) -> str:
    """The outer HTML of the <div> with this id."""
    finder = Balance(identity)
    finder.feed(page)
    lines = page.splitlines(keepends=True)
    offset = [0]
    for line in lines:
        offset.append(offset[-1] + len(line))
    assert finder.first is not None
    assert finder.last is not None
    (first_line, first), (last_line, last) = finder.first, finder.last
    return page[offset[first_line - 1] + first : offset[last_line - 1] + last + len("</div>")]


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page).strip()


def test_a_rough_risk_is_told_as_a_level_and_a_proved_one_as_a_percentage(house: House) -> None:
    with workspace_scope(house.workspace):
        factories.make_customer("Rough", health={"churn_risk": 2210, "churn_is_rough": True})
        factories.make_customer("Proved", health={"churn_risk": 2210})
    page = text_of(house.client().get(LIST + "?columns=risk"))
    rows = {name: page[page.index(f">{name}<") :].split("</tr>")[0] for name in ("Rough", "Proved")}
    assert "22" not in rows["Rough"]
    assert "22" in rows["Proved"]


@pytest.mark.parametrize("query", ["", "?band=at_risk&sort=-health", "?q=Customer&columns=country", "?arr_min=x"])
def test_the_fragment_is_the_part_of_the_page_it_replaces(house: House, query: str) -> None:
    fill(house, 130)
    client = house.client()
    page, fragment = text_of(client.get(LIST + query)), text_of(client.get(LIST + query, headers=HTMX))
    assert "<html" not in fragment
    assert without_tokens(element(page, "customer-list")) == without_tokens(fragment)


def test_going_back_in_the_browser_gets_the_whole_page(house: House) -> None:
    restored = house.client().get(LIST, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in text_of(restored)
    assert "HX-Request" in restored.headers["Vary"]


def test_the_number_of_queries_neither_grows_nor_passes_twelve(house: House) -> None:
    client, counts = house.client(Role.MANAGER), []
    address = LIST + "?band=at_risk&band=watch&sort=notice"
    for more in (3, 300):
        fill(house, more) if more == 300 else factories_in(house, more)
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        counts.append(len([q for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]))
    assert counts[1] <= counts[0] <= 12, counts


def factories_in(house: House, count: int) -> None:
    with workspace_scope(house.workspace):
        for number in range(count):
            factories.make_customer(f"Few {number}", health={"band": "watch"}, contract_state="active")


def test_chips_say_the_filter_and_each_takes_itself_out(house: House) -> None:
    fill(house, 50)
    page = text_of(house.client().get(LIST + "?band=watch&band=at_risk&arr_min=5000&csm=me&notice_within=60&tag=vip"))
    for words in (
        "health watch or at risk", "ARR of at least €5,000", "CSM me", "notice deadline within 60 days or past",
        "tag vip",
    ):  # fmt: skip
        assert words in page
    without_csm = re.search(r'CSM me<a class="chip-x" href="([^"]+)"', page)
    assert without_csm
    rest = text_of(house.client().get(html.unescape(without_csm[1])))
    assert "ARR of at least €5,000" in rest
    assert "CSM me" not in rest


def test_what_cannot_be_read_is_named_and_left_out(house: House) -> None:
    page = text_of(house.client().get(LIST + "?arr_min=lots&band=purple&risk_min=300&notice_by=soon&after=zzz&sort=up"))
    for field in ("ARR", "Health", "Churn risk", "Notice deadline"):
        assert re.search(rf"{re.escape(field)}: .* This condition was left out\.", page)
    assert "Nottingham Freight" in page


@pytest.mark.parametrize(
    "query", ["?q=%00", "?csm=%00", "?stage=%00&tag=%00", "?after=%00", "?columns=%00", "?q=" + "é" * 999]
)
def test_hostile_addresses_are_answered(house: House, query: str) -> None:
    assert house.client().get(LIST + query).status_code == 200


def test_search_finds_by_pieces_of_the_name(house: House) -> None:
    with workspace_scope(house.workspace):
        search.index([house.customer], are_new=True)
        search.index([factories.make_customer("Brandt Logistik")], are_new=True)
    page = text_of(house.client().get(LIST + "?q=notting"))
    assert "Nottingham Freight" in page
    assert "Brandt Logistik" not in page


def test_pages_are_linked_both_ways(house: House) -> None:
    fill(house, 120)
    client, seen, url = house.client(), [], LIST + "?sort=name"
    for _ in range(3):
        page = text_of(client.get(url))
        seen += re.findall(r"data-open>([^<]+)</a>", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        url = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 121
    assert not url
    assert 'rel="prev"' in page


def test_columns_are_chosen_in_the_address_and_remembered(house: House) -> None:
    client = house.client()
    assert 'class="col-seats num"' in text_of(client.get(LIST + "?columns=seats&columns=country"))
    later = text_of(client.get(LIST))
    assert 'class="col-seats num"' in later
    assert 'class="col-arr' not in later


def test_every_column_has_a_cell_under_its_heading(house: House) -> None:
    query = "&".join(f"columns={column.key}" for column in COLUMN_LIST)
    page = text_of(house.client(Role.VIEWER).get(f"{LIST}?{query}"))
    head, body = page.split("<tbody>")[0].split("<thead")[1], page.split("<tbody>")[1].split("</tr>")[0]
    assert head.count('scope="col"') == len(COLUMN_LIST) + 1
    assert body.count("<td") == len(COLUMN_LIST)


# --- bulk ----------------------------------------------------------------------------------------------


def bulk(house: House, **told: object) -> Any:
    return house.client().post(reverse("customer_bulk"), told)


def test_a_bulk_change_shows_first_who_is_hit_and_changes_nothing(house: House) -> None:
    page = text_of(bulk(house, action="tag", customer=[str(house.customer.pk)], query="band=watch"))
    assert "1 customer, €186,000" in page
    assert "Nothing is changed yet" in page
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).tags == []


def test_tagging_is_undone_where_nobody_changed_it_since(house: House) -> None:
    with workspace_scope(house.workspace):
        other = factories.make_customer("Brandt Logistik", tags=["vip"])
        third = factories.make_customer("Castor Chemie")
    ids = [str(c.pk) for c in (house.customer, other, third)]
    response = bulk(house, action="tag", customer=ids, value="vip", confirm="1")
    with workspace_scope(house.workspace):
        change = BulkChange.objects.get()
        assert set(change.before) == {ids[0], ids[2]}
        assert all(c.tags == ["vip"] for c in Customer.objects.all())
        assert AuditEvent.objects.filter(action="customer.bulk_tagged", object_type="accounts.customer").count() == 2
        Customer.objects.filter(pk=third.pk).update(tags=[])
    assert "Undo the change" in text_of(house.client().get(response.headers["Location"]))
    house.client().post(reverse("bulk_undo", args=[change.pk]))
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).tags == []
        assert Customer.objects.get(pk=other.pk).tags == ["vip"]
        assert BulkChange.objects.get().undone_at is not None


def test_assigning_everybody_of_the_filter_and_undoing_it(house: House) -> None:
    csm, manager = house.members[Role.CSM], house.members[Role.MANAGER]
    with workspace_scope(house.workspace):
        today = timezone.now().date()
        AccountTeamMember.objects.create(
            workspace=house.workspace, customer=house.customer, member=csm, role="csm", since=today - timedelta(days=9)
        )
        team.refresh_csm([house.customer.pk], day=today, now=timezone.now())
        outside = factories.make_customer("Outside", health={"band": "healthy"})
        factories.make_customer("Inside", health={"band": "watch"})
        CustomerHealth.objects.filter(customer=house.customer).update(band="watch")
    response = bulk(
        house, action="assign", customer=[str(house.customer.pk)], query="band=watch", scope="matching",
        value=str(manager.pk), confirm="1",
    )  # fmt: skip
    assert response.headers["Location"].startswith("/customers/?band=watch&changed=")
    with workspace_scope(house.workspace):
        assert Customer.objects.filter(csm=manager).count() == 2
        assert Customer.objects.get(pk=outside.pk).csm is None
        change = BulkChange.objects.get()
    house.client().post(reverse("bulk_undo", args=[change.pk]))
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).csm == csm
        assert Customer.objects.get(name="Inside").csm is None


def test_undo_ends_after_ten_minutes_and_happens_once(house: House) -> None:
    bulk(house, action="tag", customer=[str(house.customer.pk)], value="vip", confirm="1")
    with workspace_scope(house.workspace):
        change = BulkChange.objects.get()
        BulkChange.objects.update(made_at=timezone.now() - timedelta(minutes=11))
    house.client().post(reverse("bulk_undo", args=[change.pk]))
    with workspace_scope(house.workspace):
        assert Customer.objects.get(pk=house.customer.pk).tags == ["vip"]


@pytest.mark.parametrize(
    "told",
    [
        {"value": "a,b"},
        {"value": ""},
        {"value": "x" * 61},
        {"value": "\0"},
        {"action": "assign", "value": "nobody-here"},
    ],
)
def test_a_bad_value_comes_back_with_the_reason(house: House, told: dict[str, str]) -> None:
    response = bulk(house, **{"action": "tag", "customer": [str(house.customer.pk)], "confirm": "1", **told})
    assert response.status_code == 200
    with workspace_scope(house.workspace):
        assert not BulkChange.objects.exists()


def test_nobody_selected_changes_nobody(house: House) -> None:
    assert bulk(house, action="tag", value="vip", confirm="1").status_code == 302
    assert bulk(house, action="explode").status_code == 404


def test_another_workspaces_customers_cannot_be_hit(house: House) -> None:
    with workspace_scope(house.stranger.workspace_id):
        theirs = factories.make_customer("Theirs")
    bulk(house, action="tag", customer=[str(theirs.pk)], value="taken", confirm="1")
    with workspace_scope(house.stranger.workspace_id):
        assert Customer.objects.get(pk=theirs.pk).tags == []


# --- export --------------------------------------------------------------------------------------------


def rows_of(response: Any) -> list[dict[str, str]]:
    raw = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(raw)))


@pytest.mark.django_db(transaction=True)
def test_the_export_streams_every_row_of_the_filter_in_its_order(house: House) -> None:
    fill(house, PIECE + 30)
    response = house.client().get(reverse("customer_export") + "?sort=name")
    rows = rows_of(response)
    assert len(rows) == PIECE + 31
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert next(row for row in rows if row["name"] == "Nottingham Freight")["arr"] == "186000.00"
    at_risk = rows_of(house.client().get(reverse("customer_export") + "?band=at_risk"))
    assert {row["health_band"] for row in at_risk} == {"at_risk"}
    with workspace_scope(house.workspace):
        assert AuditEvent.objects.filter(action="customers.exported").count() == 2


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_the_export_is_a_formula(house: House, cell: str) -> None:
    assert neutral(cell) == f"'{cell}"
    assert neutral("Ordinary") == "Ordinary"
    assert neutral(-3.5) == -3.5


def test_who_gave_notice_shows_when_the_contract_ends_where_others_have_their_deadline(house: House) -> None:
    with workspace_scope(house.workspace):
        Customer.objects.filter(pk=house.customer.pk).update(
            contract_state="notice_given", notice_deadline=None, renewal_on=date(2027, 6, 30)
        )
    assert "ends 30 Jun 2027" in text_of(house.client().get(LIST))
