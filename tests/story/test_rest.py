"""The story over REST alone: an integration with a key, acting for the people who are asked."""

from __future__ import annotations

import pytest

from tests.story.conftest import Clock
from tests.story.integration import state_over_rest
from tests.story.telling import address


@pytest.mark.django_db
def test_a_referred_prospect_flies_two_laps_over_rest_alone(clock: Clock) -> None:
    state = state_over_rest(clock)

    customer, flight = state["customer"], state["flight"]
    assert (customer["referred_by_external_id"], customer["source"]) == ("c-freight", "referral")
    assert (customer["arr"], customer["contract_state"]) == ("72000.00", "active")
    assert [(lap["kind"], lap["began_on"], lap["sold_on"], lap["gained_arr"]) for lap in flight["laps"]] == [
        ("first_sale", "2025-01-20", "2025-04-01", "48000.00"),
        ("expansion", "2026-03-02", "2026-03-16", "24000.00"),
    ]
    assert [(move["lap"], move["stage"], move["kind"]) for move in flight["moves"]] == [
        (1, "awareness", "placed"),
        (1, "consideration", "forward"),
        (1, "trial", "forward"),
        (1, "decision", "forward"),
        (1, "adoption", "forward"),
        (1, "performance", "forward"),
        (1, "transformation", "forward"),
        (1, "advocacy", "forward"),
        (2, "decision", "thrown"),
        (2, "adoption", "forward"),
        (2, "performance", "forward"),
        (2, "transformation", "forward"),
        (2, "advocacy", "forward"),
    ]

    assert [(relay["to_stage"], relay["state"], relay["taker"], relay["move_id"]) for relay in state["handovers"]] == [
        ("trial", "accepted", address("sales"), 3),
        ("adoption", "declined", None, None),
        ("adoption", "accepted", address("success"), 5),
        ("advocacy", "accepted", address("marketing"), 8),
        ("adoption", "accepted", address("success"), 10),
        ("advocacy", "accepted", address("marketing"), 13),
    ]
    declined, offered_again = state["handovers"][1:3]
    assert (declined["decline_cause"], declined["decided_by"]) == ("incomplete", address("success"))
    assert offered_again["reoffers"] == 1
    assert [promise["statement"] for promise in offered_again["promises"]] == ["Every order leaves the same day"]
    assert [(place["role"], place["member"]) for place in state["team"]] == [
        ("csm", address("success")),
        ("marketing", address("marketing")),
        ("sales", address("sales")),
    ]

    evolved, trial, second = state["outcomes"]
    assert [version["reason"] for version in evolved["versions"]] == ["", "The new shop sells at weekends"]
    assert (trial["kind"], trial["settlement"]) == ("trial", "met")
    assert [each["status"] for each in (evolved, trial, second)] == ["met", "met", "met"]
    assert (evolved["lap_id"], second["lap_id"]) == ("laps: 1", "laps: 2")
    assert [(win["title"], win["by_rule"]) for win in state["wins"]] == [
        ("Orders shipped the same day: 91 %", True),
        ("Second site: shipped the same day: 92 %", True),
    ]

    (shock,) = state["shocks"]
    assert [(each["name"], each["arr"]) for each in shock["exposed"]] == [
        ("Loxley Mills", "48000.00"),
        ("Nottingham Freight", "80000.00"),
    ]
    assert [(act["kind"], act["state"]) for act in state["advocacy"]] == [
        ("referral", "thanked"),
        ("business_case", "thanked"),
    ]
    assert state["came_back"] == [
        {"name": "Loxley Mills", "gained_minor": 72_000_00, "laps": ["first_sale", "expansion"]}
    ]
