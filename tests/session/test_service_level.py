"""First replies within the time that a queue sets itself, by either clock."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.policy import Policy, QueuePolicy
from postroom.session.service_level import is_in_time
from tests.session.making import HOURS, minutes, new_session

EVENING = minutes(7 * 60)
"""An hour before the channel closes."""


@pytest.mark.parametrize(
    ("in_work_time", "after", "expected"),
    [(True, 60, True), (True, 15 * 60, True), (True, 16 * 60 + 1, False), (False, 120, True), (False, 121, False)],
)
def test_a_night_counts_only_on_the_clock_of_the_wall(in_work_time: bool, after: int, expected: bool) -> None:
    rules = QueuePolicy(first_response_within=7200.0, in_work_time=in_work_time)
    policy = Policy(generation=1, queue="q", queues={"q": rules}, hours=HOURS)
    session = replace(new_session(), queue="q", opened_at=EVENING)
    assert is_in_time(session, minutes(7 * 60 + after), policy) is expected
