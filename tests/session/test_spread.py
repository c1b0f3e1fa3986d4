"""Percentiles of how long some things took."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.session.spread import Spread, spread


def test_of_nothing_nothing_is_said() -> None:
    assert spread([]) == Spread(p50=None, p90=None, p99=None)


def test_half_nine_of_ten_and_nearly_all_took_no_longer() -> None:
    assert spread([*range(100)]) == Spread(p50=50, p90=90, p99=99)
    assert spread([7.5]) == Spread(p50=7.5, p90=7.5, p99=7.5)


@given(st.lists(st.floats(min_value=0, max_value=1e9) | st.integers(0, 9).map(float), min_size=1))
def test_it_is_the_value_at_that_place_of_the_ordered_list_however_many_are_equal(seconds: list[float]) -> None:
    found, ordered = spread(seconds), sorted(seconds)
    places = [min(int(share * len(ordered)), len(ordered) - 1) for share in (0.5, 0.9, 0.99)]
    assert (found.p50, found.p90, found.p99) == tuple(ordered[place] for place in places)
