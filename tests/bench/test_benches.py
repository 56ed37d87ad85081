"""Every bench runs and says what the contract wants of it. How fast is a matter of `make bench`, not of tests."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta

import pytest

from bench import floor, history, population, score_full
from bench.__main__ import BENCHES
from bench.table import Row, render
from csplatform.core.tenancy import workspace_scope
from health.models import HealthScore, ScorecardVersion

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {"name", "value", "unit", "naive", "floor", "ratio_to_naive", "ratio_to_floor", "n"}
EXPECTED = {
    "ingest_http": "ingest_http",
    "event_to_score": "event_to_score_p95",
    "score_full": "score_full",
    "score_one": "score_one",
    "backfill": "backfill",
    "nightly": "nightly",
    "backtest": "backtest",
    "growth": "growth",
    "survey_submit": "survey_submit",
    "survey_results": "survey_results",
    "survey_recount": "survey_recount",
    "picture": "picture",
    "playbooks": "playbooks",
    "ledger": "ledger",
    "lab": "lab",
    "score_twenty": "score_twenty",
}


@pytest.fixture(autouse=True)
def _fresh_population() -> None:
    """A database flushed between tests no longer holds what the one before loaded."""
    population.load.cache_clear()
    history.load.cache_clear()


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_measures_something_beside_the_naive_way_and_the_floor(name: str) -> None:
    rows: list[Row] = importlib.import_module(f"bench.{name}").run(0.002)
    assert all(row.value > 0 and row.n > 0 and row.unit for row in rows)
    told = {row.name: row.as_json() for row in rows}[EXPECTED[name]]
    assert set(told) == KEYS
    assert all(told[key] > 0 for key in KEYS - {"name", "unit"})
    assert EXPECTED[name] in render(rows)
    json.dumps(told, allow_nan=False)


def test_the_floor_of_scoring_computes_what_the_product_computes() -> None:
    loaded = population.load(0.005)
    for days in (1, 3, 40, 80):
        day = loaded.last_day + timedelta(days=days)
        score_full.score_all(loaded, day)
        theirs = floor.by_customer(floor.values(floor.raw(loaded.workspace, loaded.events_file), day))
        with workspace_scope(loaded.workspace):
            (version,) = ScorecardVersion.objects.all()
            assert tuple(item["measure"] for item in version.content["items"]) == floor.MEASURES
            ours = dict(HealthScore.objects.filter(as_of=day).values_list("customer__external_id", "values"))
        assert ours.keys() == theirs.keys()
        for customer, values in ours.items():
            assert values == pytest.approx(theirs[customer], rel=1e-12, nan_ok=True), (day, customer)


def test_ratios_above_one_mean_better_for_rates_and_for_times() -> None:
    rate = Row("rate", 200.0, "a second", 1, naive=50.0, floor=400.0)
    wait = Row("wait", 5.0, "ms", 1, naive=50.0, floor=1.0, is_time=True)
    assert (rate.ratio_to_naive, rate.ratio_to_floor) == (4.0, 0.5)
    assert (wait.ratio_to_naive, wait.ratio_to_floor) == (10.0, 0.2)
