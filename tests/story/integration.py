"""The story told over REST, by an integration that acts for the people in it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import Workspace
from tests.api.conftest import Api, make_api, problem
from tests.story.conftest import Clock
from tests.story.reading import state_of
from tests.story.telling import CUSTOMER, END, EXPOSED, STORY, House, Step, address, make_house

Json = dict[str, Any]


class Integration:
    """Each method is a deed of the story. ``_relay``: the handover that was offered or decided last."""

    def __init__(self, workspace: Workspace) -> None:
        self._api: Api = make_api(workspace)
        self._relay: Json = {}
        self._who, self._at = "", ""
        self._spoken = 0

    def tell(self, step: Step) -> None:
        self._who, self._at = step.who, step.at.isoformat()
        getattr(self, step.deed)(**step.told)

    def _done(self, method: str, path: str, body: Json, status: int) -> Json:
        answer = self._api.call(method, path, body)
        assert answer.status_code == status, (path, answer.status_code, answer.content)
        told: Json = answer.json()
        return told

    @property
    def _by(self) -> str:
        return address(self._who)

    def advocate(self, *, key: str, customer: str, contact: str = "", **told: str) -> None:
        body = {"external_id": key, "customer_external_id": customer, "contact_external_id": contact, **told}
        self._done("POST", "advocacy/", body, 201)

    def advance(self, *, key: str, **told: str) -> None:
        self._done("PATCH", f"advocacy/ext:{key}/", told, 200)

    def refer(self, *, key: str, external_id: str, name: str) -> None:
        self._done("PUT", f"customers/ext:{external_id}/", {"name": name, "source": "referral"}, 201)
        self._done("PATCH", f"advocacy/ext:{key}/", {"state": "done", "referred_external_id": external_id}, 200)

    def describe(self, **told: str) -> None:
        self._done("PATCH", f"customers/ext:{CUSTOMER}/", told, 200)

    def meet(self, *, external_id: str, **told: Any) -> None:
        self._done("PUT", f"contacts/ext:{external_id}/", {"customer_external_id": CUSTOMER, **told}, 201)

    def move(self, **told: Any) -> None:
        body = self._done("POST", f"customers/ext:{CUSTOMER}/move/", {"by": self._by, **told}, 200)
        assert body["stage"] == told["stage"]

    def offer(self, **told: Any) -> None:
        self._relay = self._done("POST", f"customers/ext:{CUSTOMER}/move/", {"by": self._by, **told}, 202)
        assert self._relay["state"] == "offered"

    def tick(self, *, line: str) -> None:
        item = next(each["id"] for each in self._relay["items"] if each["text"] == line)
        self._done("POST", f"relays/{self._relay['id']}/tick/", {"item": item}, 200)

    def accept(self, **told: str) -> None:
        address_of = f"relays/{self._relay['id']}/accept/"
        problem(self._api.post(address_of, {"by": address("product")}), 403)
        taken = self._done("POST", address_of, {"by": self._by, **told}, 200)
        assert taken["state"] == "accepted"

    def decline(self, **told: str) -> None:
        self._done("POST", f"relays/{self._relay['id']}/decline/", {"by": self._by, **told}, 200)

    def reoffer(self, **told: str) -> None:
        self._relay = self._done("POST", f"relays/{self._relay['id']}/reoffer/", {"by": self._by, **told}, 201)

    def promise(self, *, key: str, kpi: Json | None = None, **told: str) -> None:
        self._done("PUT", f"outcomes/ext:{key}/", {"customer_external_id": CUSTOMER, **told}, 201)
        if kpi is not None:
            self._done("PUT", f"kpis/ext:{key}/", {"outcome_external_id": key, **kpi}, 201)

    def revise(self, *, key: str, **told: str) -> None:
        self._done("PATCH", f"outcomes/ext:{key}/", told, 200)

    def settle(self, *, key: str, **told: str) -> None:
        self._done("POST", f"outcomes/ext:{key}/settle/", told, 200)

    def measure(self, *, key: str, value: str) -> None:
        self._spoken += 1
        body = {"external_id": f"measured-{self._spoken}", "kpi_external_id": key, "value": value}
        self._done("POST", "measurements/", body, 201)

    def celebrate(self, *, title: str) -> None:
        wins = self._done("GET", f"wins/?customer_external_id={CUSTOMER}", {}, 200)["results"]
        (win,) = (each for each in wins if each["title"] == title)
        self._done("POST", f"wins/{win['id']}/celebrate/", {}, 200)

    def sign(self, *, external_id: str, **told: Any) -> None:
        self._done("PUT", f"subscriptions/ext:{external_id}/", {"customer_external_id": CUSTOMER, **told}, 201)

    def speak(self, *, contact: str, outcome: str = "", **told: str) -> None:
        self._spoken += 1
        body = {"external_id": f"spoken-{self._spoken}", "customer_external_id": [CUSTOMER], "by_email": self._by,
                "occurred_at": self._at, "contact_external_id": [contact], "outcome_external_id": outcome,
                **told}  # fmt: skip
        self._done("POST", "engagements/", body, 201)

    def wish(self, *, key: str, **told: str) -> None:
        body = {"external_id": key, "customer_external_id": CUSTOMER, **told}
        self._done("POST", "requests/", body, 201)

    def answer(self, *, key: str, **told: str) -> None:
        self._done("PATCH", f"requests/ext:{key}/", {"answered_by": self._by, **told}, 200)

    def strike(self, **told: str) -> None:
        shock = self._done("POST", "shocks/", {"external_id": "flood", "filter": EXPOSED, **told}, 201)
        assert shock["customers"] == 2

    def subside(self, **told: str) -> None:
        self._done("POST", "shocks/ext:flood/close/", told, 200)


def told_over_rest(clock: Clock) -> House:
    """The workspace of the story when it has been told over REST, on the day it is read."""
    clock(STORY[0].at)
    house = make_house()
    integration = Integration(house.workspace)
    for step in STORY:
        clock(step.at)
        integration.tell(step)
    clock(END)
    return house


def state_over_rest(clock: Clock) -> Json:
    """The state the story ends in when it is told over REST alone; the database is left as it was."""
    with transaction.atomic():
        state = state_of(told_over_rest(clock).workspace)
        transaction.set_rollback(True)
    return state
