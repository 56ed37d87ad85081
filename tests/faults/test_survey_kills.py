"""`kill -9` of web server and database while people answer, with browsers that retry.

Afterwards every acknowledged answer is stored exactly once, and nothing is stored that nobody sent.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.faults.conftest import Product, call

SLUG = "kill"
PEOPLE = 4
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_TRIES_PER_SECOND = 10


class Person(threading.Thread):
    """Answers one form after the other, each under a number of its own, and sends each until it is acknowledged."""

    def __init__(self, product: Product, numbers: Any) -> None:
        super().__init__(daemon=True)
        self.product, self.numbers = product, numbers
        self.receipts: dict[str, str] = {}
        self.sent_again = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            words = f"answer {next(self.numbers)}"
            carried = self._form()
            body = urlencode({**carried, "choice_1": "a", "choice_2": "b", "choice_3": "other", "other": words})
            self.receipts[words] = self._send(body)
            time.sleep(0.02)

    def _form(self) -> dict[str, str]:
        while True:
            status, page, _ = self._ask("GET", None)
            if status == 200:
                return {name: unescape(value) for name, value in _HIDDEN.findall(page)}
            time.sleep(1 / _TRIES_PER_SECOND)

    def _send(self, body: str) -> str:
        """The ticket of the thanks page: only whoever stored the answer hands it out."""
        while True:
            status, _, location = self._ask("POST", body)
            if status == 302:
                return parse_qs(urlsplit(location).query)["t"][0]
            assert status == 0 or status >= 500, f"the answer was refused with {status}"
            self.sent_again += 1
            time.sleep(1 / _TRIES_PER_SECOND)

    def _ask(self, method: str, body: str | None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.product.port, timeout=5)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            connection.request(method, f"/s/{SLUG}/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get("Location", "")
        except (OSError, http.client.HTTPException):
            return 0, "", ""
        finally:
            connection.close()


def stored(product: Product, key: str) -> list[str]:
    """The own words of every stored answer."""
    found: list[str] = []
    path = f"/api/v1/responses/?survey_slug={SLUG}&limit=500"
    while path:
        page = call(product, "GET", path, key)
        found += [row["other"] for row in page["results"]]
        path = (page["next"] or "").partition(f":{product.port}")[2]
    return found


def test_no_acknowledged_answer_is_lost_and_none_is_counted_twice(product: Product) -> None:
    product.manage(
        "create_workspace", "answers", "--name", "Answers", "--owner-email", "o@answers.example",
        "--owner-password", "a long enough password",
    )  # fmt: skip
    key = product.manage("create_api_key", "--workspace", "answers", "--name", "test", "--scopes", "read,write")
    options = [{"key": letter, "label": {"en": letter.upper()}} for letter in "abc"]
    told = {"kind": "top3", "slug": SLUG, "title": {"en": "Kill"}, "options": options, "checks": "off"}
    survey = call(product, "POST", "/api/v1/surveys/", key, told)
    call(product, "POST", f"/api/v1/surveys/{survey['id']}/open/", key)

    numbers = count()
    people = [Person(product, numbers) for _ in range(PEOPLE)]
    for person in people:
        person.start()
    time.sleep(3)
    for name in ("web", "web", "postgres"):
        product.kill(name)
        time.sleep(4)
    for person in people:
        person.stop.set()
    for person in people:
        person.join(timeout=60)
        assert not person.is_alive()

    acknowledged = [words for person in people for words in person.receipts]
    tickets = [ticket for person in people for ticket in person.receipts.values()]
    assert sum(person.sent_again for person in people) > 0
    assert len(acknowledged) > 50
    assert len(set(tickets)) == len(tickets)
    assert sorted(stored(product, key)) == sorted(acknowledged)
    tally = call(product, "GET", f"/api/v1/surveys/{survey['id']}/tally/", key)
    assert tally["n"] == len(acknowledged)
    assert {option["key"]: option["mentions"] for option in tally["options"]} == {
        "a": len(acknowledged),
        "b": len(acknowledged),
        "c": 0,
    }
