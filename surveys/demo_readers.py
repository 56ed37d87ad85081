"""The demo's readers: a CSAT on the community's last results, made, answered and published through the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from csplatform.core import audit
from csplatform.demo import community, readers
from csplatform.demo.community import Edition
from surveys import starters
from surveys.models import Channel, Survey
from surveys.services import answering, building, lifecycle, publishing

ACTOR = audit.Actor(label="demo")
_PREPARED = timedelta(days=3)


def load(editions: Sequence[Edition]) -> None:
    """Ask the readers of the last edition that is published; nothing where that is done. Inside the workspace's scope.

    One transaction, so a load that was killed finds all of it or nothing.
    """
    told = readers.seeds()["survey"]
    if Survey.objects.filter(slug=told["slug"]).exists():
        return
    run = readers.run_after([edition for edition in editions if not edition.is_open][-1])
    with transaction.atomic():
        survey = _draft(run)
        lifecycle.open_survey(survey_id=survey.pk, actor=ACTOR, now=run.opened_at)
        survey.refresh_from_db()
        for number, said in enumerate(readers.answers(run), 1):
            answering.submit(
                survey=survey,
                raw={
                    "score": said.score,
                    "segment_role": said.role,
                    **{f"answer_{key}": value for key, value in said.answers.items()},
                },
                now=said.at,
                channel=Channel.LINK,
                submission_key=f"demo-{number}",
                language=said.language,
                sender=None,
            )
        lifecycle.close_survey(survey_id=survey.pk, actor=ACTOR, now=run.closes_at)
        publishing.publish(survey_id=survey.pk, actor=ACTOR, now=run.publishes_at)


def _draft(run: readers.Run) -> Survey:
    role = next(question for question in starters.top3()["question"] if question["key"] == "role")
    further = [
        {name: value for name, value in question.items() if name not in ("shares", "writes")}
        for question in readers.seeds()["question"]
    ]
    told = readers.seeds()["survey"]
    return building.create_survey(
        questions=[{**role, "is_segment": True}, *further],
        hosts=community.seeds()["host"],
        wave=str(run.opened_at.year),
        closes_at=run.closes_at,
        publishes_at=run.publishes_at,
        actor=ACTOR,
        now=run.opened_at - _PREPARED,
        **told,
    )
