"""Who answers for what, and the targets departments set themselves: what is said, by whom, and what two at once do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.services.results import StaleVersionError
from csplatform.core import audit
from csplatform.core.models import AuditEvent
from csplatform.core.tenancy import workspace_scope
from journeys.models import DepartmentTempo, Stage
from journeys.selectors import team as selectors
from journeys.services import stages, team
from tests import factories
from tests.api.conftest import make_api
from tests.journeys.team.conftest import NOW, Firm
from tests.pages.conftest import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/journeys/team/"


def say(stage: Stage, expected: int | None = None, **words: str) -> Stage:
    return team.write_responsibilities(
        stage_id=stage.pk, words=words, actor=audit.SYSTEM, now=NOW, expected_version=expected
    )


def aim(department: str = "sales", expected: int | None = None, **targets: Decimal | int | None) -> DepartmentTempo:
    return team.write_tempo(
        department=department, targets=targets, actor=audit.SYSTEM, now=NOW, expected_version=expected
    )


def parts(key: str) -> dict[str, str]:
    found = [each for arm in selectors.arms() for each in arm.stages if each.stage.key == key]
    return {part.department: part.words for part in found[0].parts}


def test_a_new_workspace_reads_as_the_domain_suggests(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        assert [arm.phase.value for arm in selectors.arms()] == ["demand", "turnaround", "expand", "boomerang"]
        assert selectors.arms()[0].carriers == ["Marketing", "Sales"]
        assert list(parts("decision")) == ["sales", "customer_success", "finance", "management"]
        assert "handover" in parts("decision")["customer_success"]


def test_own_words_take_the_place_of_the_suggestion_and_an_empty_line_is_no_part(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        trial = Stage.objects.get(key="trial")
        say(trial, support="Watches  the trial", product="", customer_success="Runs the proof of concept")
        assert parts("trial") == {
            "sales": "Agrees the success criteria before the trial starts, and settles each",
            "customer_success": "Runs the proof of concept",
            "support": "Watches the trial",
        }
        line = AuditEvent.objects.get(action="responsibilities.changed")
        assert line.data["words"]["product"] == ""


def test_a_stage_that_was_split_or_added_has_its_parts_too(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        adoption = Stage.objects.get(key="adoption")
        second = stages.split(stage_id=adoption.pk, name="Roll-out", actor=audit.SYSTEM, now=NOW)
        assert parts(second.key)["customer_success"] == parts("adoption")["customer_success"]
        stages.retire(stage_id=second.pk, actor=audit.SYSTEM, now=NOW)
        with pytest.raises(Stage.DoesNotExist):
            say(second, sales="Too late")


def test_two_who_write_at_once_the_second_is_told_and_keeps_the_words(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        trial = Stage.objects.get(key="trial")
        assert say(trial, expected=1, sales="First").version == 2
        with pytest.raises(StaleVersionError):
            say(trial, expected=1, sales="Second")
    told = signed_in(firm.manager).post(f"{PAGE}stages/{trial.pk}/", {"version": "1", "sales": "Mine"})
    assert told.status_code == 409
    assert "Somebody changed this while you were typing" in told.content.decode()
    assert "Mine</textarea>" in told.content.decode()
    again = signed_in(firm.manager).post(f"{PAGE}stages/{trial.pk}/", {"version": "2", "sales": "Mine"})
    assert again.status_code == 302
    with workspace_scope(firm.workspace):
        assert parts("trial") == {"sales": "Mine"}, "the lines sent empty are no part any more"


@pytest.mark.parametrize(
    ("department", "targets", "field"),
    [
        ("sales", {"handover_days": 0}, "handover_days"),
        ("sales", {"handover_days": 366}, "handover_days"),
        ("sales", {"contacts": Decimal("0.05")}, "contacts"),
        ("sales", {"contacts": Decimal(100)}, "contacts"),
        ("sales", {"request_days": 5}, "request_days"),
        ("sales", {"speed": 5}, "speed"),
        ("kitchen", {"handover_days": 2}, "department"),
    ],
)
def test_what_is_no_target_is_named(firm: Firm, department: str, targets: dict[str, int], field: str) -> None:
    with workspace_scope(firm.workspace):
        with pytest.raises(ValidationError) as refused:
            aim(department, **targets)
        assert list(refused.value.message_dict) == [field]
        assert not DepartmentTempo.objects.exists()


def test_targets_are_set_changed_and_taken_away_and_the_second_of_two_is_told(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        assert aim(expected=0, handover_days=2, contacts=Decimal("0.5")).version == 1
        with pytest.raises(StaleVersionError):
            aim(expected=0, handover_days=9)
        assert aim(expected=1, handover_days=None).contacts == Decimal("0.5")
        assert DepartmentTempo.objects.get().handover_days is None
        assert aim(handover_days=None).version == 2, "nothing changed"
    address = f"{PAGE}tempo/sales/"
    told = signed_in(firm.manager).post(address, {"version": "1", "handover_days": "4"})
    assert told.status_code == 409
    assert 'value="4"' in told.content.decode()
    assert signed_in(firm.manager).post(address, {"version": "2", "handover_days": "no"}).status_code == 422


def test_only_who_may_configure_changes_and_everybody_else_reads(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        trial = Stage.objects.get(key="trial")
    for path in (f"stages/{trial.pk}/", "tempo/sales/"):
        assert signed_in(firm.success).get(PAGE + path).status_code == 403
        assert signed_in(firm.success).post(PAGE + path, {"version": 1}).status_code == 403
        assert signed_in(firm.manager).get(PAGE + path).status_code == 200
    assert b"/stages/" not in signed_in(firm.success).get(PAGE).content.split(b"<main")[1]
    assert signed_in(firm.manager).get(f"{PAGE}tempo/kitchen/").status_code == 404


def test_another_workspace_has_its_own(firm: Firm) -> None:
    other = factories.make_workspace("other")
    stranger = factories.make_member(other)
    with workspace_scope(firm.workspace):
        trial = Stage.objects.get(key="trial")
        say(trial, sales="Ours alone")
        aim(handover_days=2)
    with workspace_scope(other):
        assert parts("trial")["sales"] != "Ours alone"
        assert not DepartmentTempo.objects.exists()
    assert b"Ours alone" not in signed_in(stranger).get(PAGE).content
    assert "Ours alone" not in str(make_api(other).get("team/responsibilities/").json())


def test_rest_reads_responsibilities(firm: Firm) -> None:
    with workspace_scope(firm.workspace):
        say(Stage.objects.get(key="trial"), sales="Ours")
    told = make_api(firm.workspace, ["read"]).get("team/responsibilities/")
    assert told.status_code == 200
    trial = next(each for each in told.json()["results"] if each["stage"] == "trial")
    assert (trial["phase"], trial["carried_by"]) == ("demand", "sales")
    assert trial["parts"][0] == {"department": "sales", "words": "Ours", "is_default": False}
    assert make_api(firm.workspace, ["ingest"]).get("team/responsibilities/").status_code == 403
    assert make_api(firm.workspace).get("team/responsibilities/?deep=1").status_code == 400
