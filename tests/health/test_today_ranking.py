"""Who needs us first: revenue at risk times urgency, and a place for the small."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from health.today import PLACES, Candidate, holder_of_reserved_place, needs_attention, rank, revenue_at_risk, urgency

TODAY = date(2026, 6, 16)


def candidate(number: int = 1, **told: object) -> Candidate:
    values: dict[str, object] = {
        "id": UUID(int=number),
        "arr_minor": 100_000_00,
        "band": "watch",
        "churn_risk": 500,
        "change": None,
        "notice_deadline": None,
        "renewal_on": None,
        **told,
    }
    return Candidate(**values)  # type: ignore[arg-type]  # keywords of several types


def test_the_band_speaks_where_the_risk_is_calmer() -> None:
    assert revenue_at_risk(candidate(band="at_risk", churn_risk=100)) == 30_000_00
    assert revenue_at_risk(candidate(band="healthy", churn_risk=6_200)) == 62_000_00


def test_urgency_grows_to_the_last_day_of_notice_and_with_a_fall() -> None:
    assert urgency(candidate(), TODAY) == 1
    assert urgency(candidate(notice_deadline=TODAY), TODAY) == 3
    assert urgency(candidate(notice_deadline=TODAY + timedelta(days=45)), TODAY) == 2
    assert urgency(candidate(renewal_on=TODAY), TODAY) == 3
    assert urgency(candidate(notice_deadline=TODAY + timedelta(days=200), renewal_on=TODAY), TODAY) == 1
    assert urgency(candidate(change=-500), TODAY) == 1.5


def test_the_healthy_and_unmoved_are_left_alone() -> None:
    assert not needs_attention(candidate(band="healthy", change=-200))
    assert needs_attention(candidate(band="healthy", change=-300))
    assert needs_attention(candidate(band="healthy", leaving=True))
    assert needs_attention(candidate(band="unknown"))


def test_a_small_account_keeps_the_last_place() -> None:
    large = [candidate(number, arr_minor=1_000_000_00 + number * 1_000) for number in range(1, 8)]
    small = candidate(50, arr_minor=9_400_00)
    ranked = rank([*large, small], TODAY, middle=500_000_00)
    assert len(ranked) == PLACES
    assert [each.candidate.id for each in ranked[:4]] == [UUID(int=n) for n in (7, 6, 5, 4)]
    assert ranked[4].candidate == small
    assert holder_of_reserved_place(ranked) == small.id


@given(
    st.lists(
        st.builds(
            candidate,
            st.integers(1, 10**6),
            arr_minor=st.integers(0, 10**12),
            band=st.sampled_from(["healthy", "watch", "at_risk", "unknown"]),
            churn_risk=st.none() | st.integers(0, 10_000),
            change=st.none() | st.integers(-10_000, 10_000),
            notice_deadline=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
        ),
        max_size=40,
    ),
    st.integers(0, 10**12),
)
def test_ranking_never_lists_twice_nor_prefers_less(candidates: list[Candidate], middle: int) -> None:
    ranked = rank(candidates, TODAY, middle=middle)
    ids = [each.candidate.id for each in ranked]
    assert len(ids) == len(set(ids)) <= PLACES
    assert all(1 <= each.urgency <= 4.5 for each in ranked)
    priorities = [each.priority for each in ranked[:-1]]
    assert priorities == sorted(priorities, reverse=True)
    assert all(needs_attention(each.candidate) for each in ranked)
