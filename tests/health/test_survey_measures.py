"""NPS, CSAT and CES as measures: both executors agree, the past stays as it was known, health follows at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Contact, Customer, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import selectors
from health.facts import live
from health.facts.asof import AsOf
from health.measures import DefinitionError, Spec, evaluate
from health.models import DirtyCustomer, Scorecard, ScorecardVersion, ScoringRun
from health.parsing import parse
from health.services import base_rate, definitions, runs, scoring, snapshots
from health.units import value_text
from surveys.models import Survey
from surveys.services import answering, moderation
from tests import factories
from tests.health.test_present_scores import customer_in_use
from tests.surveys import factories as asked
from tests.surveys import invited

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
TODAY = NOW.date()
ACTOR = audit.Actor(label="Test")
NPS = {"source": "surveys", "aggregation": "latest", "kind": "nps", "window_days": 90}
SPECS = [parse({**NPS, "aggregation": how, "window_days": days}) for how in ("latest", "mean") for days in (10, 90)]


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        yield workspace


def moment(days_ago: int, second: int = 0) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), datetime.min.time(), UTC) + timedelta(seconds=second)


def nps_survey(slug: str = "nps", kind: str = "nps") -> Survey:
    return invited.score_survey(kind, slug, now=moment(300))


def say(survey: Survey, person: Contact, score: int, at: datetime = NOW) -> answering.Submitted:
    return asked.answer(survey, raw={"score": score}, now=at, contact=person, customer=person.customer)


def rebuilt(customer: Customer, day: date, **told: Any) -> list[float]:
    facts = AsOf([customer.pk], [day], SPECS, grace_days=30, data_through=None).at(day, **told)
    return [float(evaluate(spec, facts)[0]) for spec in SPECS]


def present(customer: Customer) -> list[float]:
    facts = live.load([customer.pk], TODAY, SPECS).facts
    return [float(evaluate(spec, facts)[0]) for spec in SPECS]


def publish_with_nps(weight: float = 20, kind: str = "nps", now: datetime = NOW) -> ScorecardVersion:
    """The default card and the score, in force from ``now`` on."""
    definition = {**NPS, "kind": kind}
    definitions.create_measure(
        key=kind, told={"label": {"en": kind.upper()}, "definition": definition}, actor=ACTOR, now=now
    )
    card = Scorecard.objects.get(is_default=True)
    latest = ScorecardVersion.objects.filter(scorecard=card).latest("version")
    items = [{name: item[name] for name in ("measure", "group", "weight", "curve")} for item in latest.content["items"]]
    items.append({"measure": kind, "group": "relationship", "weight": weight, "curve": [[-100, 0], [100, 1]]})
    return definitions.publish(scorecard_id=card.pk, draft=definitions.Draft(items), actor=ACTOR, now=now).version


def score_of(customer: Customer) -> dict[str, Any]:
    while scoring.refresh_dirty():
        pass
    return selectors.health_of(customer, now=datetime.now(UTC))


def driver(health: dict[str, Any], key: str = "nps") -> dict[str, Any]:
    return next(each for each in health["drivers"] if each["measure"] == key)


# What happens to answers: (days ago, what, who or which answer, score).
ACTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["answer", "answer", "answer", "change", "remove", "restore", "erase"]),
        st.integers(0, 3),
        st.integers(0, 10),
    ),
    max_size=14,
)


class Ledger:
    """The same by hand: each answer's score as it was known, day by day."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    def expected(self, day: int, spec: Spec) -> float:
        """``day``: days ago. NPS of the answers that were known to count at its end."""
        counted = []
        for answer in self.answers:
            known = [score for at, score in answer["said"] if at >= day]
            if not answer["erased"] and known and known[-1] is not None and answer["at"] - day < spec.window_days:
                counted.append((answer["number"], answer["person"], known[-1]))
        if spec.aggregation == "latest":
            newest = {person: (number, person, score) for number, person, score in sorted(counted)}
            counted = list(newest.values())
        if not counted:
            return math.nan
        return sum(100 if score > 8 else -100 if score < 7 else 0 for _n, _p, score in counted) / len(counted)


def act(survey: Survey, people: list[Contact], acts: list[tuple[int, str, int, int]]) -> Ledger:
    """Do them one after the other through the services."""
    ledger = Ledger()
    for second, (days_ago, what, who, score) in enumerate(sorted(acts, key=lambda each: -each[0])):
        at, answers = moment(days_ago, second), [each for each in ledger.answers if not each["erased"]]
        if what == "answer":
            given = say(survey, people[who % 2], score, at)
            ledger.answers.append(
                {"number": second, "person": who % 2, "at": days_ago, "said": [(days_ago, score)], "given": given,
                 "now": score, "removed": False, "erased": False}
            )  # fmt: skip
        elif answers:
            one = answers[who % len(answers)]
            _act_on(survey, one, what, score, at)
            one["said"].append((days_ago, None if one["removed"] else one["now"]))
    return ledger


def _act_on(survey: Survey, one: dict[str, Any], what: str, score: int, at: datetime) -> None:
    code, pk = one["given"].receipt_code, one["given"].response.pk
    if what == "change":
        answering.change(survey=survey, receipt_code=code, raw={"score": score}, now=at)
        one["now"] = score
    elif what == "erase":
        answering.erase(survey=survey, receipt_code=code, now=at)
        one["erased"] = True
    elif what == "remove":
        moderation.remove(response_ids=[pk], reason="trial", actor=ACTOR, now=at)
        one["removed"] = True
    else:
        moderation.restore(response_ids=[pk], actor=ACTOR, now=at)
        one["removed"] = False


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_every_past_day_is_as_it_was_known_and_today_is_the_present(
    workspace: Workspace, acts: list[tuple[int, str, int, int]]
) -> None:
    survey = nps_survey(f"nps-{Survey.objects.count()}")
    customer = factories.make_customer()
    people = [factories.make_contact(customer) for _ in range(2)]
    ledger = act(survey, people, acts)
    for days_ago in (0, 1, 4, 9, 10, 20, 29, 31):
        day = TODAY - timedelta(days=days_ago)
        expected = [ledger.expected(days_ago, spec) for spec in SPECS]
        np.testing.assert_allclose(rebuilt(customer, day), expected, err_msg=str(day))
    np.testing.assert_array_equal(present(customer), rebuilt(customer, TODAY))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_the_present_score_the_rebuilt_one_and_the_snapshot_say_the_same(
    workspace: Workspace, acts: list[tuple[int, str, int, int]]
) -> None:
    customer = customer_in_use(workspace)
    people = [factories.make_contact(customer) for _ in range(2)]
    if not ScorecardVersion.objects.filter(version=2).exists():
        publish_with_nps(now=moment(200))
    act(nps_survey(f"nps-{Survey.objects.count()}"), people, acts)
    now = score_of(customer)
    snapshots.take([customer.pk], [TODAY], bases=base_rate.observe([TODAY]), now=datetime.now(UTC))
    stored = snapshots.ordinary_snapshots(customer.pk).last()
    _version, result, _facts, _at = snapshots.rebuild_one(customer.pk, TODAY)
    assert stored is not None
    assert stored.values[-1:] == pytest.approx(result.values[0, -1:].tolist(), nan_ok=True)
    shown = driver(now)["value"]
    assert math.isnan(stored.values[-1]) if shown is None else stored.values[-1] == pytest.approx(shown, abs=1e-4)


def test_without_an_answer_coverage_is_lower_and_the_score_is_not(workspace: Workspace) -> None:
    customer = customer_in_use(workspace)
    before = score_of(customer)
    publish_with_nps(weight=100)
    factories.make_contact(customer)
    scoring.score_present([customer.pk], day=TODAY, computed_at=NOW, base=base_rate.present(TODAY))
    after = score_of(customer)
    assert (after["score"], after["coverage"]) == (before["score"], 0.5)
    said = driver(after)
    assert (said["value"], said["points"], said["reason"]) == (None, 0, "no_answer")
    assert said["note"] == "Nobody here has answered an NPS survey yet. Ask them with one."


def test_an_answer_a_change_a_removal_and_an_erasure_each_refresh_the_score(workspace: Workspace) -> None:
    survey, customer = nps_survey(), customer_in_use(workspace)
    person = factories.make_contact(customer)
    publish_with_nps()
    unheard = score_of(customer)

    def marked() -> bool:
        return DirtyCustomer.objects.filter(customer_id=customer.pk).exists()

    given = say(survey, person, 10)
    assert marked()
    assert (driver(score_of(customer))["value"], marked()) == (100, False)
    answering.change(survey=survey, receipt_code=given.receipt_code, raw={"score": 2}, now=NOW)
    assert marked()
    unhappy = score_of(customer)
    assert (driver(unhappy)["value"], driver(unhappy)["points"]) == (-100, 0)
    assert unhappy["score"] < unheard["score"]
    moderation.remove(response_ids=[given.response.pk], reason="trial", actor=ACTOR, now=NOW)
    assert score_of(customer)["score"] == unheard["score"]
    moderation.restore(response_ids=[given.response.pk], actor=ACTOR, now=NOW)
    assert score_of(customer)["score"] == unhappy["score"]
    answering.erase(survey=survey, receipt_code=given.receipt_code, now=NOW)
    assert score_of(customer)["score"] == unheard["score"]


def test_answers_that_no_customer_or_no_score_speaks_of_refresh_nobody(workspace: Workspace) -> None:
    customer = factories.make_customer()
    person = factories.make_contact(customer)
    DirtyCustomer.objects.all().delete()
    asked.answer(invited.score_survey(audience="community", now=moment(300)), raw={"score": 3}, now=NOW)
    asked.answer(asked.make_survey(), "data", contact=person, customer=customer)
    asked.answer(nps_survey("tried"), raw={"score": 3}, now=NOW, contact=person, customer=customer, is_test=True)
    assert not DirtyCustomer.objects.exists()


def test_a_closed_day_keeps_what_was_said_then_when_the_answer_is_changed(workspace: Workspace) -> None:
    survey, customer = nps_survey(), customer_in_use(workspace)
    type(customer).objects.filter(pk=customer.pk).update(created_at=moment(100))
    publish_with_nps(now=moment(200))
    given = say(survey, factories.make_contact(customer), 9, moment(5))
    run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[TODAY - timedelta(days=3)], now=NOW)
    runs.work(workspace.pk, run.pk)
    answering.change(survey=survey, receipt_code=given.receipt_code, raw={"score": 1}, now=moment(1))
    past = selectors.health_of(customer, now=NOW, as_of=TODAY - timedelta(days=3))
    assert (driver(past)["value"], driver(score_of(customer))["value"]) == (100, -100)
    again = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[TODAY - timedelta(days=3)], now=NOW)
    runs.work(workspace.pk, again.pk)
    assert [row.revision for row in snapshots.ordinary_snapshots(customer.pk)] == [0]


def test_an_answer_out_of_its_window_is_missing_and_said_to_be_old(workspace: Workspace) -> None:
    customer = customer_in_use(workspace)
    publish_with_nps()
    say(nps_survey(), factories.make_contact(customer), 9, moment(90))
    said = driver(score_of(customer))
    assert (said["value"], said["stale"], said["reason"]) == (None, True, "old_answers")
    assert said["note"] == "The last NPS answer is more than 90 days old. Ask again."
    say(nps_survey("again"), factories.make_contact(customer), 9, moment(89))
    said = driver(score_of(customer))
    assert (said["value"], said["stale"], said["note"]) == (100, False, "")


@pytest.mark.parametrize(("kind", "scores", "value"), [("csat", [5, 4, 2, 5], 0.75), ("ces", [7, 4], 5.5)])
def test_csat_is_the_share_satisfied_and_ces_the_mean(
    workspace: Workspace, kind: str, scores: list[int], value: float
) -> None:
    customer = customer_in_use(workspace)
    survey = nps_survey(kind, kind)
    publish_with_nps(kind=kind)
    for score in scores:
        say(survey, factories.make_contact(customer), score)
    assert driver(score_of(customer), kind)["value"] == value


def test_a_published_survey_measure_needs_no_counting_of_events(workspace: Workspace) -> None:
    _measure, job = definitions.create_measure(
        key="ces", told={"label": {"en": "CES"}, "definition": {**NPS, "kind": "ces"}}, actor=ACTOR, now=NOW
    )
    assert job is None
    assert publish_with_nps().version == 2


def test_answers_of_another_workspace_say_nothing(workspace: Workspace) -> None:
    customer = customer_in_use(workspace)
    with workspace_scope(factories.make_workspace("elsewhere")):
        stranger = factories.make_contact(factories.make_customer())
        say(nps_survey(), stranger, 9)
    assert all(math.isnan(value) for value in present(customer))
    assert stranger.customer is not None
    assert live.load([stranger.customer.pk], TODAY, SPECS).ids == []
    assert all(math.isnan(value) for value in rebuilt(stranger.customer, TODAY))


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({**NPS, "kind": "happiness"}, "kind"),
        ({"source": "surveys", "aggregation": "latest"}, "kind"),
        ({**NPS, "aggregation": "count"}, "aggregation"),
        ({**NPS, "window_days": 0}, "window_days"),
        ({**NPS, "window_days": 5_000}, "window_days"),
        ({**NPS, "events": ["login"]}, "events"),
        ({**NPS, "source": "rumours"}, "source"),
        ({**NPS, "source": ["surveys"]}, "source"),
        ({"source": "events", "aggregation": "count", "kind": "nps"}, "kind"),
    ],
)
def test_what_does_not_fit_is_named(definition: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition)
    assert refused.value.field == field


def test_an_answer_speaks_for_a_year_unless_told_otherwise() -> None:
    spec = parse({"source": "surveys", "aggregation": "mean", "kind": "csat"})
    assert (spec.source, spec.part("kind"), spec.aggregation, spec.window_days) == ("surveys", "csat", "mean", 365)


def test_the_page_writes_scores_as_people_do() -> None:
    assert value_text(33.3333, "net promoter score") == "+33"
    assert value_text(0.75, "share satisfied") == "75\u202f% satisfied"
    assert value_text(5.5, "ease from 1 to 7") == "ease 5.5 of 7"
