"""The state a story has ended in, as plain data: everything the interface shows, but for what differs by nature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from accounts.models import Customer, Workspace
from accounts.selectors import customer_page
from csplatform.core.tenancy import workspace_scope
from journeys.selectors import advocacy
from tests.api.conftest import Api, make_api
from tests.story.telling import CUSTOMER, PEOPLE, REFERRER, address

Json = dict[str, Any]

APART: Mapping[str, str] = {
    "id": "made anew by every way; what it points at is compared by name",
    "external_id": "pages make their own; files and integrations bring theirs; so do outcome_ and kpi_external_id",
    "outcome_external_id": "as external_id; outcome_id is compared by what the outcome says",
    "kpi_external_id": "as external_id; kpi_id is compared by the KPI's name",
    "relay_id": "the handover is compared from its side: the number of the move it led to",
    "recorded_at": "when the row was stored: a file stores at once what pages stored over months",
    "created_at": "of an outcome or contact: when its row was stored",
    "updated_at": "as recorded_at",
    "version": "counts how often a row was written, and a file writes it once",
    "known_at": "a file tells days where a page knows the minute; compared as a day",
    "source": "of a measurement: form, api or import, which is the very difference; a customer's is compared",
}
"""Fields that are nowhere compared as they are, and why."""

WRITTEN_BY: Mapping[str, str] = {
    "actor": "a person on a page, a key over REST, the command for a file",
    "celebrated_by": "as actor",
}
"""Compared where a deed is somebody's to do (moves, handovers); left out where anybody may write it down."""

_DAYS = {"known_at"}
_SCORED = ("health", "churn", "last_event_at")  # what a worker computes between the deeds is no part of the story


def state_of(workspace: Workspace) -> Json:
    """The customer of the story and who referred it, read as an integration reads it."""
    api = make_api(workspace)
    names = _Names(api)
    mine = f"customer_external_id={CUSTOMER}"
    outcomes = _list(api, f"outcomes/?{mine}")
    kpis = _list(api, f"kpis/?{mine}")
    shocks = _list(api, "shocks/")
    customer = _one(api, f"customers/ext:{CUSTOMER}/")
    read: Json = {
        "customer": {**names.plain(customer, but=_SCORED), "source": customer["source"]},
        "contacts": [names.plain(row) for row in _list(api, f"contacts/?{mine}")],
        "subscriptions": _by("starts_on", map(names.plain, _list(api, f"subscriptions/?{mine}"))),
        "flight": _flight(api, names),
        "handovers": _handovers(api, names),
        "outcomes": _by("statement", (_evolved(api, names, "outcomes", row) for row in outcomes)),
        "kpis": _by("name", (_evolved(api, names, "kpis", row) for row in kpis)),
        "measurements": _by("measured_on", map(names.unsigned, _list(api, f"measurements/?{mine}"))),
        "wins": _by("happened_on", map(names.unsigned, _list(api, f"wins/?{mine}"))),
        "engagements": _by("occurred_at", map(names.plain, _list(api, f"engagements/?{mine}"))),
        "requests": _by("raised_at", map(names.plain, _list(api, f"requests/?{mine}"))),
        "advocacy": _by("suggested_at", map(names.plain, _list(api, "advocacy/"))),
        "shocks": [
            {
                **names.plain(row),
                "exposed": _by("name", map(names.plain, _list(api, f"shocks/{row['id']}/customers/"))),
            }
            for row in shocks
        ],
    }
    with workspace_scope(workspace):
        return {**read, "team": _team(), "came_back": _came_back()}


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Every field in which two states differ, named by its place, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(name for name in other if name not in one)]
        return [said for name in names for said in differences(one.get(name), other.get(name), f"{place}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [said for at, (mine, theirs) in pairs for said in differences(mine, theirs, f"{place}[{at}]")]
    return [] if one == other else [f"{place.removeprefix('.')}: {one!r} and {other!r}"]


class _Names:
    """Ids as names, so that what they point at can be compared."""

    def __init__(self, api: Api) -> None:
        self._members = {row["id"]: row["email"] for row in _list(api, "members/")}
        kinds = ("outcomes", "kpis", "laps", "customers", "subscriptions")
        self._titles = {row["id"]: _title(kind, row) for kind in kinds for row in _list(api, f"{kind}/")}

    def plain(self, row: Mapping[str, Any], but: Iterable[str] = ()) -> Json:
        """A record without what differs by nature; ids of members, outcomes, KPIs and laps by name."""
        left_out = {*APART, *but}
        return {name: self._value(name, value) for name, value in row.items() if name not in left_out} | {
            name: value[:10] for name, value in row.items() if name in _DAYS and value
        }

    def unsigned(self, row: Mapping[str, Any]) -> Json:
        """As ``plain``, without who wrote it down."""
        return self.plain(row, but=WRITTEN_BY)

    def person(self, label: str) -> str:
        """Who of the story a label names: a key that acts for somebody, a page and a file say it differently."""
        return next((address(who) for who in PEOPLE if address(who) in label), label)

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.plain(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, dict):
            return self.plain(value)
        if not isinstance(value, str):
            return value
        if name in ("actor", "decided_by"):
            return self.person(value)
        return self._members.get(value, self._titles.get(value, value))


def _title(kind: str, row: Json) -> str:
    told = {
        "outcomes": "statement",
        "kpis": "name",
        "laps": "number",
        "customers": "name",
        "subscriptions": "starts_on",
    }
    return f"{kind}: {row[told[kind]]}"


def _flight(api: Api, names: _Names) -> Json:
    flight = names.plain(_one(api, f"customers/ext:{CUSTOMER}/flight/"))
    flight["moves"][0].pop("actor")  # nobody moved it there: it was placed when it was written down
    return flight


def _handovers(api: Api, names: _Names) -> list[Json]:
    """In the order they were offered, each with the number of the move it did and of the handover it follows."""
    rows = _list(api, f"relays/?customer_external_id={CUSTOMER}&ordering=offered_at")
    moves = {row["id"]: row["number"] for row in _one(api, f"customers/ext:{CUSTOMER}/flight/")["moves"]}
    places = {row["id"]: at for at, row in enumerate(rows)}
    return [
        {
            **names.plain(row),
            "move_id": moves.get(row["move_id"]),
            "reoffers": places.get(row["reoffers"]),
            "items": [{"text": item["text"], "is_done": item["done_at"] is not None} for item in row["items"]],
        }
        for row in rows
    ]


def _evolved(api: Api, names: _Names, kind: str, row: Json) -> Json:
    """With its versions; why it counts as settled names who wrote that down, and is read from its versions instead."""
    versions = _one(api, f"{kind}/{row['id']}/versions/")["results"]
    but = ("why",) if row.get("settlement") else ()
    return {**names.plain(row, but=but), "versions": [names.unsigned(each) for each in versions]}


def _team() -> list[Json]:
    """Who looks after the customer now, by role."""
    customer = Customer.objects.get(external_id=CUSTOMER)
    rows = customer_page.team_of(customer, date.max)
    return [{"role": row.role, "member": row.member.user.email, "since": row.since.isoformat()} for row in rows]


def _came_back() -> list[Json]:
    """What the referrer's page says of those it brought."""
    referrer = Customer.objects.get(external_id=REFERRER)
    return [
        {
            "name": brought.customer.name,
            "gained_minor": brought.gained_minor,
            "laps": [lap.kind for lap in brought.laps],
        }
        for brought in advocacy.referred_by(referrer.pk)
    ]


def _one(api: Api, path: str) -> Json:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    body: Json = answer.json()
    return body


def _list(api: Api, path: str) -> list[Json]:
    page = _one(api, f"{path}{'&' if '?' in path else '?'}limit=500")
    assert page["next"] is None
    rows: list[Json] = page["results"]
    return rows


def _by(name: str, rows: Iterable[Json]) -> list[Json]:
    key: Callable[[Json], Any] = lambda row: row[name]  # noqa: E731  (typed, so that sorting is)
    return sorted(rows, key=key)
