"""A workspace's own set of stages: changed at any time, with nothing of the past lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Customer, Workspace
from accounts.services.results import StaleVersionError
from csplatform.core.audit import Actor
from csplatform.core.models import AuditEvent
from journeys.models import CriterionKind, Move, Relay, RelayState, RelayTemplate, Stage
from journeys.selectors import journey
from journeys.services import stages
from journeys.services.moving import MissingError, Moved, move
from tests.factories import NOW

LATER = NOW + timedelta(days=9)
MARIAN = Actor("Marian")


def keys() -> list[str]:
    return [stage.key for stage in journey.stages()]


def stage(key: str) -> Stage:
    found: Stage = Stage.objects.get(key=key)
    return found


def add(name: str, macro: str, **more: Any) -> Stage:
    return stages.create(name=name, macro=macro, actor=MARIAN, now=NOW, **more)


def go(customer: Customer, key: str, **more: Any) -> Any:
    return move(customer_id=customer.pk, stage_key=key, reason="Next", actor=MARIAN, now=LATER, **more)


def test_a_new_stage_stands_behind_those_of_its_macro_stage(workspace: Workspace) -> None:
    made = add("Pilot groß", "trial", department="sales", expected_days=21)
    assert (made.key, made.order, made.expected_days) == ("pilot-gross", 3, 21)
    assert keys()[2:5] == ["trial", "pilot-gross", "decision"]
    assert [each.order for each in journey.stages()] == list(range(9))
    assert add("Pilot groß", "trial").key == "pilot-gross-2"


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"macro": "sold"}, "macro"),
        ({"department": "magic"}, "department"),
        ({"expected_days": 0}, "expected_days"),
        ({"expected_days": "soon"}, "expected_days"),
        ({"key": "trial"}, "key"),
        ({"key": "No Key"}, "key"),
        ({"order": 7}, "order"),
        ({"criteria": {"exit": [{"kind": "moon"}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "field", "field": "shoe"}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "field", "field": "attribute:shoe"}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "measure", "measure": "nothing", "at_least": 1}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "adoption", "percent": 120}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "adoption", "percent": "many"}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "team_role", "role": "jester"}]}}, "criteria"),
        ({"criteria": {"exit": [{"kind": "win", "stage": "trial"}]}}, "criteria"),
    ],
)
def test_what_cannot_be_a_stage_is_refused_by_field(workspace: Workspace, told: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        stages.create(**{"name": "Pilot", "macro": "trial", **told}, actor=MARIAN, now=NOW)
    assert set(refused.value.message_dict) == {field}


def test_renaming_keeps_the_key_and_the_history(workspace: Workspace, customer: Customer) -> None:
    changed = stages.update(stage_id=stage("awareness").pk, told={"name": "Heard of us"}, actor=MARIAN, now=NOW)
    assert (changed.key, changed.name, changed.version) == ("awareness", "Heard of us", 2)
    customer.refresh_from_db()
    assert customer.stage_key == "awareness"


def test_an_older_view_changes_nothing(workspace: Workspace) -> None:
    stages.update(stage_id=stage("trial").pk, told={"name": "Pilot"}, actor=MARIAN, now=NOW)
    with pytest.raises(StaleVersionError):
        stages.update(stage_id=stage("trial").pk, told={"name": "Test"}, expected_version=1, actor=MARIAN, now=NOW)


def test_what_a_stage_meant_stays_once_somebody_stood_there(workspace: Workspace, customer: Customer) -> None:
    with pytest.raises(ValidationError, match="What a stage meant stays"):
        stages.update(stage_id=stage("awareness").pk, told={"macro": "consideration"}, actor=MARIAN, now=NOW)
    made = add("Pilot", "trial")
    assert stages.update(stage_id=made.pk, told={"macro": "decision"}, actor=MARIAN, now=NOW).macro == "decision"


def test_stages_are_put_into_another_order_within_the_macro_stages(workspace: Workspace) -> None:
    add("Pilot", "trial")
    wanted = [*keys()[:2], "pilot", "trial", *keys()[4:]]
    stages.reorder(keys=wanted, actor=MARIAN, now=NOW)
    assert keys() == wanted
    with pytest.raises(ValidationError, match="cannot come behind"):
        stages.reorder(keys=list(reversed(wanted)), actor=MARIAN, now=NOW)
    with pytest.raises(ValidationError, match="Name each stage in use once"):
        stages.reorder(keys=wanted[1:], actor=MARIAN, now=NOW)
    assert keys() == wanted


def test_splitting_gives_the_second_half_what_the_whole_asked_before_it_was_left(workspace: Workspace) -> None:
    made = stages.split(stage_id=stage("decision").pk, name="Contract", actor=MARIAN, now=NOW)
    assert keys()[3:6] == ["decision", "contract", "adoption"]
    assert not stage("decision").criteria.exists()
    assert {each.kind for each in made.criteria.all()} == {CriterionKind.CONTRACT, CriterionKind.OUTCOME_DEFINED}
    assert RelayTemplate.objects.filter(from_stage=made, to_stage__key="adoption").exists()


def test_a_stage_with_customers_names_where_they_go(workspace: Workspace, customer: Customer) -> None:
    with pytest.raises(ValidationError, match="1 customer stands at “Awareness”"):
        stages.retire(stage_id=stage("awareness").pk, actor=MARIAN, now=LATER)
    with pytest.raises(ValidationError, match="is no stage in use"):
        stages.retire(stage_id=stage("awareness").pk, target_key="awareness", actor=MARIAN, now=LATER)
    since = customer.stage_since
    moved = stages.retire(stage_id=stage("awareness").pk, target_key="consideration", actor=MARIAN, now=LATER)
    customer.refresh_from_db()
    assert (moved, customer.stage_key, customer.stage_since) == (1, "consideration", since)
    last = journey.last_move(customer.pk)
    assert last is not None
    assert (last.kind, last.reason, last.actor_label) == (
        "regrouped",
        "“Awareness” was merged into “Consideration”.",
        "Marian",
    )
    assert [each.stage.key for each in Move.objects.order_by("number").select_related("stage") if each.stage] == [
        "awareness",
        "consideration",
    ]
    assert keys()[0] == "consideration"
    assert stage("awareness").retired_at == LATER
    assert AuditEvent.objects.filter(action="stage.retired").get().data["customers"] == 1


def test_a_stage_nobody_ever_stood_at_goes_without_trace(workspace: Workspace) -> None:
    add("Pilot", "trial")
    stages.retire(stage_id=stage("pilot").pk, actor=MARIAN, now=NOW)
    assert not Stage.objects.filter(key="pilot").exists()
    assert [each.order for each in journey.stages()] == list(range(8))


def test_the_key_of_a_retired_stage_stays_its_own(workspace: Workspace, customer: Customer) -> None:
    stages.retire(stage_id=stage("awareness").pk, target_key="consideration", actor=MARIAN, now=NOW)
    with pytest.raises(ValidationError, match="retired stage"):
        add("Awareness", "awareness", key="awareness")


def test_the_last_stage_cannot_go(workspace: Workspace) -> None:
    for key in keys()[1:]:
        stages.retire(stage_id=stage(key).pk, actor=MARIAN, now=NOW)
    with pytest.raises(ValidationError, match="last stage"):
        stages.retire(stage_id=stage("awareness").pk, actor=MARIAN, now=NOW)


def test_handovers_to_a_stage_that_goes_are_withdrawn(workspace: Workspace, customer: Customer) -> None:
    go(customer, "consideration")
    go(customer, "trial")
    stages.retire(stage_id=stage("trial").pk, actor=MARIAN, now=LATER)
    assert Relay.objects.get().state == RelayState.WITHDRAWN
    customer.refresh_from_db()
    assert customer.stage_key == "consideration"


STARTUP = [("Lead", "awareness"), ("Trying", "trial"), ("Using", "adoption"), ("Fan", "advocacy")]
ENTERPRISE = [
    ("Target account", "awareness"),
    ("Qualified", "awareness"),
    ("Discovery", "consideration"),
    ("Business case", "consideration"),
    ("Proof of concept", "trial"),
    ("Procurement", "decision"),
    ("Legal", "decision"),
    ("Rollout", "adoption"),
    ("Hypercare", "adoption"),
    ("Value review", "performance"),
    ("Programme", "transformation"),
    ("Reference", "advocacy"),
]
MERGED = [
    ("Kennenlernen", "awareness"),
    ("Überlegen", "consideration"),
    ("Testen & entscheiden", "decision"),
    ("Einführen", "adoption"),
    ("Wirken", "performance"),
    ("Wandeln", "transformation"),
    ("Weitersagen", "advocacy"),
]


def build(wanted: list[tuple[str, str]]) -> list[str]:
    """The workspace's stages become these, through the services; customers go to the first."""
    old = journey.stages()
    made = [add(name, macro).key for name, macro in wanted]
    for each in old:
        stages.retire(stage_id=each.pk, target_key=made[0], actor=MARIAN, now=NOW)
    return made


@pytest.mark.parametrize("wanted", [STARTUP, ENTERPRISE, MERGED], ids=["four", "twelve", "trial merged"])
def test_unlike_organisations_walk_their_own_stages_to_the_end_and_round_again(
    workspace: Workspace, customer: Customer, wanted: list[tuple[str, str]]
) -> None:
    made = build(wanted)
    assert keys() == made
    customer.refresh_from_db()
    assert customer.stage_key == made[0]
    stages.update(
        stage_id=stage(made[1]).pk, told={"criteria": {"exit": [{"kind": "contract"}]}}, actor=MARIAN, now=NOW
    )
    go(customer, made[1])
    with pytest.raises(MissingError) as refused:
        go(customer, made[-1])
    assert [each.criterion for each in refused.value.missing] == ["contract"]
    for key in made[2:]:
        answer = go(customer, key, override=True)
        assert isinstance(answer, Moved)
        assert answer.move.kind == "forward"
    thrown = go(customer, made[0])
    assert (thrown.move.kind, thrown.move.begins_lap) == ("thrown", "expansion")
    customer.refresh_from_db()
    assert (customer.stage_key, customer.stage_macro) == (made[0], wanted[0][1])


def test_a_workspace_made_by_the_product_asks_for_a_reason_only_at_first(
    workspace: Workspace, customer: Customer
) -> None:
    assert isinstance(go(customer, "consideration"), Moved)
    assert stage("decision").criteria.count() == 2
    assert stage("adoption").expected_days == 90
