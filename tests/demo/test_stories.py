"""Every story does what its data says, as an importer would see it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from accounts.terms import Contract, Terms, contract_on
from tests.demo.conftest import END, Written


def ago(days: int) -> str:
    return (END - timedelta(days=days)).isoformat()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def contract_of(sherwood: Written, customer: str, day: date = END) -> Contract:
    """What the product makes of the subscriptions known by the end of `day`."""
    latest: dict[str, Terms] = {}
    for row in sherwood.of(sherwood.subscriptions, customer):
        if row["known_at"][:10] > day.isoformat():
            continue
        starts_on = _day(row["starts_on"])
        assert starts_on is not None
        latest[row["external_id"]] = Terms(
            starts_on=starts_on,
            arr_minor=int(row["arr"].replace(".", "")),
            billing_period_months=int(row["billing_period_months"]),
            ends_on=_day(row["ends_on"]),
            cancelled_on=_day(row["cancelled_on"]),
            renewal_on=_day(row["renewal_on"]),
            auto_renews=row["auto_renews"] == "true",
            notice_days=int(row["notice_days"]),
            seats=int(row["seats"]),
        )
    return contract_on(latest.values(), day, grace_days=30)


def recent(sherwood: Written, customer: str, days: int, *, skip: int = 0) -> float:
    """Events a day over `days` days that end `skip` days before the end."""
    per_day = sherwood.events_per_day(customer)
    stop = len(per_day) - skip
    return float(per_day[stop - days : stop].mean())


def active_share(sherwood: Written, customer: str) -> float:
    """Users active in the last 28 days per seat."""
    mine = (sherwood.events["customer_external_id"] == customer) & (
        sherwood.events["day"] > sherwood.data.simulation.window.last - 28
    )
    seats = contract_of(sherwood, customer).seats or 1
    return len(np.unique(sherwood.events["contact_external_id"][mine])) / seats


def test_slow_adoption_uses_few_seats_after_five_months(sherwood: Written) -> None:
    customer = sherwood.id("slow-adoption")
    assert contract_of(sherwood, customer).state == "active"
    assert active_share(sherwood, customer) < 0.35


def test_the_sponsor_who_left_is_a_later_version_of_the_same_contact(sherwood: Written) -> None:
    customer = sherwood.id("sponsor-left")
    versions = [row for row in sherwood.of(sherwood.contacts, customer) if row["role"] == "sponsor"]
    assert [(row["is_sponsor"], row["known_at"][:10]) for row in versions][1:] == [("false", ago(49))]
    assert versions[0]["is_sponsor"] == "true"
    assert versions[0]["external_id"] == versions[1]["external_id"]
    assert recent(sherwood, customer, 28) < 0.7 * recent(sherwood, customer, 28, skip=60)


def test_the_seasonal_user_sleeps_in_winter_and_renews(sherwood: Written) -> None:
    customer = sherwood.id("seasonal-user")
    per_day, window = sherwood.events_per_day(customer), sherwood.data.simulation.window
    months = np.array([window.date(day).month for day in range(window.days)])
    assert per_day[np.isin(months, (12, 1))].mean() < 0.15 * per_day[np.isin(months, (6, 7))].mean()
    assert len({row["external_id"] for row in sherwood.of(sherwood.subscriptions, customer)}) >= 3
    assert contract_of(sherwood, customer).state == "active"


def test_the_quiet_giant_pays_most_and_hardly_moves(sherwood: Written) -> None:
    customer = sherwood.id("quiet-giant")
    arr = {plan.external_id: contract_of(sherwood, plan.external_id).arr_minor for plan in sherwood.data.plans}
    assert max(arr, key=lambda key: arr[key]) == customer
    assert active_share(sherwood, customer) < 0.4
    assert recent(sherwood, customer, 28) == pytest.approx(recent(sherwood, customer, 28, skip=28), rel=0.2)


def test_the_healthy_looking_one_churned_all_the_same(sherwood: Written) -> None:
    customer = sherwood.id("healthy-but-churned")
    contract = contract_of(sherwood, customer)
    assert (contract.state, contract.churned_on) == ("churned", END - timedelta(days=36))
    assert contract_of(sherwood, customer, END - timedelta(days=105)).state == "active"
    assert contract_of(sherwood, customer, END - timedelta(days=104)).state == "notice_given"
    before, earlier = recent(sherwood, customer, 28, skip=105), recent(sherwood, customer, 28, skip=135)
    assert before > 0.8 * earlier
    last = sherwood.of(sherwood.customers, customer)[-1]
    assert (last["lifecycle_stage"], last["lost_to"]) == ("former", "competitor")


def test_the_expansion_star_buys_seats_in_mid_term(sherwood: Written) -> None:
    customer = sherwood.id("expansion-star")
    extra = [row for row in sherwood.of(sherwood.subscriptions, customer) if "extra seats" in row["product"]]
    assert len({row["external_id"] for row in extra}) == 2
    now, then = contract_of(sherwood, customer), contract_of(sherwood, customer, END - timedelta(days=400))
    assert now.arr_minor > 1.5 * then.arr_minor
    assert sherwood.of(sherwood.customers, customer)[-1]["stage"] == "advocacy"


def test_the_new_customer_has_open_invitations_and_first_users(sherwood: Written) -> None:
    customer = sherwood.id("new-in-onboarding")
    invited = [row["external_id"] for row in sherwood.of(sherwood.contacts, customer) if row["invited_at"]]
    seen = set(sherwood.events["contact_external_id"][sherwood.events["customer_external_id"] == customer])
    assert 0 < len(seen) < len(invited)
    assert sherwood.of(sherwood.customers, customer)[-1]["stage"] == "adoption"


def test_the_never_connected_one_pays_and_sends_nothing(sherwood: Written) -> None:
    customer = sherwood.id("never-connected")
    assert contract_of(sherwood, customer).state == "active"
    assert not sherwood.events_per_day(customer).any()


@pytest.mark.parametrize(
    ("story", "state"), [("notice-given", "notice_given"), ("in-grace", "in_grace"), ("early-termination", "churned")]
)
def test_states_of_the_contract(sherwood: Written, story: str, state: str) -> None:
    assert contract_of(sherwood, sherwood.id(story)).state == state


def test_an_early_termination_is_not_known_before(sherwood: Written) -> None:
    customer = sherwood.id("early-termination")
    before = contract_of(sherwood, customer, END - timedelta(days=131))
    assert before.state == "active"
    assert before.renewal_on is not None
    assert before.renewal_on > END
    assert contract_of(sherwood, customer).churned_on == END - timedelta(days=128)


def test_notice_deadlines_fall_within_the_next_weeks(sherwood: Written) -> None:
    for customer in sherwood.ids("deadline-soon"):
        deadline = contract_of(sherwood, customer).notice_deadline
        assert deadline is not None
        assert timedelta(days=3) <= deadline - END <= timedelta(days=27)
        assert recent(sherwood, customer, 28) < 0.85 * recent(sherwood, customer, 28, skip=62)
    assert len(sherwood.ids("deadline-soon")) == 4


def test_an_outage_is_a_gap_and_not_a_fall(sherwood: Written) -> None:
    per_day = sherwood.events_per_day(sherwood.id("sender-outage"))
    last = len(per_day) - 1
    assert not per_day[last - 33 : last - 24].any()
    assert per_day[last - 14 :].mean() > 0.8 * per_day[last - 70 : last - 40].mean()


def test_the_returned_one_left_and_came_back(sherwood: Written) -> None:
    customer = sherwood.id("returned")
    assert contract_of(sherwood, customer, END - timedelta(days=200)).state == "churned"
    assert contract_of(sherwood, customer).state == "active"
    per_day = sherwood.events_per_day(customer)
    assert not per_day[len(per_day) - 295 : len(per_day) - 112].any()
    assert per_day[-60:].any()


def test_groups_and_referrals(sherwood: Written) -> None:
    parent, star = sherwood.id("group-parent"), sherwood.id("expansion-star")
    for story, column, target in (
        ("group-subsidiary", "parent_external_id", parent),
        ("referred", "referred_by_external_id", star),
    ):
        for customer in sherwood.ids(story):
            assert {row[column] for row in sherwood.of(sherwood.customers, customer)} == {target}


@pytest.mark.parametrize("stage", ["awareness", "consideration", "trial", "decision"])
def test_prospects_have_a_value_and_no_contract(sherwood: Written, stage: str) -> None:
    for customer in sherwood.ids(f"prospect-{stage}"):
        last = sherwood.of(sherwood.customers, customer)[-1]
        assert last["stage"] == stage
        assert float(last["expected_arr"]) > 0
        assert contract_of(sherwood, customer).state == "none"
        assert bool(sherwood.events_per_day(customer).any()) == (stage in ("trial", "decision"))


def test_the_hospitality_shock_hits_hotels_and_nobody_else(sherwood: Written) -> None:
    def change(industry: str) -> float:
        after = before = 0.0
        for plan in sherwood.data.plans:
            steady = (
                plan.contract_day is not None and plan.contract_day < plan.window.last - 200 and plan.left_on is None
            )
            if steady and plan.company.industry["name"] == industry:
                after += recent(sherwood, plan.external_id, 28, skip=28)
                before += recent(sherwood, plan.external_id, 28, skip=72)
        return after / before

    assert change("Hospitality") < 0.75
    assert change("Wholesale") > 0.85


def test_every_story_of_the_data_is_told(sherwood: Written) -> None:
    for story in sherwood.data.simulation.catalogue.stories:
        assert len(sherwood.ids(story.key)) == story.count
