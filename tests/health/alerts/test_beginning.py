"""An alert begins once per episode, grows when it gets worse, and ends by itself."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Customer
from csplatform.core.tenancy import workspace_scope
from health.alerts import catching_up, opening, silences
from health.models import Alert, AlertKind, AlertState
from journeys.playbooks import definition as playbooks
from tests import factories
from tests.health.alerts.uses import (
    NOW,
    band_changes,
    customer,
    deliver,
    deliver_again,
    news,
    stands,
    told,
    used_on,
    was,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_fall_of_the_band_begins_one_alert_with_what_is_at_stake() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        band_changes(of, "healthy", "watch")
        deliver_again(workspace, NOW + DAY)
        alert = Alert.objects.get()
        assert (alert.kind, alert.state, alert.arr_minor) == (AlertKind.BAND_FELL, AlertState.OPEN, 12_000_00)
        assert (alert.details["from"], alert.details["to"]) == ("healthy", "watch")


def test_a_rise_begins_nothing() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        band_changes(customer(band="watch"), "watch", "healthy")
        assert not Alert.objects.exists()


def test_news_that_is_over_before_it_is_heard_begins_nothing() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        news("health.band_changed", of, {"from": "healthy", "to": "watch"})
        news("health.band_changed", of, {"from": "watch", "to": "healthy"})
        deliver()
        assert not Alert.objects.exists()


def test_falling_further_is_the_same_alert_told_anew_though_somebody_has_it_in_hand() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        band_changes(of, "healthy", "watch")
        Alert.objects.update(state=AlertState.ACKNOWLEDGED)
        band_changes(of, "watch", "at_risk", at=NOW + DAY)
        alert = Alert.objects.get()
        assert (alert.state, alert.round, alert.details["from"], alert.details["to"]) == (
            AlertState.OPEN,
            2,
            "healthy",
            "at_risk",
        )
        deliver_again(workspace, NOW + 2 * DAY)
        assert Alert.objects.get().round == 2


def test_it_ends_when_the_customer_is_back_where_it_fell_from() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        band_changes(of, "healthy", "at_risk")
        band_changes(of, "at_risk", "watch", at=NOW + DAY)
        assert opening.settle(now=NOW + DAY) == 0
        band_changes(of, "watch", "healthy", at=NOW + 2 * DAY)
        assert opening.settle(now=NOW + 2 * DAY) == 1
        assert Alert.objects.get().state == AlertState.RESOLVED


def test_who_flutters_is_one_alert_and_who_falls_again_much_later_another() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        at = NOW
        for _turn in range(3):
            band_changes(of, "healthy", "watch", at=at)
            band_changes(of, "watch", "healthy", at=at + DAY)
            opening.settle(now=at + DAY)
            at += 2 * DAY
        assert Alert.objects.count() == 1
        assert Alert.objects.get().round == 1
        band_changes(of, "healthy", "watch", at=at + 10 * DAY)
        assert Alert.objects.count() == 2


def test_a_risen_risk_says_the_levels_and_ends_when_it_is_back() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer(churn_risk=3_000)
        news("churn_risk.rose", of, {"from": "low", "to": "high", "probability": "0.3000", "horizon_days": 90})
        deliver()
        alert = Alert.objects.get()
        assert (alert.kind, alert.details["from"], alert.details["to"]) == (AlertKind.RISK_ROSE, "low", "high")
        stands(of, churn_risk=1_500)
        assert opening.settle(now=NOW + DAY) == 0
        stands(of, churn_risk=500)
        assert opening.settle(now=NOW + DAY) == 1


def test_a_known_band_that_becomes_unknown_is_lost_coverage_and_news_once() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer(coverage=30)
        band_changes(of, "watch", "unknown")
        deliver_again(workspace, NOW + DAY)
        assert Alert.objects.get().kind == AlertKind.COVERAGE_LOST
        payload = told(workspace, "health.coverage_lost")
        assert [each["coverage"] for each in payload] == [30]
        stands(of, band="watch")
        assert opening.settle(now=NOW + DAY) == 1


def test_what_ends_with_the_contract_is_no_alert_any_more() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        of = customer()
        band_changes(of, "healthy", "at_risk")
        Customer.objects.filter(pk=of.pk).update(contract_state="churned", churned_on=NOW.date())
        assert opening.settle(now=NOW + DAY) == 1


def test_one_that_falls_silent_among_others_is_told_once_and_not_again_while_it_lasts() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        quiet = customer("Quiet")
        used_on(workspace, quiet, range(12, 60))
        for name in ("Loud", "Louder"):
            used_on(workspace, customer(name), range(1, 60))
        assert silences.look(now=NOW) == 1
        assert silences.look(now=NOW + DAY) == 0
        (payload,) = told(workspace, "health.went_silent")
        assert payload["customer_id"] == str(quiet.pk)
        assert (payload["quiet_days"], payload["usual_days"]) == (11, 1.0)
        used_on(workspace, quiet, range(60))
        assert opening.settle(now=NOW + DAY) == 1


def test_when_everybody_is_silent_the_sender_is_and_nobody_is_alerted() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        for name in ("One", "Two", "Three"):
            used_on(workspace, customer(name), range(12, 60))
        assert silences.look(now=NOW) == 0
        assert not Alert.objects.exists()


def test_data_that_are_complete_only_to_a_day_say_nothing_of_later_ones() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        used_on(workspace, customer("Quiet"), range(12, 60))
        used_on(workspace, customer("Loud"), range(9, 60))
        assert silences.look(now=NOW, through=NOW.date() - 10 * DAY) == 0


def test_looking_for_silences_costs_the_same_queries_whatever_the_number_of_customers() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        used_on(workspace, customer("Loud"), range(1, 60))
        asked = []
        for number in range(20):
            used_on(workspace, customer(f"Often {number}"), range(9, 60, 9))
            with CaptureQueriesContext(connection) as queries:
                assert silences.look(now=NOW) == 0
            asked.append(len(queries))
        assert asked[0] == asked[-1]


def test_a_workspace_just_filled_begins_with_what_got_worse_within_the_week() -> None:
    workspace = factories.make_workspace()
    with workspace_scope(workspace):
        fell, steady, rose = customer("Fell", band="at_risk"), customer("Steady"), customer("Rose")
        for of, band in ((fell, "watch"), (steady, "healthy"), (rose, "watch")):
            was(of, band, NOW.date() - 9 * DAY)
        assert catching_up.catch_up(now=NOW) == 1
        assert catching_up.catch_up(now=NOW + DAY) == 0
        assert Alert.objects.get().details["to"] == "at_risk"


def test_playbooks_can_begin_with_silence_and_lost_coverage() -> None:
    for name in ("health.went_silent", "health.coverage_lost"):
        read = playbooks.read({"trigger": {"event": name}, "steps": [{"kind": "task", "title": "Call"}]})
        assert read.event == name


class AnyOrder(TestCase):
    """Whatever happens in whatever order, and however often it is delivered: never two alerts that are not over."""

    @settings(max_examples=25)
    @given(
        bands=st.lists(st.sampled_from(["healthy", "watch", "at_risk", "unknown"]), min_size=2, max_size=8),
        settled=st.sets(st.integers(0, 8)),
    )
    def test_one_episode_at_a_time(self, bands: list[str], settled: set[int]) -> None:
        workspace = factories.make_workspace()
        with workspace_scope(workspace):
            of = customer(band=bands[0])
            for number, (before, after) in enumerate(itertools.pairwise(bands)):
                at = NOW + number * DAY
                if before != after:
                    band_changes(of, before, after, at=at)
                if number in settled:
                    opening.settle(now=at)
            end = NOW + len(bands) * DAY
            opening.settle(now=end)
            before_again = list(Alert.objects.order_by("pk").values_list("pk", "state", "round"))
            deliver_again(workspace, end)
            assert list(Alert.objects.order_by("pk").values_list("pk", "state", "round")) == before_again
            live = Alert.objects.exclude(state=AlertState.RESOLVED)
            assert live.filter(kind=AlertKind.COVERAGE_LOST).exists() == (
                bands[-1] == "unknown" and len(set(bands)) > 1
            )
            assert live.filter(kind=AlertKind.BAND_FELL).count() <= 1
