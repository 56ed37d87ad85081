"""The demo customers' voice: NPS in waves and a top-3 survey, sent and answered through the services everybody uses.

Each survey is one transaction, so a load that was killed goes on with the first one missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts import segments
from accounts.models import Workspace
from accounts.models.customers import ContractState
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from csplatform.demo import voice
from csplatform.demo.voice import Person, Said, Wave
from surveys import links
from surveys.models import Audience, Channel, Kind, Option, SendState, Survey, SurveyInvitation
from surveys.selectors.addressees import Target
from surveys.services import answering, building, lifecycle, sending

ACTOR = audit.Actor(label="demo")
Health = Callable[[date], Mapping[UUID, int | None]]
"""Health points in hundredths per customer on a closed day."""


def load(*, workspace: Workspace, health_on: Health, now: datetime) -> None:
    """Make what is missing of the customers' surveys; they lean on each customer's health on the day of the mail."""
    made = workspace.created_at
    plans = [*((wave, _nps) for wave in voice.waves(made)), (voice.top3(made), _top3)]
    for wave, make in sorted(plans, key=lambda plan: plan[0].opened_at):
        with workspace_scope(workspace):
            if not Survey.objects.filter(slug=wave.slug).exists():
                _Loader(workspace, wave, health_on, now).run(make)


def _nps(wave: Wave) -> Survey:
    told = voice.seeds()["nps"]
    why = {"key": "why", "kind": "text", "label": told["why"]}
    return building.create_survey(
        kind=Kind.NPS,
        slug=wave.slug,
        title=told["title"],
        purpose=told["purpose"],
        questions=[why],
        series=told["series"],
        wave=f"{wave.entry['wave']} {wave.opened_at.year}",
        **_settings(wave),
    )


def _top3(wave: Wave) -> Survey:
    return building.create_from_starter(slug=wave.slug, wave=str(wave.opened_at.year), **_settings(wave))


def _settings(wave: Wave) -> dict[str, Any]:
    now = wave.opened_at - timedelta(days=2)
    return {"audience": Audience.CUSTOMERS, "is_listed": False, "publish_rows": False, "actor": ACTOR, "now": now}


class _Loader:
    """One survey: made, sent, answered, and closed where its time is over."""

    def __init__(self, workspace: Workspace, wave: Wave, health_on: Health, now: datetime) -> None:
        self.workspace, self.wave, self.now = workspace, wave, now
        self.points = health_on(wave.opened_at.date() - timedelta(days=1))

    def run(self, make: Callable[[Wave], Survey]) -> None:
        self.survey = make(self.wave)
        lifecycle.open_survey(survey_id=self.survey.pk, actor=ACTOR, now=self.wave.opened_at)
        self.survey.refresh_from_db()
        asked = self._send()
        people = self._people(asked)
        end = min(self.now, self.wave.closed_at or self.now)
        if self.survey.kind == Kind.NPS:
            answers = voice.scores(self.wave, people, before=end)
        else:
            keys = list(Option.objects.filter(survey=self.survey).order_by("number").values_list("key", flat=True))
            answers = voice.choices(self.wave, people, keys, before=end)
        for said in answers:
            self._answer(asked[said.person], said)
        self._remind()
        if self.wave.closed_at is not None:
            lifecycle.close_survey(survey_id=self.survey.pk, actor=ACTOR, now=self.wave.closed_at)

    def _send(self) -> list[SurveyInvitation]:
        """The invitations, marked as mailed: the demo's people have no mailboxes."""
        opened = self.wave.opened_at
        states = [ContractState.ACTIVE.value, ContractState.NOTICE_GIVEN.value, ContractState.IN_GRACE.value]
        dispatch = sending.send(
            survey_id=self.survey.pk,
            target=Target(customers=segments.where("contract_state", "in", states), addressees="deciders"),
            label="All under contract",
            remind_after_days=voice.seeds()["nps"]["remind_after_days"],
            actor=ACTOR,
            now=opened,
        )
        sending.fill(workspace_id=self.workspace.pk, dispatch_id=dispatch.pk, clock=lambda: opened)
        waiting = SurveyInvitation.objects.filter(dispatch=dispatch, state=SendState.WAITING)
        waiting.update(state=SendState.SENT, sent_at=opened, claimed_at=opened)
        rows = SurveyInvitation.objects.filter(dispatch=dispatch, state=SendState.SENT)
        return list(rows.select_related("customer", "contact").order_by("contact__external_id"))

    def _people(self, asked: list[SurveyInvitation]) -> list[Person]:
        numbers: dict[UUID | None, int] = {}
        people = []
        for row in asked:
            number = numbers.setdefault(row.customer_id, len(numbers))
            points = self.points.get(row.customer_id) if row.customer_id else None
            country = row.customer.country if row.customer else ""
            people.append(Person(number, country, None if points is None else points / 10_000))
        return people

    def _answer(self, invitation: SurveyInvitation, said: Said) -> None:
        raw: dict[str, Any] = {f"choice_{place}": key for place, key in enumerate(said.choices, 1)}
        if said.score is not None:
            raw["score"] = said.score
        if said.why:
            raw["answer_why"] = said.why
        answering.submit(
            survey=self.survey,
            raw=raw,
            now=self.wave.opened_at + said.after,
            channel=Channel.MAIL,
            submission_key=links.submission_key(invitation.pk),
            language=said.language,
            sender=None,
            invitation=invitation,
        )

    def _remind(self) -> None:
        """Who had not answered by then was reminded: each survey was sent longer ago than that."""
        at = self.wave.opened_at + timedelta(days=voice.seeds()["nps"]["remind_after_days"])
        late = SurveyInvitation.objects.filter(survey=self.survey, state__in=(SendState.SENT, SendState.ANSWERED))
        late.exclude(answered_at__lte=at).update(reminded_at=at)
