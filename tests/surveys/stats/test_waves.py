"""One wave against the one before."""

from __future__ import annotations

import pytest

from surveys.stats.contrasts import Counted
from surveys.stats.waves import changes
from tests.surveys.stats.makers import ballots

EARLIER = ballots(*["a"] * 30, *["b"] * 60, *["c"] * 10, options="abc")
NOW = ballots(*["a"] * 60, *["b"] * 61, *["d"] * 20, options="abd")


def test_only_the_same_wording_is_compared() -> None:
    found = changes(NOW, EARLIER, same_wording={"b": "b", "a": "a"})
    assert [(each.option, each.earlier_option) for each in found] == [("a", "a"), ("b", "b")]
    rise, fall = (each.contrast for each in found)
    assert (rise.this, rise.other) == (Counted(60, 141), Counted(30, 100))
    assert rise.difference == pytest.approx(60 / 141 - 0.3)
    assert fall.difference < 0
    assert fall.clear
    assert not rise.clear  # 43 % after 30 % has a chance of 0.0508 among so few


def test_an_option_may_have_had_another_key() -> None:
    (found,) = changes(NOW, EARLIER, same_wording={"d": "c"})
    assert (found.option, found.earlier_option, found.contrast.this) == ("d", "c", Counted(20, 141))


def test_nothing_comparable_is_no_change_at_all() -> None:
    assert changes(NOW, EARLIER, same_wording={}) == ()


@pytest.mark.parametrize("mapping", [{"c": "c"}, {"a": "d"}])
def test_an_option_that_is_not_there_is_refused(mapping: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="No such option to compare"):
        changes(NOW, EARLIER, same_wording=mapping)


def test_an_empty_wave_changes_nothing_clearly() -> None:
    empty = ballots(options="abc")
    for found in (*changes(NOW, empty, same_wording={"a": "a"}), *changes(empty, NOW, same_wording={"a": "a"})):
        assert not found.contrast.clear
        assert (found.contrast.interval.low, found.contrast.interval.high) == (-1.0, 1.0)
