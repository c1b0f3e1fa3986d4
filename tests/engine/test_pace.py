"""How fast a box is polled, and when it is called stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.engine.draining import Draining
from postroom.engine.pace import FIRST_A_SECOND, first_wait, next_wait


def test_mails_make_the_next_poll_come_sooner_and_none_make_it_come_later() -> None:
    waits = [30.0]
    for taken in (5, 5, 5, *[0] * 12):
        waits.append(next_wait(waits[-1], taken, 5.0, 60.0))
    assert waits[1:4] == [15.0, 7.5, 5.0]
    assert waits[-1] == 60.0
    assert sorted(waits[3:]) == waits[3:]


@given(st.floats(0.1, 86_400), st.integers(0, 9), st.floats(0.1, 10), st.floats(10, 86_400))
def test_the_wait_is_always_within_its_bounds(last: float, taken: int, shortest: float, longest: float) -> None:
    assert shortest <= next_wait(last, taken, shortest, longest) <= longest
    assert next_wait(last, taken, 30.0, 30.0) == 30.0


def test_many_gateways_are_spread_over_their_first_seconds_each_always_at_the_same() -> None:
    names = [f"acme/box{number}" for number in range(2_000)]
    waits = [first_wait(name, len(names), 60.0) for name in names]
    assert waits == [first_wait(name, len(names), 60.0) for name in names]
    a_second = [sum(second <= wait < second + 1 for wait in waits) for second in range(10)]
    assert sum(a_second) == len(names)
    assert max(a_second) < 1.25 * FIRST_A_SECOND


def test_one_that_is_alone_polls_at_once_and_nobody_waits_longer_than_between_two_polls() -> None:
    assert first_wait("acme/in", 1, 60.0) == 0.0
    assert all(first_wait(f"acme/box{number}", 10**6, 5.0) < 5.0 for number in range(100))


@pytest.mark.parametrize(
    ("polls", "words"),
    [
        ([(3, 0, 0)], ""),
        ([(3, 0, 0), (3, 0, 899), (3, 0, 899.5)], ""),
        ([(3, 0, 0), (3, 0, 900)], ""),
        ([(3, 0, 0), (3, 0, 30), (3, 0, 900)], "3 mails are listed, and for 15 minutes none could be taken in"),
        ([(1, 0, 0), (1, 0, 30), (1, 0, 1800)], "1 mail is listed, and for 30 minutes none could be taken in"),
        ([(3, 0, 0), (3, 1, 30), (3, 0, 60), (3, 0, 900)], ""),
        ([(3, 0, 0), (0, 0, 30), (3, 0, 60), (3, 0, 900)], ""),
        ([(0, 0, 0), (0, 0, 1000), (0, 0, 2000)], ""),
    ],
)
def test_a_box_is_stuck_when_mails_wait_for_a_quarter_of_an_hour_and_none_comes(
    polls: list[tuple[int, int, float]], words: str
) -> None:
    draining = Draining()
    for left, taken, now in polls:
        draining = draining.polled(left, taken, now)
    assert draining.words(polls[-1][0], polls[-1][2]) == words
