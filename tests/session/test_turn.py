"""Whose turn it is: priority, then age, and waiting makes up for priority."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postroom.session.policy import Policy, QueuePolicy
from postroom.session.state import Session
from postroom.session.turn import turn_at
from tests.session.making import NOW, minutes, new_session

AGEING = 600.0
RULES = Policy(generation=1, queue="q", queues={"q": QueuePolicy(ageing=AGEING)})


def waits(since: float, priority: int) -> Session:
    return replace(new_session(), queue="q", queued_at=minutes(since), priority=priority)


def test_who_does_not_wait_has_no_turn() -> None:
    assert turn_at(new_session(), RULES) is None


def test_a_point_of_priority_is_worth_as_much_age_as_the_queue_says() -> None:
    assert turn_at(waits(0, 3), RULES) == NOW - timedelta(seconds=3 * AGEING)


def test_a_queue_that_is_gone_ages_as_usual() -> None:
    assert turn_at(replace(waits(0, 2), queue="gone"), RULES) == minutes(-60)


@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 100), st.integers(0, 100), st.integers(900, 2_000))
def test_the_order_is_that_of_priority_plus_points_of_age_at_any_time(
    one: int, other: int, more: int, less: int, now: int
) -> None:
    turns = [turn_at(waits(one, more), RULES), turn_at(waits(other, less), RULES)]
    points = [more * 10 + (now - one), less * 10 + (now - other)]
    assert turns[0] is not None
    assert turns[1] is not None
    assert (turns[0] < turns[1], turns[0] == turns[1]) == (points[0] > points[1], points[0] == points[1])


@given(st.integers(0, 900), st.integers(1, 900), st.integers(0, 100))
def test_nobody_is_passed_over_for_a_younger_mail_of_equal_priority(since: int, later: int, priority: int) -> None:
    older, younger = turn_at(waits(since, priority), RULES), turn_at(waits(since + later, priority), RULES)
    assert older is not None
    assert younger is not None
    assert older < younger
