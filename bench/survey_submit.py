"""Answering a survey: complete answers per CPU-second, from the form's page to the durable answer.

Starts the real web server with one worker, and for each answer gets the form, fills three choices, own words now and
then and four questions, and posts it over one connection. Web server and database are counted, the client is not. The
survey is the starter with its checks off, as there is no proof of work in what it is compared with. Beside it stand
a ModelForm in a plain Django project behind the same server, and a bare INSERT of the same rows, each committed.
"""

from __future__ import annotations

import http.client
import random
import re
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlencode
from uuid import uuid4

from accounts.models import Workspace
from accounts.services import workspaces
from bench.machine import Web, as_owner, cpu_of, database_cpu, processes_cpu, web, wsgi
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Checks, Response, Survey
from surveys.services import building, lifecycle
from surveys.starters import top3

UNIT = "answers per CPU-second"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_WARM_UP = 20


def run(scale: float = 1.0) -> list[Row]:
    """``scale`` 1 sends 3,000 answers."""
    answers = max(10, round(3_000 * scale))
    survey = make_survey()
    with web(pages=True) as server:
        value = _rate(server, survey, answers)
    naive_survey = make_survey()
    with wsgi("csplatform.wsgi:application", {"DJANGO_SETTINGS_MODULE": "bench.naive_settings"}) as server:
        naive = _rate(server, naive_survey, max(10, answers // 5))
    return [Row("survey_submit", value, UNIT, answers, naive, _floor(answers))]


def make_survey() -> Survey:
    """The starter's top-3 survey, open, in a workspace of its own."""
    now = datetime.now(UTC)
    slug = f"bench-{uuid4().hex[:12]}"
    workspace: Workspace = workspaces.create_workspace(slug=slug, name="Bench", now=now, actor=audit.SYSTEM)
    with workspace_scope(workspace):
        made = building.create_from_starter(slug=slug, actor=audit.SYSTEM, now=now, checks=Checks.OFF)
        return lifecycle.open_survey(survey_id=made.pk, actor=audit.SYSTEM, now=now)


def raw_answers(count: int) -> list[dict[str, str]]:
    """What people would fill in: the same every time, the first options more often."""
    chooser = random.Random(11)  # noqa: S311  (the same load every time)
    keys = [option["key"] for option in top3()["option"]]
    weights = [1 / (place + 2) for place in range(len(keys))]
    questions = {q["key"]: [choice["key"] for choice in q["choices"]] for q in top3()["question"]}
    found = []
    for _ in range(count):
        chosen = list(dict.fromkeys(chooser.choices(keys, weights, k=6)))[:3]
        raw = {f"choice_{place}": key for place, key in enumerate(chosen, 1)}
        raw |= {f"segment_{key}": chooser.choice(choices) for key, choices in questions.items()}
        found.append(raw | ({"other": "Serving five languages with three people"} if chooser.random() < 0.1 else {}))
    return found


@dataclass
class Respondent:
    """A browser without JavaScript: it sends back what the form's page carried, cookies too."""

    path: str
    connection: http.client.HTTPConnection
    cookies: dict[str, str] = field(default_factory=dict)

    def answer(self, raw: dict[str, str]) -> None:
        """Get the form, post the answer; raises ``RuntimeError`` unless it is taken."""
        status, page, _ = self._ask("GET")
        carried = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
        told_status, told, location = self._ask("POST", urlencode({**carried, **raw}))
        if status != 200 or told_status not in (302, 303) or not location:
            raise RuntimeError(f"The form answered {status}, the post {told_status}: {told[:300]!r}")

    def _ask(self, method: str, body: str | None = None) -> tuple[int, str, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, self.path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer.status, text, answer.headers.get("Location", "")


def _rate(server: Web, survey: Survey, answers: int) -> float:
    """Each answer is another person's: a device that remembers would be asked whether it is."""
    connection = server.connect()
    filled = raw_answers(_WARM_UP + answers)
    for raw in filled[:_WARM_UP]:
        Respondent(f"/s/{survey.slug}/", connection).answer(raw)
    before = processes_cpu(server.pid) + database_cpu()
    for raw in filled[_WARM_UP:]:
        Respondent(f"/s/{survey.slug}/", connection).answer(raw)
    spent = processes_cpu(server.pid) + database_cpu() - before
    connection.close()
    with workspace_scope(survey.workspace_id):
        stored = Response.objects.filter(survey=survey, is_test=False).count()
    if stored != len(filled):
        raise RuntimeError(f"sent {len(filled)} answers, stored {stored}")
    return answers / max(spent, 0.01)


def _floor(answers: int) -> float:
    """A bare INSERT a time, committed, into a table with the submission key as its index; nothing is parsed."""
    rows = [(str(uuid4()), str(raw)) for raw in raw_answers(answers)]
    rates = []
    with as_owner() as cursor:
        for _ in range(3):
            cursor.execute("CREATE TABLE bench_answers (key uuid PRIMARY KEY, at timestamptz DEFAULT now(), raw text)")

            def work() -> None:
                for row in rows:
                    cursor.execute("INSERT INTO bench_answers (key, raw) VALUES (%s, %s)", row)

            try:
                rates.append(answers / cpu_of(work).total)
            finally:
                cursor.execute("DROP TABLE bench_answers")
    return statistics.median(rates)
