"""The published results page: requests per CPU-second, correct while answers arrive.

Starts the real web server with one worker, asks for the page of a published edition over one connection, in three
languages and by several counting methods, compressed as browsers ask for it, and now and then answers the open edition
beside it. Web server and database are counted, the client is not. Beside it stand a plain Django page that counts at
every request, and an application that answers three bytes to everything, behind the same server.
"""

from __future__ import annotations

from datetime import timedelta

import brotli
from django.utils import timezone

from bench.machine import Web, database_cpu, processes_cpu, web, wsgi
from bench.survey_submit import Respondent, make_survey, raw_answers
from bench.table import Row
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from surveys.models import Response, Survey
from surveys.services import answering, publishing

UNIT = "requests per CPU-second"
_ANSWERS = 400
_PAGES = ("?lang=en", "?lang=fr", "?lang=de", "?lang=en&method=first", "?lang=de&method=borda")
_ANSWER_EVERY = 500


def run(scale: float = 1.0) -> list[Row]:
    """``scale`` 1 asks for 10,000 pages."""
    requests = max(20, round(10_000 * scale))
    published, is_open = _published(), make_survey()
    with web(pages=True) as server:
        value = _rate(server, published, [f"/s/{published.slug}/results/{page}" for page in _PAGES], requests, is_open)
    with wsgi("csplatform.wsgi:application", {"DJANGO_SETTINGS_MODULE": "bench.naive_settings"}) as server:
        naive = _rate(server, published, [f"/s/{published.slug}/results/"], max(20, requests // 40))
    with wsgi("bench.empty_wsgi:application") as server:
        floor = _rate(server, None, ["/"], requests)
    return [Row("survey_results", value, UNIT, requests, naive, floor)]


def _published() -> Survey:
    survey = make_survey()
    now = timezone.now()
    with workspace_scope(survey.workspace_id):
        for number, raw in enumerate(raw_answers(_ANSWERS)):
            answering.submit(
                survey=survey, raw=raw, now=now, submission_key=f"bench-{number}", language="en", sender=None
            )
        publishing.publish(survey_id=survey.pk, actor=audit.SYSTEM, now=now + timedelta(seconds=1))
    return survey


def _rate(server: Web, survey: Survey | None, pages: list[str], requests: int, answered: Survey | None = None) -> float:
    """Every page shows the figure that was published, whatever is answered elsewhere meanwhile."""
    connection = server.connect()
    shown = str(_ANSWERS) if survey else ""
    beside = server.connect()
    raws = raw_answers(requests // _ANSWER_EVERY + 1)

    def ask(page: str) -> None:
        connection.request("GET", page, headers={"Accept-Encoding": "br"})
        answer = connection.getresponse()
        body = answer.read()
        text = (brotli.decompress(body) if answer.headers.get("Content-Encoding") == "br" else body).decode()
        if answer.status != 200 or shown not in text:
            raise RuntimeError(f"{page} answered {answer.status}: {text[:300]!r}")

    for page in pages:
        ask(page)
    spent, before = 0.0, processes_cpu(server.pid) + database_cpu()
    for number in range(requests):
        ask(pages[number % len(pages)])
        if answered and number % _ANSWER_EVERY == 0:
            spent += processes_cpu(server.pid) + database_cpu() - before
            Respondent(f"/s/{answered.slug}/", beside).answer(
                raws[number // _ANSWER_EVERY]
            )  # what answering costs is another bench's
            before = processes_cpu(server.pid) + database_cpu()
    spent += processes_cpu(server.pid) + database_cpu() - before
    connection.close()
    beside.close()
    if answered:
        with workspace_scope(answered.workspace_id):
            if Response.objects.filter(survey=answered).count() != -(-requests // _ANSWER_EVERY):
                raise RuntimeError("An answer given beside the results is missing.")
    return requests / max(spent, 0.01)
