"""Whatever people, contracts and settings do, in any order: no forbidden state is reached and no move is lost."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import Customer, Workspace
from accounts.services import customers, read_model, subscriptions
from csplatform.core.audit import SYSTEM, Actor
from csplatform.core.tenancy import workspace_scope
from journeys.flight import engine
from journeys.models import Lap, Move, Relay, RelayState, Stage
from journeys.selectors import criteria, journey
from journeys.services import grounding, moving, relaying, stages
from journeys.services.moving import ConflictError, MissingError, Moved
from tests.factories import NOW, make_workspace

WHO = Actor("Friar Tuck")
ASKED = st.lists(
    st.sampled_from(
        [{"kind": "contract"}, {"kind": "sponsor"}, {"kind": "win"}, {"kind": "field", "field": "industry"}]
    ),
    max_size=2,
)


class Journey(RuleBasedStateMachine):
    """One customer, its subscriptions, its workspace's stages, and a clock that only goes forwards."""

    def __init__(self) -> None:
        super().__init__()
        self.workspace: Workspace = make_workspace(f"w{Workspace.objects.count()}")
        self.scope = workspace_scope(self.workspace)
        self.scope.__enter__()
        self.now: datetime = NOW
        self.sold = 0
        self.history: list[tuple[object, ...]] = []

    @initialize()
    def begin(self) -> None:
        self.customer: Customer = customers.create(external_id="c-1", told={}, actor=SYSTEM, now=self.now)

    @rule(place=st.integers(0, 12), override=st.booleans(), throw=st.none() | st.booleans())
    def move(self, place: int, override: bool, throw: bool | None) -> None:
        """The engine's word is what happens: allowed means moved, a handover means waiting, missing means refused."""
        shown = journey.stages()
        target = shown[place % len(shown)]
        last = journey.last_move(self.customer.pk)
        self.customer.refresh_from_db()
        waits = Relay.objects.filter(customer=self.customer, state=RelayState.OFFERED).first()
        rules = journey.rules()
        asked = [each for step in rules for each in (*step.entry, *step.exit)]
        holds = criteria.checker(self.customer, asked, self.now)
        position = journey.position_of(self.customer.pk, last)
        pairs = journey.relay_pairs()
        try:
            said = engine.decide(rules, position, target.key, holds, pairs, override=override, throw=throw)
        except engine.AlreadyThereError:
            said = None
        try:
            done = moving.move(
                customer_id=self.customer.pk,
                stage_key=target.key,
                reason="On with it",
                override=override,
                throw=throw,
                actor=WHO,
                now=self.now,
            )
        except ConflictError:
            assert said is None
        except MissingError:
            assert said is not None
            other = waits is not None and waits.to_stage_id != target.pk
            assert said.missing or (said.relay and other)
        else:
            assert said is not None
            assert not said.missing
            assert isinstance(done, Moved) == said.allowed

    @rule(accept=st.booleans())
    def decide(self, accept: bool) -> None:
        relay = Relay.objects.filter(customer=self.customer, state=RelayState.OFFERED).first()
        if relay is None:
            return
        try:
            if accept:
                relaying.accept(relay_id=relay.pk, actor=WHO, now=self.now)
            else:
                relaying.decline(relay_id=relay.pk, reason="Not ready", actor=WHO, now=self.now)
        except MissingError:
            assert accept

    @rule(days=st.integers(1, 200))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        read_model.refresh_contracts(None, day=self.now.date(), now=self.now)

    @rule(days=st.none() | st.integers(1, 500), arr=st.integers(1, 9), late=st.integers(0, 60))
    def sell(self, days: int | None, arr: int, late: int) -> None:
        self.sold += 1
        starts_on = self.now.date() - timedelta(days=late)
        told = {
            "customer_external_id": "c-1",
            "arr": str(arr * 1_000),
            "starts_on": starts_on.isoformat(),
            "ends_on": (starts_on + timedelta(days=days)).isoformat() if days else "",
        }
        subscriptions.create(external_id=f"s-{self.sold}", told=told, actor=SYSTEM, now=self.now)

    @rule(force=st.sampled_from(["competitor", "internal", "external", "vendor"]))
    def say_why(self, force: str) -> None:
        try:
            grounding.ground(customer_id=self.customer.pk, force=force, actor=WHO, now=self.now)
        except ValidationError:
            assert not Move.objects.filter(customer=self.customer, kind="churned").exists()

    @rule(place=st.integers(0, 12), asked=ASKED, side=st.sampled_from(["entry", "exit"]))
    def ask(self, place: int, asked: list[dict[str, str]], side: str) -> None:
        shown = journey.stages()
        told = {"criteria": {side: asked}}
        stages.update(stage_id=shown[place % len(shown)].pk, told=told, actor=WHO, now=self.now)

    @rule(place=st.integers(0, 12))
    def split(self, place: int) -> None:
        shown = journey.stages()
        if len(shown) < 12:
            stages.split(stage_id=shown[place % len(shown)].pk, name="Part two", actor=WHO, now=self.now)

    @rule(place=st.integers(0, 12), to=st.integers(0, 12))
    def merge(self, place: int, to: int) -> None:
        shown = journey.stages()
        if len(shown) < 4:
            return
        stage = shown.pop(place % len(shown))
        target = shown[to % len(shown)].key
        stages.retire(stage_id=stage.pk, target_key=target, actor=WHO, now=self.now)

    @invariant()
    def nothing_is_lost_or_forbidden(self) -> None:
        if not hasattr(self, "customer"):
            return
        self.customer.refresh_from_db()
        moves = list(Move.objects.filter(customer=self.customer).select_related("stage").order_by("number"))
        assert [move.number for move in moves] == list(range(1, len(moves) + 1))
        told: list[tuple[object, ...]] = [
            (m.pk, m.kind, m.stage_id, m.from_stage_id, m.occurred_on, m.known_at, m.reason) for m in moves
        ]
        assert told[: len(self.history)] == self.history, "what was written stays as it was"
        self.history = told
        before: date | None = None
        for at, move in enumerate(moves):
            assert move.from_stage_id == (moves[at - 1].stage_id if at else None)
            if move.kind in ("forward", "back", "thrown"):
                assert move.reason
                assert before is None or move.occurred_on >= before
            assert move.kind == "churned" or move.stage_id is not None
            before = move.occurred_on
        self.the_row_says_the_same(moves[-1])
        self.laps_follow_one_another(moves)
        assert Relay.objects.filter(customer=self.customer, state=RelayState.OFFERED).count() <= 1

    def the_row_says_the_same(self, last: Move) -> None:
        assert self.customer.stage_key == (last.stage.key if last.stage else "")
        assert self.customer.stage_macro == (last.stage.macro if last.stage else "")
        if last.stage is not None:
            assert last.stage.retired_at is None
        if last.stage is None:
            assert self.customer.contract_state == "churned"
        waiting = Relay.objects.filter(customer=self.customer, state=RelayState.OFFERED).first()
        if waiting is not None:
            assert waiting.from_stage_id == last.stage_id
            assert waiting.to_stage.retired_at is None
        assert [stage.order for stage in journey.stages()] == list(range(Stage.objects.filter(retired_at=None).count()))

    def laps_follow_one_another(self, moves: list[Move]) -> None:
        laps = list(Lap.objects.filter(customer=self.customer).order_by("number"))
        assert [lap.number for lap in laps] == list(range(1, len(laps) + 1))
        assert all(lap.ended_on is not None for lap in laps[:-1])
        assert all(move.lap_id in {lap.pk for lap in laps} for move in moves)

    def teardown(self) -> None:
        self.scope.__exit__(None, None, None)


@pytest.mark.django_db
def test_no_sequence_of_deeds_reaches_a_forbidden_state_or_loses_a_move() -> None:
    run_state_machine_as_test(
        Journey,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
