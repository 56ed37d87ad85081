"""Other vendors' data, through the commands: however odd, there is a proof or a plain word why there is none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Customer, Subscription, Workspace
from csplatform.core import audit
from csplatform.core.tenancy import workspace_scope
from health import selectors
from health.models import HealthSnapshot, Measure, ScoringRun
from health.services import churn, definitions, runs
from tests import factories
from tests.health.churn.strangers import (
    FIRST,
    HORIZON,
    THROUGH,
    WEEKS,
    Files,
    back_filled,
    back_tested,
    brought_in,
    command,
    on,
    trained,
    usual,
)

pytestmark = pytest.mark.django_db
PEOPLE = range(30)
LEAVES = {number: 40 + 4 * number for number in range(0, 30, 2)}


def figures(slug: str) -> dict[str, Any]:
    """The proof without the ids of those it lists."""
    return {name: value for name, value in back_tested(slug).items() if name != "details"}


def test_other_names_of_columns_change_nothing(tmp_path: Path) -> None:
    brought_in(tmp_path, usual(Files(), PEOPLE, leaves=LEAVES), "ours")
    foreign = Files(
        theirs={"customer_external_id": "account", "timestamp": "happened", "starts_on": "begin", "mrr": "fee"}
    )
    said = brought_in(tmp_path, usual(foreign, PEOPLE, leaves=LEAVES), "theirs")
    assert {each.code for each in said.values()} == {0}
    assert figures("theirs") == figures("ours")
    assert figures("ours")["churned_customers"] > 5


def test_an_end_rewritten_on_leaving_is_not_seen_before_it_and_counts_after_it(tmp_path: Path) -> None:
    """All terms were to run for a year: the calendar must not know who ends earlier."""
    brought_in(tmp_path, usual(Files(), PEOPLE, leaves=LEAVES))
    told = back_tested()
    assert told["renewal_only"]["roc_auc"] == pytest.approx(0.5, abs=0.1)
    workspace = Workspace.objects.get(slug="vendor")
    with workspace_scope(workspace):
        leaver = Customer.objects.get(external_id="v-010")
        before, after = (
            selectors.health_of(leaver, now=factories.NOW, as_of=on(day)) for day in (LEAVES[10] - 1, LEAVES[10] + 40)
        )
    assert before["churn"]["method"] == "rules"
    assert after["churn"]["method"] == "none"


def test_nothing_is_inferred_beyond_the_day_to_which_the_data_are_complete(tmp_path: Path) -> None:
    through = on(140)
    files = usual(Files(), PEOPLE, leaves=LEAVES)
    brought_in(tmp_path, files, through=through)
    told = back_tested()
    assert told["through"] == through.isoformat()
    last = date.fromisoformat(told["folds"][-1]["as_of"])
    assert last + timedelta(days=HORIZON + told["grace_days"]) <= through


def test_overlaps_are_one_contract_and_only_a_gap_longer_than_grace_is_a_churn(tmp_path: Path) -> None:
    files = Files()
    terms = {
        "overlapping": [(0, 80), (40, 150), (60, 70)],
        "short gap": [(0, 60), (80, 170)],
        "long gap": [(0, 110), (160, 175)],
        "gone": [(0, 110)],
        "free": [(0, 110)],
        "inside out": [(60, 40)],
    }
    for number, (name, spans) in enumerate(terms.items()):
        key = files.customer(number)
        for start, end in spans:
            files.term(key, on(start), on(end), mrr=0 if name == "free" else 100)
        files.used(key, range(0, 7 * WEEKS, 3))
    said = brought_in(tmp_path, files, through=on(175))
    assert said["subscriptions"].code == 3  # the one that ends before it starts, with its reason
    assert "rejected" in said["subscriptions"].out
    told = back_tested()
    assert told["verdict"] == "not_enough_data"
    assert told["churned_customers"] == 2
    assert {fold["as_of"] for fold in told["folds"] if fold["churned"]} <= {
        on(day).isoformat() for day in range(110 - HORIZON, 110)
    }


def test_rows_that_come_twice_and_files_that_come_twice_count_once(tmp_path: Path) -> None:
    once = usual(Files(), PEOPLE, leaves=LEAVES)
    brought_in(tmp_path, once, "once")
    twice = Files([*once.customers, *once.customers], [*once.subscriptions, *once.subscriptions], once.events)
    said = brought_in(tmp_path, twice, "twice")
    assert {each.code for each in said.values()} == {0}
    for kind in ("customers", "subscriptions", "events"):
        command("import_data", kind, tmp_path / f"twice-{kind}.csv", workspace="twice")
    assert figures("twice") == figures("once")


@pytest.mark.parametrize("fate", ["all", "none", "one"])
def test_too_few_who_left_or_stayed_is_said_and_the_rules_stay_named_as_rules(tmp_path: Path, fate: str) -> None:
    everybody = range(1) if fate == "one" else PEOPLE
    leaves = {number: 40 + 4 * number for number in everybody} if fate == "all" else {}
    brought_in(tmp_path, usual(Files(), everybody, leaves=leaves))
    back_filled()
    result = trained()
    assert not result["activated"]
    told = back_tested()
    assert told["verdict"] == result["backtest"]["verdict"] == "not_enough_data"
    assert (
        "not enough churns to judge a model; the rules stay" in command("backtest", workspace="vendor", horizon=14).out
    )
    with workspace_scope(Workspace.objects.get(slug="vendor")):
        assert HealthSnapshot.objects.count() > 0
        assert set(HealthSnapshot.objects.values_list("churn_method", flat=True)) <= {"rules", "none"}
        assert churn.champion() is None


def test_ten_years_of_history_cost_no_more_folds_than_the_last_ones(tmp_path: Path) -> None:
    files = Files()
    began = THROUGH - timedelta(days=3_650)
    for number in range(12):
        key = files.customer(number)
        files.term(key, began, None if number % 2 else THROUGH - timedelta(days=200 + 40 * number), months=12)
        files.events += [(key, "login", f"{began + timedelta(days=day)}T12:00:00Z") for day in range(0, 3_600, 9)]
    brought_in(tmp_path, files)
    folds = [date.fromisoformat(fold["as_of"]) for fold in back_tested()["folds"]]
    assert 0 < len(folds) <= 26
    assert folds[0] > THROUGH - timedelta(days=3 * 366)


def test_a_week_without_any_data_is_left_out_and_named(tmp_path: Path) -> None:
    files = usual(Files(), PEOPLE, leaves=LEAVES)
    week = {on(day).isoformat() for day in range(84, 91)}
    files.events = [each for each in files.events if each[2][:10] not in week]
    brought_in(tmp_path, files)
    told = back_tested()
    assert {each["reason"] for each in told["left_out"]} == {"no_events_from_anybody"}
    assert all(on(84).isoformat() <= each["as_of"] <= on(97).isoformat() for each in told["left_out"])


def test_clocks_that_jump_neither_stop_the_proof_nor_change_it(tmp_path: Path) -> None:
    plain = usual(Files(), PEOPLE, leaves=LEAVES)
    brought_in(tmp_path, plain, "plain")
    wild = usual(Files(), PEOPLE, leaves=LEAVES)
    for stray in ("1970-01-01T00:00:00Z", "2097-05-01T00:00:00Z", "0001-01-01T00:00:00Z", "yesterday"):
        wild.events.append(("v-001", "login", stray))
    said = brought_in(tmp_path, wild, "wild")
    assert said["events"].code in (0, 3)
    if said["events"].code:
        assert "rejected" in said["events"].out
    told, expected = back_tested("wild"), back_tested("plain")
    assert [fold["as_of"] for fold in told["folds"]] == [fold["as_of"] for fold in expected["folds"]]
    assert (told["n"], told["churned"], told["verdict"]) == (expected["n"], expected["churned"], expected["verdict"])
    back_filled("wild")


def test_monthly_and_yearly_terms_live_side_by_side(tmp_path: Path) -> None:
    files = Files()
    for number in PEOPLE:
        key = files.customer(number)
        end = on(LEAVES.get(number, 7 * WEEKS + 60))
        if number % 3:
            files.term(key, FIRST, end if number in LEAVES else None, months=12)
        else:
            files.monthly(key, FIRST, end)
        files.used(key, range(0, 7 * WEEKS, 2))
    said = brought_in(tmp_path, files)
    assert {each.code for each in said.values()} == {0}
    told = back_tested()
    assert told["churned_customers"] >= 5
    assert trained()["backtest"]["n"] == told["n"]


def test_another_currency_is_refused_row_by_row_with_what_to_do(tmp_path: Path) -> None:
    files = usual(Files(), PEOPLE, leaves=LEAVES)
    key = files.customer(99)
    files.term(key, FIRST, currency="JPY", mrr=12_000)
    said = brought_in(tmp_path, files)["subscriptions"]
    assert said.code == 3
    workspace = Workspace.objects.get(slug="vendor")
    rejects = Path(said.err.rsplit(": ", 1)[1].strip()).read_text()
    assert "convert the amounts first" in rejects
    with workspace_scope(workspace):
        assert Subscription.objects.count() == len(PEOPLE)


def test_a_measure_deleted_while_a_run_uses_it_ends_neither_the_run_nor_a_training(tmp_path: Path) -> None:
    brought_in(tmp_path, usual(Files(), PEOPLE, leaves=LEAVES))
    workspace = Workspace.objects.get(slug="vendor")
    with workspace_scope(workspace):
        definition = {"source": "events", "aggregation": "count", "window_days": 11, "events": ["login"]}
        told = {"label": {"en": "Odd"}, "definition": definition}
        measure, _job = definitions.create_measure(key="odd", told=told, actor=audit.SYSTEM, now=factories.NOW)
        run = runs.start(kind=ScoringRun.Kind.BACKFILL, days=[on(70)], now=factories.NOW)
        job = churn.start(horizon=HORIZON, actor=audit.SYSTEM, now=factories.NOW)
        definitions.delete_measure(measure_id=measure.pk, actor=audit.SYSTEM, now=factories.NOW)
    runs.work(workspace.pk, run.pk)
    churn.work(workspace.pk, job.pk)
    with workspace_scope(workspace):
        assert not Measure.objects.filter(key="odd").exists()
        assert HealthSnapshot.objects.filter(as_of=on(70)).count() > 0
        job.refresh_from_db()
        assert job.state == "done"
