"""The demo's community: a top-3 survey in yearly editions, made through the services everybody uses.

Each edition is one transaction, so a load that was killed goes on with the first one missing, and a second load finds
nothing to do. The people and their answers come from ``csplatform.demo.community``.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Workspace
from accounts.roles import Department, Role
from accounts.services import people, workspaces
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import community
from csplatform.demo.community import Answer, Edition
from surveys import demo_readers
from surveys.models import Channel, Option, Survey
from surveys.services import answering, building, coding, editing, lifecycle, moderation, opt_ins, publishing, waves

ACTOR = audit.Actor(label="demo")
_PREPARED = timedelta(days=7)
_DAY = timedelta(days=1)

Filed = defaultdict[str, list[UUID]]


def load(*, clock: Callable[[], datetime], say: Callable[[str], None]) -> Workspace:
    """Make the community's workspace, its hosts and its editions, or what is missing; ``say`` hears how long."""
    told = community.seeds()["workspace"]
    workspace = Workspace.objects.filter(is_demo=True, slug=told["slug"]).first()
    if workspace is not None and not workspace.is_filling:
        return workspace
    began = time.monotonic()
    workspace = workspace or workspaces.create_workspace(**told, now=clock(), actor=ACTOR, is_demo=True)
    _members(workspace, clock())
    before: Survey | None = None
    # Counted from the first attempt, so that every later one makes the same editions.
    editions = community.editions(workspace.created_at)
    for edition in editions:
        with workspace_scope(workspace):
            there = Survey.objects.filter(slug=edition.slug).first()
            before = there or _Loader(edition, before).make()
    with workspace_scope(workspace):
        demo_readers.load(editions)
        Workspace.objects.filter(pk=workspace.pk).update(demo_ready_at=clock())
        audit.record(actor=ACTOR, action="demo.loaded", subject=workspace, now=clock())
    workspace.refresh_from_db()
    say(f"Community survey: {time.monotonic() - began:.1f} s")
    return workspace


def _members(workspace: Workspace, now: datetime) -> None:
    there = set(Membership.objects.filter(workspace=workspace).values_list("user__email", flat=True))
    for entry in community.seeds()["member"]:
        if entry["email"] in there:
            continue
        with transaction.atomic():
            user = people.find_person(entry["email"]) or people.create_person(
                email=entry["email"], password=settings.DEMO_PASSWORD, name=entry["name"]
            )
            role, department = Role(entry["role"]), Department(entry["department"])
            workspaces.add_member(
                workspace=workspace, user=user, role=role, department=department, now=now, actor=ACTOR
            )


class _Loader:
    """One edition, from its draft to where it stands today."""

    def __init__(self, edition: Edition, before: Survey | None) -> None:
        self.edition, self.before = edition, before

    def make(self) -> Survey:
        self.survey = self._draft()
        options = Option.objects.filter(survey=self.survey).order_by("number")
        self.numbers = dict(options.values_list("key", "number"))
        self.survey = lifecycle.open_survey(survey_id=self.survey.pk, actor=ACTOR, now=self.edition.opened_at)
        given = [(answer, self._submit(answer, n)) for n, answer in enumerate(self._answers(), 1)]
        if not self.edition.is_open:
            lifecycle.close_survey(survey_id=self.survey.pk, actor=ACTOR, now=self.edition.closes_at)
            self._look_after(given)
            publishing.publish(survey_id=self.survey.pk, actor=ACTOR, now=self.edition.publishes_at)
        self.survey.refresh_from_db()
        return self.survey

    def _answers(self) -> list[Answer]:
        return community.answers(self.edition, list(self.numbers))

    def _draft(self) -> Survey:
        told, edition = community.seeds(), self.edition
        now = edition.opened_at - _PREPARED
        if self.before is None:
            texts: Mapping[str, Any] = {key: value for key, value in told["survey"].items() if key != "slug"}
            survey = building.create_from_starter(
                slug=edition.slug, wave=edition.wave, hosts=told["host"], actor=ACTOR, now=now, **texts
            )
        else:
            survey = waves.next_wave(
                survey_id=self.before.pk, slug=edition.slug, wave=edition.wave, actor=ACTOR, now=now
            )
        if edition.options:
            kept = Option.objects.filter(survey=survey).order_by("number").values("key", "label", "help")
            editing.set_options(survey_id=survey.pk, options=[*kept, *edition.options], actor=ACTOR, now=now)
        dates = {
            "opens_at": edition.opened_at,
            "closes_at": edition.closes_at,
            "publishes_at": edition.publishes_at,
            "results_on": edition.publishes_at.date(),
        }
        return editing.update_survey(survey_id=survey.pk, told=dates, actor=ACTOR, now=now)

    def _submit(self, answer: Answer, n: int) -> answering.Submitted:
        raw: dict[str, Any] = {f"choice_{place}": key for place, key in enumerate(answer.choices, 1)}
        raw |= {f"segment_{key}": value for key, value in answer.segments.items()}
        raw |= {"other": answer.words, "may_quote": answer.may_quote}
        submitted = answering.submit(
            survey=self.survey,
            raw=raw,
            now=answer.at,
            channel=Channel.LINK,
            submission_key=f"demo-{n}",
            language=answer.language,
            sender=None,
            flags=answer.flags,
            shown_order=[self.numbers[key] for key in answer.order],
        )
        # Who left an address for the results of a past edition has had them since.
        if answer.wishes and self.edition.is_open:
            self._opt_in(answer, n)
        return submitted

    def _opt_in(self, answer: Answer, n: int) -> None:
        opt_ins.keep(
            survey=self.survey,
            email=f"respondent-{n}@people.example",
            wishes={f"wants_{wish}": True for wish in answer.wishes},
            challenge=self.numbers.get(answer.choices[0]),
            language=answer.language,
            confirmed_on=answer.at.date(),
        )

    def _look_after(self, given: list[tuple[Answer, answering.Submitted]]) -> None:
        """What hosts and authors do between closing and publishing."""
        now = self.edition.closes_at + _DAY
        removals: Filed = defaultdict(list)
        themes: Filed = defaultdict(list)
        meant: Filed = defaultdict(list)
        for answer, submitted in given:
            if answer.is_erased:
                answering.erase(survey=self.survey, receipt_code=submitted.receipt_code, now=now)
                continue
            for filed, name in ((removals, answer.removal), (themes, answer.theme), (meant, answer.meant)):
                if name:
                    filed[name].append(submitted.response.pk)
        for reason, ids in removals.items():
            moderation.remove(response_ids=ids, reason=reason, actor=ACTOR, now=now)
        self._code(themes, meant, now + _DAY)

    def _code(self, themes: Mapping[str, list[UUID]], meant: Mapping[str, list[UUID]], now: datetime) -> None:
        labels = {theme["key"]: theme["label"] for theme in community.seeds()["theme"]}
        for key, ids in themes.items():
            coding.gather(survey_id=self.survey.pk, response_ids=ids, label=labels[key], actor=ACTOR, now=now)
        for key, ids in meant.items():
            coding.merge_into_option(survey_id=self.survey.pk, response_ids=ids, option_key=key, actor=ACTOR, now=now)
