"""Who changes band, and the ARR that goes with them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from health.lab.movement import BANDS, movement

ROWS = st.lists(
    st.tuples(
        st.sampled_from([*BANDS, "not_applicable"]),
        st.sampled_from([*BANDS, "not_applicable"]),
        st.integers(0, 10**12),
    )
)


@given(ROWS)
def test_flows_hold_every_customer_whose_health_is_a_question(rows: list[tuple[str, str, int]]) -> None:
    before, after = [row[0] for row in rows], [row[1] for row in rows]
    arr = [row[2] for row in rows]
    found = movement(before, after, np.array(arr, dtype=np.int64))
    counted = [row for row in rows if "not_applicable" not in row]
    assert {(f.before, f.after): f.customers for f in found.flows} == Counter(row[:2] for row in counted)
    assert sum(f.arr_minor for f in found.flows) == sum(row[2] for row in counted)
    assert found.customers == len(counted)
    moved = [rows[place] for place in found.moved.tolist()]
    assert sorted(moved) == sorted(row for row in counted if row[0] != row[1])
    assert [row[2] for row in moved] == sorted((row[2] for row in moved), reverse=True)
