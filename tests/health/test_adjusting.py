"""Exceptions and overrides change no measure's points: each is a part of its own, and all parts add up to the score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health import adjusting, scoring
from health.defaults import default_content
from health.measures import DefinitionError
from health.services.compute import parts_of

PLAIN = default_content()
MEASURES = [item["measure"] for item in PLAIN["items"]]
NO_SPONSOR = {
    "key": "no-sponsor",
    "label": {"en": "No sponsor"},
    "measure": "sponsor_present",
    "op": "=",
    "value": 0,
    "cap": "watch",
}
GOOD = {
    "activity_level": 12.0,
    "activity_trend": 1.2,
    "active_users": 5.0,
    "seat_share": 1.0,
    "breadth": 8.0,
    "habit": 5.0,
    "recency": 0.0,
    "sponsor_present": 1.0,
}


def card(**more: Any) -> scoring.Card:
    return scoring.parse_card({**PLAIN, **more})


def row(**changed: float) -> np.ndarray:
    return np.array([[{**GOOD, **changed}[key] for key in MEASURES]])


def score(on: scoring.Card, values: np.ndarray, override: str = "") -> scoring.Scores:
    codes = np.array([adjusting.BANDS.index(override) + 1], dtype=np.int8) if override else None
    return scoring.score(on, values, np.full(len(values), True), codes)


numbers = st.one_of(st.just(float("nan")), st.floats(-5, 500, allow_nan=False))
exceptions = st.lists(
    st.fixed_dictionaries(
        {
            "label": st.just({"en": "Because"}),
            "measure": st.sampled_from(MEASURES),
            "op": st.sampled_from(adjusting.OPERATORS),
            "value": st.floats(-5, 500, allow_nan=False),
            "cap": st.sampled_from(adjusting.CAPS),
        }
    ),
    max_size=5,
).map(lambda found: [{**each, "key": f"e-{n}"} for n, each in enumerate(found)])
bands = st.tuples(st.floats(0.5, 60), st.floats(60.5, 100)).map(lambda b: {"watch": b[0], "healthy": b[1]})


@given(
    st.lists(numbers, min_size=len(MEASURES), max_size=len(MEASURES)),
    exceptions,
    bands,
    st.sampled_from(["", *adjusting.BANDS]),
    st.floats(0, 1),
)
def test_measures_and_adjustments_add_up_to_the_score_whatever_happens(
    values: list[float], told: list[dict[str, Any]], edges: dict[str, float], override: str, min_coverage: float
) -> None:
    on = card(exceptions=told, bands=edges, min_coverage=min_coverage)
    found = score(on, np.array([values]), override)
    plain = score(card(bands=edges, min_coverage=min_coverage), np.array([values]))
    assert (found.points == plain.points).all()
    if found.total[0] >= 0:
        assert sum(parts_of(on, found, 0).values()) == found.total[0]
        assert 0 <= found.total[0] <= scoring.FULL
    else:
        assert not found.adjustments.any()
    if override:
        assert found.band[0] == override
    if not override and found.total[0] >= 0:
        held = [each.cap for each in on.exceptions if each.holds(np.array([values]))[0]]
        assert ("watch" not in held) or found.band[0] != "healthy"
        assert ("at_risk" not in held) or found.band[0] == "at_risk"
    if not override and found.total[0] >= 0 and not found.adjustments.any():
        assert found.band[0] == plain.band[0]


def test_no_sponsor_is_never_healthy() -> None:
    heavy = [{**item, "weight": 1 if item["measure"] == "sponsor_present" else 20} for item in PLAIN["items"]]
    on = card(items=heavy, exceptions=[NO_SPONSOR])
    with_sponsor, without = score(on, row()), score(on, row(sponsor_present=0.0))
    assert (with_sponsor.total[0], with_sponsor.band[0]) == (10_000, "healthy")
    assert (without.total[0], without.band[0]) == (7_499, "watch")
    assert parts_of(on, without, 0)["exception:no-sponsor"] == 7_499 - without.points[0].sum()
    assert "exception:no-sponsor" not in parts_of(on, with_sponsor, 0)


def test_an_unknown_value_compares_with_nothing_but_can_be_an_exception_itself() -> None:
    unknown = row(sponsor_present=float("nan"))
    assert score(card(exceptions=[NO_SPONSOR]), unknown).band[0] == "healthy"
    told = {**NO_SPONSOR, "op": "is_unknown", "value": None}
    assert score(card(exceptions=[told]), unknown).band[0] == "watch"
    assert score(card(exceptions=[told]), row()).band[0] == "healthy"


def test_the_stricter_exception_wins_in_whatever_order() -> None:
    strict = {**NO_SPONSOR, "key": "strict", "cap": "at_risk"}
    for told in ([NO_SPONSOR, strict], [strict, NO_SPONSOR]):
        assert score(card(exceptions=told), row(sponsor_present=0.0)).total[0] == 4_999


@pytest.mark.parametrize(
    ("band", "values", "total"),
    [
        ("at_risk", row(), 4_999),
        ("watch", row(), 7_499),
        ("healthy", row(), 10_000),
        ("healthy", row(habit=0.0, sponsor_present=0.0), 7_500),
        ("watch", row(habit=0.0, sponsor_present=0.0, seat_share=0.0), 5_000),
    ],
)
def test_an_override_moves_the_score_no_further_than_the_edge_of_its_band(
    band: str, values: np.ndarray, total: int
) -> None:
    found = score(card(), values, band)
    assert (found.total[0], found.band[0]) == (total, band)
    assert parts_of(card(), found, 0).get("override", 0) == total - found.points[0].sum()


def test_an_override_has_the_last_word_over_exceptions() -> None:
    on = card(exceptions=[NO_SPONSOR])
    assert score(on, row(sponsor_present=0.0), "healthy").band[0] == "healthy"


def test_without_a_score_an_override_names_the_band_and_invents_no_number() -> None:
    found = score(card(), row(**dict.fromkeys(MEASURES, float("nan"))), "at_risk")
    assert (found.total[0], found.band[0]) == (-1, "at_risk")
    outside = scoring.score(card(), row(), np.array([False]), np.array([1], dtype=np.int8))
    assert (outside.total[0], outside.band[0]) == (-1, "not_applicable")


def test_bands_are_steps_that_begin_at_their_value() -> None:
    curve = ((0.0, 0.0), (10.0, 0.5), (20.0, 1.0))
    values = np.array([-5.0, 0.0, 9.99, 10.0, 19.0, 20.0, 99.0, np.nan])
    found = scoring.share(curve, values, scoring.BANDS)
    assert found[:-1].tolist() == [0, 0, 0, 0.5, 0.5, 1, 1]
    assert np.isnan(found[-1])


def test_a_groups_own_weight_is_shared_by_its_measures_in_proportion() -> None:
    groups = [{**PLAIN["groups"][0], "weight": 30}, PLAIN["groups"][1]]
    weights = {item.key: item.weight for item in card(groups=groups).items}
    plain = {item.key: item.weight for item in card().items}
    assert sum(weights[i["measure"]] for i in PLAIN["items"] if i["group"] == "value") == pytest.approx(30)
    assert weights["seat_share"] / weights["breadth"] == pytest.approx(plain["seat_share"] / plain["breadth"])
    assert weights["habit"] == plain["habit"]


def test_a_version_from_before_exceptions_means_what_it_meant() -> None:
    assert card().exceptions == ()
    assert {item.scoring for item in card().items} == {"linear"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"exceptions": [{**NO_SPONSOR, "measure": "moods"}]}, "exceptions.0.measure"),
        ({"exceptions": [{**NO_SPONSOR, "op": "~"}]}, "exceptions.0.op"),
        ({"exceptions": [{**NO_SPONSOR, "value": None}]}, "exceptions.0.value"),
        ({"exceptions": [{**NO_SPONSOR, "cap": "healthy"}]}, "exceptions.0.cap"),
        ({"exceptions": [NO_SPONSOR, NO_SPONSOR]}, "exceptions"),
        ({"groups": [{**PLAIN["groups"][0], "weight": -1}, PLAIN["groups"][1]]}, "groups.0.weight"),
        ({"groups": [*PLAIN["groups"], {"key": "empty", "label": {"en": "E"}, "weight": 5}]}, "groups.2.weight"),
        ({"items": [{**PLAIN["items"][0], "scoring": "cubic"}]}, "scoring"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        card(**change)
    assert caught.value.field == field
